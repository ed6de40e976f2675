import ExchangeCore
import GossipDirectory
import JSON
import Journal
import Logging
import Trust

extension Exchange {
    /// Answers a peer's directory message (`hie-dir/1` on the peer port); the certificate says who it is.
    ///
    /// `.forbidden` when the peer is not admitted, `.badRequest` and `.tooLarge` for what is no message.
    package func exchangeDirectory(_ bytes: [UInt8], from peer: CommunityID) async throws(ExchangeError) -> [UInt8] {
        let frame = try DirectoryFrame(bytes)
        guard let reply = try await advanceDirectory(.asked(frame, from: peer)) else {
            throw ExchangeError(.forbidden, "not admitted to this network")
        }
        return reply.bytes
    }

    /// Takes one event through the directory and does what follows, in order; returns the answer to a peer, if any.
    ///
    /// What is this node's own stands in the journal before anything after it is done; what others signed is kept in the
    /// projection, since any peer brings it again. Messages wait for the gossip shell.
    @discardableResult
    package func advanceDirectory(_ event: DirectoryEvent) async throws(ExchangeError) -> DirectoryFrame? {
        var reply: DirectoryFrame?
        switch event {
        case .asked(_, let peer), .answered(_, let peer, _): following.heard(peer)
        case .failed(let target, _): if let community = target.community { following.lost(community) }
        case .blocked(let community, let isBlocked):
            try await keep(
                DirectoryFact(kind: .block, community: community, compact: isBlocked ? "blocked" : "approved"))
        case .started, .timer, .profiled, .admitted, .revoked, .adopted, .left, .pinged, .closed: break
        }
        for effect in directory.handle(event) {
            switch effect {
            case .persist(let fact): try await keep(fact)
            case .send(let frame, let target): directory.send(frame, to: target)
            case .reply(let frame): reply = frame
            case .refuse: return nil
            case .changed: following.directoryChanged()
            case .cut(let community): directory.cut(community)
            case .updated(let community): tell(community, "record")
            case .reach(let community, let reach): tell(community, reach.rawValue)
            case .notice(let notice):
                directory.note(nil, notice.description)
                logger.notice("directory", metadata: ["notice": "\(notice)"])
            }
        }
        return reply
    }

    private func tell(_ community: CommunityID, _ text: String) {
        directory.note(community, text)
        logger.info("directory", metadata: ["peer": "\(community.oid)", "is": "\(text)"])
    }

    private func keep(_ fact: DirectoryFact) async throws(ExchangeError) {
        if fact.community == settings.community || fact.kind != .record && fact.kind != .admission {
            let payload: JSONValue = [
                "kind": .string(fact.kind.rawValue), "community": .string(fact.community.urn),
                "text": .string(fact.compact),
            ]
            _ = try await journal.append(
                EntryDraft(kind: .directory, subject: nil, payload: JSONWriter.bytes(payload), value: fact))
        } else {
            try await read { try await projection.keep(fact) }
        }
    }
}

extension DirectoryFact {
    /// Reads the payload of a `directory` entry; `.corrupted` when it is not one.
    package init(payload: [UInt8]) throws(ExchangeError) {
        let json = try PayloadReading.json(payload)
        guard let kind = Kind(rawValue: try PayloadReading.text(json, "kind")),
            let community = CommunityID(try PayloadReading.text(json, "community"))
        else { throw PayloadReading.damaged("directory") }
        self.init(kind: kind, community: community, compact: try PayloadReading.text(json, "text"))
    }
}
