import ExchangeCore
import ExchangeNode
import GossipDirectory
import JSON
import NIOCore
import NIOSSL
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
                connections = try PeerConnections(identity: identity, policy: { policy }, world: .system, dial: DialRule(own: ["127.0.0.1"]))
                key = identity.key
                admission = try Admission(
                    verifying: PlainFile.text(member.home.admission), network: network, authorities: authorities)
                target = try #require(EndpointURL("https://127.0.0.1:\(node.peers.number)"))
                victim = node.community
            }

            var message: DirectoryMessage {
                DirectoryMessage(network: admission.grant.network, at: World.system.now())
            }

            /// Why a frame was not answered; nil when it was.
            func send(_ bytes: [UInt8]) async -> ExchangeError.Code? {
                do throws(ExchangeError) {
                    _ = try await connections.gossip.ask(
                        bytes, of: DirectoryTarget(community: victim, url: target), timeout: .seconds(5))
                    return nil
                } catch { return error.code }
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

        /// A connection of the directory's protocol under a member's certificate, for bytes of the test's choice.
        private static func raw(_ member: RunningNode, to node: RunningNode) async throws -> RawConnection {
            let identity = try TLSIdentity(
                certificatePEM: PlainFile.text(member.home.nodeCertificate), keyPEM: SecretFile.text(member.home.nodeKey))
            var tls = try RawConnection.configuration(identity, oldest: .tlsv13)
            tls.applicationProtocols = [GossipPacket.protocolName]
            return try await RawConnection.open(port: node.peers.number, tls: tls)
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
                #expect(await member.send(hello.bytes) == nil)
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
                    #expect(await member.send(bytes) == .badRequest)
                }
                for _ in 0..<20 {
                    let bytes = (0..<Int.random(in: 1...3000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                    #expect(await member.send(bytes) == .badRequest)
                }
                let long = [UInt8](repeating: 0x20, count: DirectoryMessage.bytesMax + 1)
                #expect(await member.send(long) == .unavailable, "its head alone ends the connection")
                #expect(await member.send(hello.bytes) == nil)
                for number in 0..<5 {
                    var flood = member.message
                    flood.records = (0..<500).map { "\(number).\($0).x" }
                    _ = await member.send(flood.bytes)
                }
                #expect(await member.send(hello.bytes) == .forbidden, "three faults are a ban")
                #expect(try standing(node.community, at: node)?.standing == .active)
            }
        }

        @Test func `T6 T14 T24 bytes that are no packets, half a packet and too many connections hold nobody up`() async throws {
            try await Network.one { network, node in
                let stranger = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                func open() async throws -> RawConnection { try await Self.raw(stranger, to: node) }
                for bytes in [
                    [0, 0, 0, 1, 0, 0, 0, 1], [9, 9, 9, 9], Array("GET / HTTP/1.1\r\n\r\n".utf8), [1, 0xFF, 0xFF, 0xFF],
                    [2, 0, 0, 1, 0, 0, 0, 1, 0],
                ] as [[UInt8]] {
                    let raw = try await open()
                    await raw.send(bytes)
                    try await until("the node ends what is no packet") { !raw.isOpen }
                }
                // Half a packet waits for its rest, and others are answered meanwhile.
                let half = try await open()
                await half.send([1, 0, 0, 40, 0, 0, 0, 1, 1, 1])
                let member = try Member(stranger, against: node)
                var hello = member.message
                hello.admissions = [member.admission.token.compact]
                #expect(await member.send(hello.bytes) == nil)
                #expect(half.isOpen)
                var many: [RawConnection] = []
                for _ in 0..<6 {
                    many.append(try await open())
                    await many.last?.send([1, 0, 0, 40, 0, 0, 0, 1])
                }
                try await until("the oldest connections of one community are let go") { !half.isOpen && !many[0].isOpen }
                #expect(many[5].isOpen)
                #expect(await member.send(hello.bytes) == nil, "it dials anew and is answered")
                for raw in many { raw.close() }
                // HTTP on the same port is as it was, and has no door to the directory.
                let http = try node.peer(stranger.peerIdentity)
                #expect(try await http.send(.post, "/directory", body: hello.bytes, below: "").status == 404)
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
                #expect(await member.send(hello.bytes) == nil)
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
                #expect(await member.send(hello.bytes) == nil)
                // While the node dials it in vain, it answers others as before, and goes on publishing.
                #expect(await member.send(Probe(root: 0, hour: 0, at: World.system.now()).wire) == nil)
                #expect(try standing(node.community, at: node)?.standing == .active)
            }
        }

        @Test func `a newer record under this node's own key, as after a restored backup, stops it from publishing`() async throws {
            try await Network.one { network, node in
                let other = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let member = try Member(other, against: node)
                var hello = member.message
                hello.admissions = [member.admission.token.compact]
                #expect(await member.send(hello.bytes) == nil)
                let directory = try node.exchange.directory
                #expect(!directory.isClone)
                let held = try #require(try standing(node.community, at: node)?.record?.statement)
                var later = held
                later.sequence += 1000
                let key = try SigningKey(pem: SecretFile.text(node.home.nodeKey))
                var message = member.message
                message.records = [try DirectoryRecord(stating: later, key: key).token.compact]
                #expect(await member.send(message.bytes) == nil)
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
                #expect(await member.send(hello.bytes) == nil)
                let raw = try await Self.raw(stranger, to: node)
                var question = ByteBuffer()
                GossipPacket(.question, 1, Probe(root: 0, hour: 0, at: World.system.now()).wire).write(to: &question)
                await raw.send(Array(question.readableBytesView))
                try await until("the live connection is answered") { !raw.received.isEmpty }
                let revocation = try network.authority.revoke(stranger.community, epoch: 1, reason: "key lost")
                try await node.exchange.advanceDirectory(.revoked(revocation.token.compact))
                #expect(try standing(stranger.community, at: node)?.standing == .revoked)
                #expect([.unavailable, .forbidden].contains(await member.send(hello.bytes)))
                let probe = Probe(root: 0, hour: 0, at: World.system.now())
                #expect([.unavailable, .forbidden].contains(await member.send(probe.wire)))
                // A connection that says nothing was ended by the node all the same.
                try await until("the live connection is ended") { !raw.isOpen }
            }
        }

        @Test func `a token's seeds go into the configuration, and nothing else does`() async throws {
            try await Network.run { network in
                let seed = try network.add(.init())
                try await seed.start()
                let node = try network.add(.init(name: "east", community: "1.3.6.1.4.1.21367.2026.12"))
                let request = try JoinRequest(of: node.home, world: .system)
                let address = "127.0.0.1:\(seed.peers.number)"
                for text in ["x:1\nconsent: opt-in\ny:1", "x:1\"\n:1", "no port", ""] {
                    #expect(throws: ExchangeError(.badRequest, "")) {
                        try JoinToken(for: request, by: network.authority, seeds: [text], isFile: false, world: .system)
                    }
                }
                let token = try JoinToken(for: request, by: network.authority, seeds: [address], isFile: false, world: .system)
                try JoinToken(token.text).redeem(at: node.home, world: .system)
                #expect(try NodeConfiguration(of: node.home).seeds.map(\.description) == [address])
                try await node.start()
                try await until("the seed knows it") { try standing(node.community, at: seed)?.standing == .active }
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
