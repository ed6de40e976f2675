import ExchangeCore
import ExchangeNode
import Foundation
import GossipDirectory
import PeerTransport
import Testing
import Transactions
import Trust

extension RealNodes {
    /// A node's new key beside its old one, and a new epoch after a lost one.
    @Suite struct KeyRotationTests {
        private func shown(_ community: CommunityID, at node: RunningNode) throws -> DirectoryCommunity? {
            try node.exchange.directory.communities(at: World.system.now()).first { $0.community == community }
        }

        @Test func `a key is rotated with overlap: both are admitted, then the new alone, and nobody is away meanwhile`()
            async throws
        {
            try await Network.one { network, node in
                let old = try SigningKey(pem: SecretFile.text(node.home.nodeKey)).publicKey.thumbprint
                let begun = try network.authority.beginRotation(node.home)
                #expect(begun.key != old)
                let again = try network.authority.beginRotation(node.home)
                #expect(again.key == begun.key, "safe to repeat")
                // The running node, still under its old key, hears of both.
                try await node.exchange.advanceDirectory(.admitted(PlainFile.text(node.home.admission)))
                let both = try #require(try shown(node.community, at: node))
                #expect(both.standing == .active)
                #expect(Set(both.admission?.grant.keys.map(\.thumbprint) ?? []) == [old, begun.key])
                #expect(both.record?.token.keyID == old)
                try await node.stop()
                try await node.start()
                let restarted = try shown(node.community, at: node)
                #expect(restarted?.record?.token.keyID == begun.key)
                let finished = try network.authority.finishRotation(node.home)
                try await node.exchange.advanceDirectory(.admitted(finished.admission))
                let after = try #require(try shown(node.community, at: node))
                #expect(after.standing == .active)
                #expect(after.admission?.grant.keys.map(\.thumbprint) == [begun.key])
                #expect(after.admission?.grant.epoch == 1, "a rotation is no loss")
                #expect(throws: ExchangeError(.notFound, "")) { try network.authority.finishRotation(node.home) }
                #expect(!FileManager.default.fileExists(atPath: node.home.nodeKey.path + ".old"))
            }
        }

        @Test func `after a lost key a new epoch lets the facility in again, and the old key is worth nothing`() async throws {
            try await Network.one { network, node in
                let lost = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let oldAdmission = try PlainFile.text(lost.home.admission)
                try await node.exchange.advanceDirectory(.admitted(oldAdmission))
                let revocation = try network.authority.revoke(lost.community, epoch: 1, reason: "key lost")
                try await node.exchange.advanceDirectory(.revoked(revocation.token.compact))
                #expect(try shown(lost.community, at: node)?.standing == .revoked)
                try SecretFile.replace(lost.home.nodeKey, Array(SigningKey().pem.utf8), mode: 0o600)
                let request = try JoinRequest(of: lost.home, world: .system)
                let token = try JoinToken(
                    for: request, by: network.authority, seeds: [], isFile: true, epoch: 2, world: .system)
                try await node.exchange.advanceDirectory(.admitted(token.admission))
                #expect(try shown(lost.community, at: node)?.standing == .silent)
                let keys = try node.exchange.directory.admittedKeys(at: World.system.now())[lost.community]
                #expect(keys == [request.key.thumbprint])
                // The old admission does not come back.
                try await node.exchange.advanceDirectory(.admitted(oldAdmission))
                #expect(try shown(lost.community, at: node)?.admission?.grant.epoch == 2)
            }
        }
    }
}
