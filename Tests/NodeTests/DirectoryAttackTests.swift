import ExchangeCore
import ExchangeNode
import GossipDirectory
import JSON
import PeerTransport
import Testing
import Transactions
import Trust

extension RealNodes {
    /// What a member of the network with a good certificate sends to a real node, over real TLS.
    @Suite struct DirectoryAttackTests {
        /// A member that speaks the protocol by hand.
        private struct Member {
            let connections: PeerConnections
            let key: SigningKey
            let admission: Admission
            let target: EndpointURL
            let victim: CommunityID

            init(_ member: RunningNode, against node: RunningNode) throws {
                let identity = try TLSIdentity(
                    certificatePEM: PlainFile.text(member.home.nodeCertificate), keyPEM: SecretFile.text(member.home.nodeKey))
                let roots = try CertificatePEM.read(PlainFile.text(member.home.networkAuthority))
                let policy = TrustPolicy(roots: roots)
                let authorities = roots.compactMap(\.verifyingKey)
                let network = try #require(authorities.first).thumbprint
                connections = try PeerConnections(identity: identity, policy: { policy }, world: .system)
                key = identity.key
                admission = try Admission(
                    verifying: PlainFile.text(member.home.admission), network: network, authorities: authorities)
                target = try #require(EndpointURL("https://127.0.0.1:\(node.peers.number)"))
                victim = node.community
            }

            var message: DirectoryMessage {
                DirectoryMessage(network: admission.grant.network, at: World.system.now())
            }

            /// The status of an answer; 0 when there was none.
            func send(_ bytes: [UInt8]) async -> Int {
                let request = ClientRequest(
                    .post, "/directory", body: bytes, responseBytesMax: DirectoryMessage.bytesMax, isRepeatable: true)
                let answer = try? await connections.send(
                    request, to: target, of: victim, deadline: World.system.uptime() + .seconds(5))
                return answer?.response.status ?? 0
            }

            func record(_ change: (inout DirectoryRecord.Statement) -> Void = { _ in }, key: SigningKey? = nil) throws
                -> DirectoryRecord
            {
                let now = Timestamp(seconds: World.system.now().seconds)
                var statement = DirectoryRecord.Statement(
                    network: admission.grant.network, community: admission.community, epoch: 1,
                    sequence: UInt64(World.system.now().milliseconds), previous: nil, issued: now,
                    expires: now + .seconds(3600), status: .active,
                    profile: DirectoryProfile(organization: "Member", endpoints: []),
                    keys: [self.key.publicKey.thumbprint], admission: admission.token.hash)
                change(&statement)
                return try DirectoryRecord(stating: statement, key: key ?? self.key)
            }
        }

        private func standing(_ community: CommunityID, at node: RunningNode) throws -> DirectoryCommunity? {
            try node.exchange.directory.communities(at: World.system.now()).first { $0.community == community }
        }

        @Test func `T1 T2 T4 T5 T24 what a hostile member sends moves nothing but its own record`() async throws {
            try await Network.one { network, node in
                let stranger = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let member = try Member(stranger, against: node)
                let own = try #require(try standing(node.community, at: node)?.record)
                var hello = member.message
                hello.admissions = [member.admission.token.compact]
                let good = try member.record()
                hello.records = [good.token.compact]
                #expect(await member.send(hello.bytes) == 200)
                #expect(try standing(stranger.community, at: node)?.record == good)
                let later = UInt64(World.system.now().milliseconds) + 1
                let hour = UInt64((World.system.now() + .seconds(3600)).milliseconds)
                let bad = [
                    try member.record({ $0.community = node.community; $0.sequence = later }),
                    try member.record({ $0.sequence = hour }), try member.record({ $0.sequence = 1 }),
                    try member.record({ $0.network = $0.admission }), try member.record({ $0.epoch = 9 }),
                    try member.record({ $0.expires = $0.issued + .seconds(73 * 3600) }),
                    try member.record(key: SigningKey()),
                ]
                for record in bad {
                    var message = member.message
                    message.records = [record.token.compact, String(record.token.compact.dropLast(9))]
                    _ = await member.send(message.bytes)
                    #expect(try standing(stranger.community, at: node)?.record == good)
                    #expect(try standing(node.community, at: node)?.record == own)
                }
            }
        }

