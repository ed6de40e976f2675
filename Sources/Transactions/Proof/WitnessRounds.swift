import ExchangeCore
import GossipDirectory
import JSON
import Journal
import Logging

extension Exchange {
    /// Answers another node's question about logs (POST `/witness/...` on the peer port); its certificate says who it is.
    package func answerWitness(_ question: WitnessQuestion, _ text: String, from peer: CommunityID)
        async throws(ExchangeError) -> WitnessAnswer
    {
        guard let witness else { throw ExchangeError(.notFound, "this node witnesses no logs") }
        let answer: WitnessAnswer
        switch question {
        case .addCheckpoint: answer = try await witness.add(text, from: peer)
        case .proveConsistency: answer = try await witness.prove(text)
        case .exchangeHeads:
            // What is to be proven is asked for when this node's own round meets the same heads.
            _ = try await witness.hear(text)
            answer = WitnessAnswer(200, await witness.shown())
        }
        try await tellNotices(witness)
        return answer
    }

    /// Shows this node's head to its peers and theirs to each other, again and again until cancelled.
    ///
    /// Throws `.corrupted` when a peer holds a head that this node signed and its journal does not continue: it runs on
    /// an older copy of itself, and must not go on under the same name (security.md T48, T69).
    package func witnessPeers(by client: any WitnessClient) async throws(ExchangeError) {
        guard let witness else { return }
        var isFirst = true
        while !Task.isCancelled {
            // A node that signed on from an older copy answers until the round is over: who asks it for a proof gets none.
            do { try await world.sleep(isFirst ? .milliseconds(700) : .seconds(settings.limits.witnessSeconds)) } catch { return }
            do throws(ExchangeError) {
                isFirst = try await !witnessRound(witness, isFirst: isFirst, by: client)
            } catch where error.code == .unavailable {
                // The disk takes no writes: others' heads are heard again, and the own one is shown again, once it does.
                logger.warning("a round of witnesses was cut short", metadata: ["error": "\(error.description)"])
            }
        }
    }

    /// One round of a running node; whether its head was shown to somebody.
    private func witnessRound(_ witness: WitnessBook, isFirst: Bool, by client: any WitnessClient)
        async throws(ExchangeError) -> Bool
    {
        let peers = witnesses()
        // What others hold of this node is heard before they are shown anything: a copy that was restored in good faith and
        // lacks entries must end without contradicting what it once signed.
        if isFirst {
            for peer in peers.prefix(4) { try await exchangeHeads(with: peer, witness, client) }
            try await demandNoPast(witness)
        }
        try await witnessRound(witness, peers, by: client)
        let hasHead = await witness.ownHead != nil
        return hasHead && !peers.isEmpty
    }

    /// One round: the head to everybody, everything to one.
    package func witnessRound(by client: any WitnessClient) async throws(ExchangeError) {
        guard let witness else { return }
        try await witnessRound(witness, witnesses(), by: client)
    }

    /// The other nodes that can be asked now, at most 16, chosen anew each time.
    private func witnesses() -> [DirectoryTarget] {
        var random = world.random
        return directory.communities(at: world.now()).compactMap { row in
            guard row.standing == .active, row.community != settings.community,
                let url = row.endpoint("gossip") ?? row.endpoint("fhir")
            else { return nil }
            return DirectoryTarget(community: row.community, url: url)
        }.shuffled(using: &random).prefix(16).map { $0 }
    }

    private func witnessRound(_ witness: WitnessBook, _ peers: [DirectoryTarget], by client: any WitnessClient)
        async throws(ExchangeError)
    {
        if let note = try await witness.newest() {
            var lines: [SignedNote.Signature] = []
            for peer in peers { lines += await submit(note, to: peer, witness, client) }
            try await witness.keepOwn(note, lines)
        }
        if let peer = peers.first { try await exchangeHeads(with: peer, witness, client) }
        try await settleAccusations(witness, by: client)
        try await tellNotices(witness)
        try await demandNoPast(witness)
    }

    func demandNoPast(_ witness: WitnessBook) async throws(ExchangeError) {
        guard let past = await witness.ownPast else { return }
        throw ExchangeError(
            .corrupted,
            "others hold a head over \(past.checkpoint.size) entries that this node signed, and its journal does not "
                + "continue it: it runs on an older copy of itself; restore the newest backup, or go on as a new log "
                + "with hie journal repair --accept-loss", at: past.checkpoint.origin)
    }

