import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import PatientIndex
import RecordLocation
import XDSMetadata

/// How a requester wants a question across communities asked.
package struct Locating: Hashable, Sendable {
    /// Ask only these communities; nil asks whomever the scope reaches.
    package var only: Set<CommunityID>?
    /// How far the question goes.
    package var scope = AskingScope.region
    /// The search to go on with, when there is one.
    package var resuming: Resumption?

    /// Going on with a search that was begun before.
    package struct Resumption: Hashable, Sendable {
        /// Its name, as `FoundDocuments.search` gave it.
        package let token: String
        /// How many communities' answers the requester has seen.
        package let seen: Int
        /// Whether it wants the same answers again, for another page of the list, or what has come since.
        package let isPaging: Bool

        /// A search and how it is gone on with.
        package init(token: String, seen: Int, isPaging: Bool) {
            self.token = token
            self.seen = seen
            self.isPaging = isPaging
        }
    }

    /// How far the question goes, as it is written down; nil for one to communities that were named.
    var reach: String? { only == nil ? scope.rawValue : nil }

    /// The defaults: this node's region, from the beginning.
    package init() {}

    /// Ask only these communities; nil asks whomever the scope reaches.
    package init(only: Set<CommunityID>?) { self.only = only }
}

extension Exchange {
    /// ITI-67 across communities: this node's documents and those every other community shows, in one list.
    ///
    /// Every community of the directory gets its line in the receipt (promise 3). The question is journaled before it is
    /// asked, because it discloses demographics; the answer before it is given. Only clients' questions go out: what a
    /// peer asks is answered by this node alone (T17).
    ///
    /// The requester waits until the context's deadline; communities are asked until `locateSecondsMax` have passed. What
    /// comes in between is there for whoever goes on with the search. It is not kept any longer: the communities that
    /// showed something were told until when it may be passed on, and a refusal waits for that moment (promise 2).
    package func locateDocuments(
        of patient: PatientID, matching query: DocumentQuery, _ locating: Locating = Locating(),
        for context: AccessContext,
    ) async throws(ExchangeError) -> FoundDocuments {
        try Permissions.findDocuments.demand(context)
        guard context.door != .peer else { return try await findDocuments(of: patient, matching: query, for: context) }
        let asker = "\(context.user) \(context.organization)"
        // What cannot be answered in time is refused at once, so that what is begun is answered in time.
        guard searches.with({ $0.shares.enter(asker) }) else {
            throw ExchangeError(
                .unavailable, "XDSRegistryBusy: too many questions across communities are under way; ask again in a moment")
        }
        defer { searches.with { $0.shares.leave(asker) } }
        let started = world.uptime()
        let wantsOwn = locating.only?.contains(settings.community) ?? true
        var search: RecordSearch?
        var attempt = 0
        var shown = 0
        var lines: [CommunityAnswer] = []
        var found: [DocumentEntry] = []
        let disclosure = try await disclose(
            for: context, transaction: "ITI-67", records: \.consent.records,
            communities: { lines.map { "\($0.community.urn) \($0.word)" } }
        ) {
            // Consent as it is known before the others are asked: when one of them sends word of a refusal meanwhile, what
            // it showed before does not hold any more, and all are asked again.
            if attempt > 0, let stale = search { searches.drop(stale) }
            let known = attempt == 0 ? resumed(locating, of: patient, matching: query, for: context) : nil
            attempt += 1
            if let known {
                search = known
            } else {
                search = try await begin(locating, of: patient, matching: query, for: context)
            }
            var position = UInt64.max
            if let search {
                shown = await wait(search, known == nil ? nil : locating.resuming, for: context)
                let (answers, all) = search.answers(first: shown, at: world.uptime())
                lines = all
                found = answers.flatMap(\.documents)
                position = search.position
            }
            let facts = try await projection.facts(about: patient, matching: query)
            return facts.with(wantsOwn ? facts.documents : [], at: min(position, facts.position))
        }
        guard let disclosure else { return nobody(since: started) }
        let own = disclosure.documents
        let merged = MergedRecord(own: own, others: found, base: settings.clientBase, patient: patient)
        var receipt = CompletenessReceipt(
            lines + [
                wantsOwn
                    ? ownAnswer(count: own.count, since: started)
                    : CommunityAnswer(
                        community: settings.community, name: settings.name, state: .skipped(.notNamed), elapsed: .zero)
            ])
        guard let search else {
            return FoundDocuments(rows: merged.rows, receipt: receipt, ticket: disclosure.ticket)
        }
        do throws(ExchangeError) {
            receipt.signed = try ReceiptToken.sign(
                receipt, over: merged.rows, asker: settings.community, context: context,
                scope: locating.reach ?? "named", directory: search.directory, begun: search.begun, now: world.now(),
                key: directory.signingKey)
        } catch {
            disclosure.ticket.end()
            throw error
        }
        return FoundDocuments(
            rows: merged.rows, receipt: receipt, ticket: disclosure.ticket,
            search: .init(token: search.token, seen: shown, isOver: shown >= search.peers.count))
    }

