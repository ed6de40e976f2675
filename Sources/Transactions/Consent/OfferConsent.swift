import ConsentEngine
import ExchangeCore
import FHIRModel
import Journal
import Logging
import PatientIndex
import Trust

extension Exchange {
    /// Statements in one answer to a community that asks what waits for it.
    private static let statementsPerAnswerMax = 16
    /// Directives read from the projection at once.
    private static let scanMax = 256

    /// Offers what is recorded here to every community of the directory, and fetches what they have; until cancelled.
    ///
    /// What was recorded is offered at once; who cannot be reached is tried again, at once when it is heard of.
    package func followPatients() async {
        following.setRunning(true)
        defer { following.setRunning(false) }
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await world.sleep(.seconds(5))) != nil { following.ring() }
            }
            following.ring()
            for await _ in following.alarm {
                let (due, aging) = await dueNow()
                for peer in due { group.addTask { await self.serve(peer) } }
                for peer in aging { group.addTask { await self.refresh(peer) } }
            }
            group.cancelAll()
        }
    }

    /// How the newest version of a directive stands at every other community of the directory, in their order.
    package func standings(of directive: DirectiveID) async throws(ExchangeError) -> [ConsentStanding] {
        guard let newest = try await versions(of: directive).first, newest.directive.origin == nil else { return [] }
        let deliveries = try await read { try await projection.deliveries(of: directive) }
        let neighbours = directory.neighbours(at: world.now())
        return neighbours.filter { $0.community != settings.community }.map { neighbour in
            let (community, name, node) = (neighbour.community, neighbour.name, neighbour.node)
            let last = deliveries.first { $0.community == community }
            let state: ConsentStanding.State
            if let last, last.version >= newest.number {
                state =
                    switch last.outcome {
                    case .inForce: .inForce(since: last.since ?? last.signed, remark: last.reason)
                    case .refused: .refused(last.reason ?? "no reason was given")
                    case .none: .none
                    }
            } else {
                let failure = following.with { $0.agenda.reason(community) }
                let unlisted = node == nil ? "the directory names no address for it now" : nil
                state = .pending(failure ?? unlisted ?? "on its way")
            }
            let earlier = last.flatMap { $0.version < newest.number && $0.outcome == .inForce ? $0.version : nil }
            return ConsentStanding(community: community, name: name, state: state, earlier: earlier)
        }
    }

    /// The statements that wait for a community which asks (POST `/consent-statements/pending`); empty when none does.
    ///
    /// - Parameter receipts: what it says of those it got with its last question.
    package func pendingStatements(receipts: [String], for context: AccessContext) async throws(ExchangeError)
        -> [String]
    {
        let community = context.community
        for receipt in receipts.prefix(Self.statementsPerAnswerMax) { try await take(receipt, from: community) }
        following.with { $0.agenda.meet([community]) }
        for _ in 0..<64 {
            let items = following.with { $0.agenda.waiting(for: community, limit: Self.statementsPerAnswerMax) }
            guard let items else {
                try await scan(for: community)
                continue
            }
            guard !items.isEmpty else { return [] }
            var statements: [String] = []
            for item in items {
                guard let (token, version) = try await statement(item.directive, to: community) else {
                    following.with { $0.agenda.done(item, at: community) }
                    continue
                }
                following.with {
                    $0.agenda.offered(.init(item: item, version: version), as: token.hash, to: community)
                }
                statements.append(token.compact)
                // One large directive an answer, many small ones.
                if statements.reduce(0, { $0 + $1.utf8.count }) > TokenType.statement.bytesMax { break }
            }
            if !statements.isEmpty { return statements }
        }
        throw ExchangeError(.unavailable, "the statements for this community cannot be found in time; ask again")
    }

    /// Who has something to be offered now, and with whom contact is growing old.
    private func dueNow() async -> (due: [PeerNode], aging: [PeerNode]) {
        await resolveAsked()
        let peers = directory.peers(at: world.now()).filter { $0.community != settings.community }
        let now = world.uptime()
        let (due, aging) = following.with { state in
            let communities = peers.map(\.community)
            state.agenda.meet(communities)
            return (
                Set(state.agenda.take(communities, now: now)), Set(state.contacts.aging(communities, now: now))
            )
        }
        return (peers.filter { due.contains($0.community) }, peers.filter { aging.contains($0.community) })
    }

    /// Directives of patients that a community asked about, which found nobody there before.
    private func resolveAsked() async {
        let asked = following.with { state in
            defer { state.asked = [] }
            return state.asked
        }
        for (community, patient) in asked {
            guard let consents = try? await projection.consents(of: patient).versions else { continue }
            for version in consents where version.directive.origin == nil {
                guard let deliveries = try? await projection.deliveries(of: version.id) else { continue }
                let last = deliveries.first { $0.community == community }
                guard last?.settles(version.number) != true else { continue }
                following.with { $0.agenda.enqueue(version.id, for: community) }
            }
        }
    }

    /// Offers one community what waits for it, until nothing does or an attempt fails.
    private func serve(_ peer: PeerNode) async {
        do throws(ExchangeError) {
            while let step = following.with({ $0.agenda.step(peer.community) }) {
                switch step {
                case .scan: try await scan(for: peer.community)
                case .offer(let item): try await offer(item, to: peer)
                }
            }
            following.with { $0.agenda.rest(peer.community) }
        } catch {
            logger.info(
                "a consent statement waits",
                metadata: ["peer.community": "\(peer.community)", "error": "\(error.message)"])
            var random = world.random
            let now = world.uptime()
            let pause = following.with { state in
                state.contacts.lost(peer.community)
                state.disquiet()
                return state.agenda.failed(peer.community, because: error.message, now: now, using: &random)
            }
            guard (try? await world.sleep(pause)) != nil else { return }
            following.ring()
        }
    }

    private static func words(_ error: ExchangeError) -> String {
        switch error.code {
        case .unavailable: "it cannot be reached"
        case .timeout: "it does not answer in time"
        case .notFound: "its node takes no consent statements"
        case .badRequest, .unauthenticated, .forbidden, .conflict, .gone, .tooLarge, .corrupted, .unknownPatient, .internal:
            error.message
        }
    }

    private func offer(_ item: DeliveryAgenda.Item, to peer: PeerNode) async throws(ExchangeError) {
        guard let (token, version) = try await statement(item.directive, to: peer.community) else {
            following.with { $0.agenda.done(item, at: peer.community) }
            return
        }
        let answer: String
        do throws(ExchangeError) {
            answer = try await peers.offer(token.compact, to: peer, for: nodeContext(within: .seconds(5)))
        } catch {
            throw ExchangeError(error.code, Self.words(error))
        }
        try await take(answer, from: peer.community, about: .init(item: item, version: version), as: token.hash)
    }

    private func scan(for community: CommunityID) async throws(ExchangeError) {
        let before = world.now() - .seconds(settings.limits.consentReofferSeconds)
        let found = try await read {
            try await projection.undelivered(to: community, settledBefore: before, limit: Self.scanMax)
        }
        let now = world.uptime()
        following.with {
            $0.agenda.scanned(community, found: found, isWhole: found.count < Self.scanMax, now: now)
        }
    }

    /// The newest version of a directive as a statement to one community; nil when there is nothing to be said.
    ///
    /// A statement discloses what a question across communities does, so the intent stands in the journal before it.
    private func statement(_ directive: DirectiveID, to community: CommunityID) async throws(ExchangeError)
        -> (token: SignedToken, version: Int)?
    {
        guard let newest = try await versions(of: directive).first, newest.directive.origin == nil,
            let patient = try await read({ try await projection.patient(newest.directive.patient) }),
            try await read({ try await projection.deliveries(of: directive) })
                .first(where: { $0.community == community })?.settles(newest.number) != true
        else { return nil }
        let announcement = ConsentFollowing.Announcement(
            directive: directive, version: newest.number, community: community)
        if following.announce(announcement) {
            let inquiry = InquiryRecord(
                transaction: "consent statement", context: nodeContext(within: .zero), asked: [community])
            _ = try await journal.append(EntryDraft(kind: .inquiry, subject: patient.id, payload: inquiry.payload))
        }
        let statement = ConsentStatement(
            issuer: settings.community, audience: community, issued: world.now(), directive: directive,
            version: newest.number, consent: PortableConsent.leaving(try newest.json, patient: patient.id),
            subject: PatientMapping.resource(identifiers: patient.identifiers, demographics: patient.demographics))
        return (try statement.signed(with: directory.signingKey), newest.number)
    }

    /// Takes the receipt of a statement given in answer to a community's question; what is not about one is left.
    private func take(_ compact: String, from community: CommunityID) async throws(ExchangeError) {
        guard let hash = try? receipt(compact, from: community).statement,
            let offer = following.with({ $0.agenda.offer(behind: hash, at: community) })
        else { return }
        try await take(compact, from: community, about: offer, as: hash)
    }

    /// Checks a receipt and journals it, unless it says what is known already.
    private func take(
        _ compact: String, from community: CommunityID, about offer: DeliveryAgenda.Offer, as hash: Thumbprint,
    ) async throws(ExchangeError) {
        let receipt = try receipt(compact, from: community)
        guard receipt.statement == hash else {
            throw ExchangeError(.badRequest, "the community's receipt is for another statement")
        }
        let directive = offer.item.directive
        let delivery = ConsentDelivery(directive: directive, version: offer.version, receipt: receipt, compact: compact)
        let last = try await read { try await projection.deliveries(of: directive) }
            .first { $0.community == community }
        let isOld = last.map { $0.version > delivery.version } ?? false
        if !isOld, last.map({ !$0.saysSame(as: delivery) || delivery.outcome != .inForce }) ?? true,
            let patient = try await versions(of: directive).first?.directive.patient
        {
            _ = try await journal.append(
                EntryDraft(kind: .delivery, subject: patient, payload: delivery.payload, value: delivery))
        }
        following.with { $0.agenda.done(offer.item, at: community) }
    }

    private func receipt(_ compact: String, from community: CommunityID) throws(ExchangeError) -> StatementReceipt {
        let now = world.now()
        let receipt: StatementReceipt
        do {
            receipt = try StatementReceipt(verifying: compact, from: community) { directory.key($1, of: $0, at: now) }
        } catch {
            throw ExchangeError(.badRequest, "the community's receipt is not valid: \(error)")
        }
        guard receipt.audience == settings.community else {
            throw ExchangeError(.badRequest, "the community's receipt is for somebody else")
        }
        return receipt
    }

    /// This node itself as it asks others: no user, for its own operation.
    func nodeContext(within limit: Duration) -> AccessContext {
        AccessContext(
            door: .administration, user: "concordat", role: nil, organization: settings.community.urn,
            community: settings.community, purpose: "HOPERAT", deadline: world.uptime() + limit,
            traceID: world.newTraceID())
    }
}
