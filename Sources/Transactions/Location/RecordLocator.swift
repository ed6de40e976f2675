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
    /// Asked as `locate` has it. What a peer asks is answered by this node alone (T17).
    package func locateDocuments(
        of patient: PatientID, matching query: DocumentQuery, _ locating: Locating = Locating(),
        for context: AccessContext,
    ) async throws(ExchangeError) -> FoundDocuments {
        try Permissions.findDocuments.demand(context)
        guard context.door != .peer else { return try await findDocuments(of: patient, matching: query, for: context) }
        let started = world.uptime()
        let located = try await locate(.documents(query), of: patient, locating, transaction: "ITI-67", for: context) {
            try await projection.facts(about: patient, matching: query)
        }
        guard let located else {
            return FoundDocuments(rows: [], receipt: CompletenessReceipt([ownAnswer(count: 0, since: started)]), ticket: nil)
        }
        let own = located.disclosure.documents
        let merged = MergedRecord(
            own: own, others: located.answers.flatMap(\.documents), base: settings.clientBase, patient: patient)
        return FoundDocuments(
            rows: merged.rows,
            receipt: try receipt(of: located, own: own.count, over: merged.rows.map(\.reference), .documents, for: context),
            ticket: located.disclosure.ticket, search: located.going)
    }

    /// A question across communities: what this node shows and what every other community said.
    ///
    /// Every community of the directory gets its line in the receipt (promise 3). The question is journaled before it is
    /// asked, because it discloses demographics; the answer before it is given. Only clients' questions go out.
    ///
    /// The requester waits until the context's deadline; communities are asked until `locateSecondsMax` have passed. What
    /// comes in between is there for whoever goes on with the search. It is not kept any longer: the communities that
    /// showed something were told until when it may be passed on, and a refusal waits for that moment (promise 2).
    ///
    /// - Parameter own: the facts of this node that the question is about, read anew when consent has moved.
    /// - Returns: nil for a patient whom this node does not know.
    func locate(
        _ asked: RecordSearch.Asked, of patient: PatientID, _ locating: Locating, transaction: String,
        for context: AccessContext, own: () async throws -> PatientFacts,
    ) async throws(ExchangeError) -> Located? {
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
        var seen = 0
        var lines: [CommunityAnswer] = []
        var found: [RecordSearch.Answer] = []
        let disclosure = try await disclose(
            for: context, transaction: transaction, records: \.consent.records,
            communities: { lines.map { "\($0.community.urn) \($0.word)" } }
        ) {
            // Consent as it is known before the others are asked: when one of them sends word of a refusal meanwhile, what
            // it showed before does not hold any more, and all are asked again.
            if attempt > 0, let stale = search { searches.drop(stale) }
            (found, lines) = ([], [])
            let question = question(asked, locating, of: patient, for: context)
            let known = attempt == 0 ? resumed(locating, question) : nil
            attempt += 1
            if let known {
                search = known
            } else {
                search = try await begin(question, locating, for: context)
            }
            var position = UInt64.max
            if let search {
                seen = await wait(search, known == nil ? nil : locating.resuming, for: context)
                (found, lines) = search.answers(first: seen, at: world.uptime())
                position = search.position
            }
            let facts = try await own()
            return facts.with(wantsOwn ? facts.documents : [], at: min(position, facts.position))
        }
        guard let disclosure else { return nil }
        return Located(
            disclosure: disclosure, answers: found, lines: lines, search: search, seen: seen, wantsOwn: wantsOwn,
            reach: locating.reach, started: started)
    }

    /// The receipt of a question, signed where others were asked; ends the answer's ticket when it throws.
    ///
    /// - Parameters:
    ///   - own: how much of the answer is this node's own.
    ///   - references: the whole answer as it is shown, in its order.
    func receipt(
        of located: Located, own: Int, over references: [[UInt8]], _ subject: CommunityAnswer.Subject,
        for context: AccessContext,
    ) throws(ExchangeError) -> CompletenessReceipt {
        let line =
            located.wantsOwn
            ? ownAnswer(count: own, since: located.started)
            : CommunityAnswer(
                community: settings.community, name: settings.name, state: .skipped(.notNamed), elapsed: .zero)
        var receipt = CompletenessReceipt(located.lines + [line], about: subject)
        guard let search = located.search else { return receipt }
        do throws(ExchangeError) {
            receipt.signed = try ReceiptToken.sign(
                receipt, over: references, of: subject, asker: settings.community, context: context,
                scope: located.reach ?? "named", directory: search.directory, begun: search.begun, now: world.now(),
                key: directory.signingKey)
        } catch {
            located.disclosure.ticket.end()
            throw error
        }
        return receipt
    }

    /// The search that the requester goes on with, if it may and there is time left in which what it holds may be shown.
    private func resumed(_ locating: Locating, _ question: RecordSearch.Question) -> RecordSearch? {
        locating.resuming.flatMap { searches.resume($0.token, question, now: world.uptime()) }
    }

    private func question(
        _ asked: RecordSearch.Asked, _ locating: Locating, of patient: PatientID, for context: AccessContext,
    ) -> RecordSearch.Question {
        RecordSearch.Question(
            user: context.user, organization: context.organization, role: context.role, purpose: context.purpose,
            reason: context.reason, patient: patient, asked: asked, only: locating.only, scope: locating.scope)
    }

    /// Plans a search, writes down that others are about to be asked, and begins it; nil when there is nobody to ask, or
    /// no such patient.
    private func begin(_ question: RecordSearch.Question, _ locating: Locating, for context: AccessContext)
        async throws -> RecordSearch?
    {
        let patient = question.patient
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
            question: question, person: person,
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
}

/// A question across communities as far as it is answered.
struct Located {
    /// What this node shows, and that it was written down.
    let disclosure: Disclosure
    /// What others have shown, in the order it came.
    let answers: [RecordSearch.Answer]
    /// What each of them said.
    let lines: [CommunityAnswer]
    /// The search; nil when there was nobody to ask.
    let search: RecordSearch?
    /// How many of its answers these are.
    let seen: Int
    /// Whether this node's own were asked for.
    let wantsOwn: Bool
    /// How far the question went; nil for one to communities that were named.
    let reach: String?
    let started: Duration

    /// How to go on.
    var going: FoundDocuments.Search? {
        search.map { .init(token: $0.token, seen: seen, isOver: seen >= $0.peers.count) }
    }
}