    /// Submits a head to one peer, from where that one stands; its cosignature when it gave one.
    private func submit(
        _ note: SignedNote, to peer: DirectoryTarget, _ witness: WitnessBook, _ client: any WitnessClient,
    ) async -> [SignedNote.Signature] {
        guard let community = peer.community, let checkpoint = try? Checkpoint(text: note.text) else { return [] }
        var old = await witness.acknowledged[community] ?? 0
        for _ in 0..<2 {
            do throws(ExchangeError) {
                let proof = try await witness.author.consistency(from: old, to: checkpoint.size)
                let body = try CheckpointSubmission(old: old, proof: proof, note: note).text
                let answer = try await client.ask(.addCheckpoint, body, of: peer)
                switch answer.status {
                case 200:
                    await witness.acknowledge(checkpoint.size, by: community)
                    return await witness.cosignatures(of: community, in: answer.text, on: note)
                case 409:
                    guard let known = ProofLines.number(answer.text.utf8.dropLast(), after: ""), known != old else {
                        try await exchangeHeads(with: peer, witness, client)
                        return []
                    }
                    guard known <= checkpoint.size else {
                        // It knows more of us than we do ourselves: hear what.
                        try await exchangeHeads(with: peer, witness, client)
                        return []
                    }
                    old = known
                default:
                    logger.warning(
                        "a peer does not cosign this node's log",
                        metadata: ["peer": "\(community.urn)", "status": "\(answer.status)"])
                    if answer.status == 422 { try await exchangeHeads(with: peer, witness, client) }
                    return []
                }
            } catch {
                logger.debug("a witness was not reached", metadata: ["peer": "\(community.urn)", "error": "\(error.message)"])
                return []
            }
        }
        return []
    }

    private func exchangeHeads(with peer: DirectoryTarget, _ witness: WitnessBook, _ client: any WitnessClient)
        async throws(ExchangeError)
    {
        let answer: WitnessAnswer
        do { answer = try await client.ask(.exchangeHeads, await witness.shown(), of: peer) } catch { return }
        guard answer.status == 200 else { return }
        let open: [(head: WitnessedHead, known: UInt64)]
        do { open = try await witness.hear(answer.text) } catch {
            if error.code == .badRequest { return }
            throw error
        }
        for (head, known) in open {
            if await witness.isSucceeded(head.checkpoint.origin) { continue }
            guard let log = LogOrigin(head.checkpoint.origin), let target = target(log.community) else { continue }
            // No answer proves nothing either way: it is asked again in a later round.
            guard
                let answer = try? await client.ask(
                    .proveConsistency, "from \(known)\nto \(head.checkpoint.size)\n", of: target),
                answer.status == 200 || answer.status == 404
            else { continue }
            let proof = answer.status == 200 ? (try? ProofLines.hashes(of: answer.text)) ?? [] : []
            try await witness.settle(head, proof: proof)
        }
    }

    func target(_ community: CommunityID) -> DirectoryTarget? {
        guard let row = directory.communities(at: world.now()).first(where: { $0.community == community }),
            row.standing == .active, let url = row.endpoint("gossip") ?? row.endpoint("fhir")
        else { return nil }
        return DirectoryTarget(community: community, url: url)
    }

    /// Tells the operator, and writes into the journal, what was found: the trace that stays here.
    private func tellNotices(_ witness: WitnessBook) async throws(ExchangeError) {
        for notice in await witness.takeNotices() {
            let payload: JSONValue
            switch notice {
            case .accused(let evidence):
                logger.critical(
                    "a log contradicts itself: see hie audit witness",
                    metadata: ["log": "\(evidence.origin)", "kind": "\(evidence.kind.rawValue)"])
                payload = [
                    "witness": .string(evidence.kind.rawValue), "log": .string(evidence.origin),
                    "evidence": .string(evidence.text),
                ]
            case .cleared(let evidence):
                logger.notice(
                    "a log gave the proof that was missing: nothing of that stands against it any more",
                    metadata: ["log": "\(evidence.origin)"])
                payload = ["witness": "cleared", "log": .string(evidence.origin), "evidence": .string(evidence.text)]
            case .succeeded(let former, let name):
                logger.warning(
                    "a community goes on with a new log after a loss: see hie audit witness", metadata: ["log": "\(name)"])
                payload = [
                    "witness": "succeeded", "log": .string(name), "former": .string(former.note.description),
                ]
            }
            _ = try await journal.append(
                EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
        }
    }
}

extension WitnessBook {
    /// This node's newest signed head; nil when none was signed yet.
    func newest() async throws(ExchangeError) -> SignedNote? {
        guard let text = try await keptCheckpoint() else { return nil }
        let note = try SignedNote(parsing: text)
        return key.verifies(note) ? note : nil
    }

    func acknowledge(_ size: UInt64, by community: CommunityID) { acknowledged[community] = size }

    /// The lines of an answer that are the community's cosignature on the note, and no others.
    func cosignatures(of community: CommunityID, in text: String, on note: SignedNote) -> [SignedNote.Signature] {
        guard let key = knownCosigners().first(where: { LogOrigin($0.name)?.community == community }),
            let lines = try? SignedNote.lines(text)
        else { return [] }
        return lines.filter { key.cosigned(SignedNote(text: note.text, signatures: [$0])) != nil }
    }
}