    /// The search that the requester goes on with, if it may and there is time left in which what it holds may be shown.
    private func resumed(
        _ locating: Locating, of patient: PatientID, matching query: DocumentQuery, for context: AccessContext,
    ) -> RecordSearch? {
        guard let resumption = locating.resuming else { return nil }
        return searches.resume(
            resumption.token, question(locating, of: patient, matching: query, for: context), now: world.uptime())
    }

    private func question(
        _ locating: Locating, of patient: PatientID, matching query: DocumentQuery, for context: AccessContext,
    ) -> RecordSearch.Question {
        RecordSearch.Question(
            user: context.user, organization: context.organization, role: context.role, purpose: context.purpose,
            reason: context.reason, patient: patient, query: query, only: locating.only, scope: locating.scope)
    }

    /// Plans a search, writes down that others are about to be asked, and begins it; nil when there is nobody to ask, or
    /// no such patient.
    private func begin(
        _ locating: Locating, of patient: PatientID, matching query: DocumentQuery, for context: AccessContext,
    ) async throws -> RecordSearch? {
        let position = try await projection.directives(of: patient).position
        guard let person = try await projection.patient(patient) else { return nil }
        let (peers, unasked) = try await candidates(locating, for: person)
        guard !peers.isEmpty || !unasked.isEmpty else { return nil }
        let started = world.uptime()
        if !peers.isEmpty {
            let inquiry = InquiryRecord(
                transaction: "ITI-119", context: context, asked: peers.map(\.community), scope: locating.reach)
            _ = try await journal.append(EntryDraft(kind: .inquiry, subject: patient, payload: inquiry.payload))
        }
        let askedUntil = started + .seconds(settings.limits.locateSecondsMax)
        let search = RecordSearch(
            token: Hexadecimal.encode(world.randomBytes(16)),
            question: question(locating, of: patient, matching: query, for: context), person: person,
            // Where nobody conducts searches beside the requests, this one ends with its request.
            context: context.asked(until: searches.isRunning ? askedUntil : min(askedUntil, context.deadline)),
            position: position, begun: world.now(), started: started, peers: peers, unasked: unasked,
            directory: directory.rootText(at: world.now()))
        searches.keep(search, now: started)
        if !searches.hand(search) { await conduct(search) }
        return search
    }

    /// Waits for a search as long as its requester does; how many answers to show.
    private func wait(_ search: RecordSearch, _ resumption: Locating.Resumption?, for context: AccessContext) async -> Int {
        if let resumption, resumption.isPaging { return min(resumption.seen, search.progress.answered) }
        await search.wait(
            beyond: resumption?.seen ?? .max, until: min(context.deadline, search.context.deadline), world: world)
        return search.progress.answered
    }

    /// The answer about a patient whom this node does not know: nothing, and this node's own line.
    private func nobody(since started: Duration) -> FoundDocuments {
        FoundDocuments(rows: [], receipt: CompletenessReceipt([ownAnswer(count: 0, since: started)]), ticket: nil)
    }
}