        @Test func `T6 T24 garbage, oversize, unknown versions and floods are refused, and the node goes on`() async throws {
            try await Network.one { network, node in
                let stranger = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let member = try Member(stranger, against: node)
                var hello = member.message
                hello.admissions = [member.admission.token.compact]
                var random = World.system.random
                let probe = Probe(root: 1, hour: 1, at: World.system.now())
                var newer = probe.wire
                newer[1] = 9
                for bytes in [[], [0x01], newer, Array("{}".utf8), Array("[[[[[[[[".utf8), Array(hello.bytes.dropLast(5))] {
                    #expect((400...499).contains(await member.send(bytes)))
                }
                for _ in 0..<20 {
                    let bytes = (0..<Int.random(in: 1...3000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                    #expect((400...499).contains(await member.send(bytes)))
                }
                #expect([0, 413].contains(await member.send([UInt8](repeating: 0x20, count: DirectoryMessage.bytesMax + 1))))
                #expect(await member.send(hello.bytes) == 200)
                for number in 0..<5 {
                    var flood = member.message
                    flood.records = (0..<500).map { "\(number).\($0).x" }
                    _ = await member.send(flood.bytes)
                }
                #expect(await member.send(hello.bytes) == 403, "three faults are a ban")
                #expect(try standing(node.community, at: node)?.standing == .active)
            }
        }

        @Test func `a member that reports others dead, in its own name and in theirs, moves nobody`() async throws {
            try await Network.one { network, node in
                let liar = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let well = try network.add(.init(name: "ward", community: "1.3.6.1.4.1.21367.2026.12"))
                let member = try Member(liar, against: node)
                try await node.exchange.advanceDirectory(.admitted(PlainFile.text(well.home.admission)))
                var hello = member.message
                hello.admissions = [member.admission.token.compact]
                hello.records = [try member.record().token.compact]
                #expect(await member.send(hello.bytes) == 200)
                for observer in [liar.community, well.community, node.community] {
                    var message = member.message
                    message.observations = try (0..<20).map { number in
                        try SignedToken(
                            signing: [
                                "net": .string(member.admission.grant.network.text), "community": .string(observer.urn),
                                "of": .string(well.community.urn), "saw": "refused",
                                "beat": .number(String(World.system.now().milliseconds)),
                                "seq": .number(String(World.system.now().milliseconds + Int64(number))),
                            ], type: .observation, key: member.key
                        ).compact
                    }
                    _ = await member.send(message.bytes)
                }
                #expect(try standing(well.community, at: node)?.reach == .reachable)
                #expect(try standing(well.community, at: node)?.standing == .silent, "nothing of it came, and nothing against it")
            }
        }

        @Test func `a member whose record leads to nowhere holds nothing up`() async throws {
            try await Network.one { network, node in
                let mute = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let member = try Member(mute, against: node)
                var hello = member.message
                hello.admissions = [member.admission.token.compact]
                // Its record leads to a port where nobody answers.
                let nowhere = try #require(EndpointURL("https://127.0.0.1:9"))
                hello.records = [
                    try member.record {
                        $0.profile = DirectoryProfile(
                            organization: "Mute", endpoints: [DirectoryEndpoint(role: "gossip", url: nowhere)])
                    }.token.compact,
                ]
                #expect(await member.send(hello.bytes) == 200)
                // While the node dials it in vain, it answers others as before, and goes on publishing.
                #expect(await member.send(Probe(root: 0, hour: 0, at: World.system.now()).wire) == 200)
                #expect(try standing(node.community, at: node)?.standing == .active)
            }
        }

        @Test func `a newer record under this node's own key, as after a restored backup, stops it from publishing`() async throws {
            try await Network.one { network, node in
                let other = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let member = try Member(other, against: node)
                var hello = member.message
                hello.admissions = [member.admission.token.compact]
                #expect(await member.send(hello.bytes) == 200)
                let directory = try node.exchange.directory
                #expect(!directory.isClone)
                let held = try #require(try standing(node.community, at: node)?.record?.statement)
                var later = held
                later.sequence += 1000
                let key = try SigningKey(pem: SecretFile.text(node.home.nodeKey))
                var message = member.message
                message.records = [try DirectoryRecord(stating: later, key: key).token.compact]
                #expect(await member.send(message.bytes) == 200)
                #expect(directory.isClone)
                try await node.exchange.advanceDirectory(.adopted)
                #expect(!directory.isClone)
                let after = try #require(try standing(node.community, at: node)?.record?.statement.sequence)
                #expect(after > later.sequence)
            }
        }

        @Test func `T27 a revoked member's live connections end within a second, and it is let in no more`() async throws {
            try await Network.one { network, node in
                let stranger = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let member = try Member(stranger, against: node)
                var hello = member.message
                hello.admissions = [member.admission.token.compact]
                hello.records = [try member.record().token.compact]
                #expect(await member.send(hello.bytes) == 200)
                let revocation = try network.authority.revoke(stranger.community, epoch: 1, reason: "key lost")
                try await node.exchange.advanceDirectory(.revoked(revocation.token.compact))
                #expect(try standing(stranger.community, at: node)?.standing == .revoked)
                #expect([0, 401, 403].contains(await member.send(hello.bytes)))
                #expect([0, 401, 403].contains(await member.send(Probe(root: 0, hour: 0, at: World.system.now()).wire)))
            }
        }

        @Test func `a node is let in by a token bound to its key and organisation, once and for fifteen minutes`() async throws {
            try await Network.run { network in
                let node = try network.add(.init(name: "east", community: "1.3.6.1.4.1.21367.2026.12"))
                let other = try network.add(.init(name: "west", community: "1.3.6.1.4.1.21367.2026.13"))
                let request = try JoinRequest(try JoinRequest(of: node.home, world: .system).compact)
                let token = try JoinToken(
                    for: request, by: network.authority, seeds: [], isFile: false, world: .system)
                #expect(throws: ExchangeError(.forbidden, "")) {
                    try JoinToken(token.text).redeem(at: other.home, world: .system)
                }
                let late = World(
                    now: { World.system.now() + .seconds(901) }, uptime: World.system.uptime,
                    randomBits: World.system.randomBits, sleep: World.system.sleep)
                #expect(throws: ExchangeError(.forbidden, "")) { try JoinToken(token.text).redeem(at: node.home, world: late) }
                try JoinToken(token.text).redeem(at: node.home, world: .system)
                #expect(throws: ExchangeError(.forbidden, "")) { try JoinToken(token.text).redeem(at: node.home, world: .system) }
                #expect(throws: ExchangeError(.badRequest, "")) { try JoinToken(String(token.text.dropLast(40))) }
                try await node.start()
                #expect(try standing(node.community, at: node)?.standing == .active)
            }
        }
    }
}
