import ExchangeCore
import Testing
import X509

@testable import Trust

@Suite struct CertificateTests {
    let scene: TrustScene

    init() throws { scene = try TrustScene() }

    @Test func `a node's certificate speaks for its community, as caller and as called`() async throws {
        for kind in [TrustPolicy.Kind.peer(nil), .peer(scene.east)] {
            guard case .trusted(let found) = await scene.peers.judge(chain: [scene.node], as: kind, now: scene.now)
            else {
                Issue.record("refused")
                continue
            }
            #expect(found.community == scene.east)
            #expect(found.spkiThumbprint == scene.nodeKey.publicKey.thumbprint)
            #expect(found.thumbprint == scene.node.thumbprint)
            #expect(found.notAfter == scene.now + .seconds(7 * 86400))
            #expect(scene.peers.refusal(of: found, now: scene.now) == nil)
        }
    }

    @Test func `a client's certificate names the client`() async throws {
        let verdict = await scene.clients.judge(chain: [scene.client], as: .client, now: scene.now)
        guard case .trusted(let found) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(found.clientName == "dr.brattain")
        #expect(found.community == nil)
    }

    @Test(arguments: ["a.example.org", "A.EXAMPLE.org", "127.0.0.1"])
    func `a server is known by its exact names`(name: String) async throws {
        let verdict = await scene.clients.judge(chain: [scene.server], as: .server(name), now: scene.now)
        guard case .trusted = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test(arguments: ["b.example.org", "x.a.example.org", "a.example.org.", "", "127.0.0.2", "*.example.org", "a"])
    func `a server is not known by any other name`(name: String) async throws {
        let verdict = await scene.clients.judge(chain: [scene.server], as: .server(name), now: scene.now)
        #expect(verdict == .refused(.otherServer))
    }

    @Test func `T31 a wildcard names no server`() async throws {
        let wild = try scene.issue(
            CertificateProfile(commonName: "w", dnsNames: ["*.example.org"], usages: [.serverAuth]), by: scene.facility)
        let verdict = await scene.clients.judge(chain: [wild], as: .server("a.example.org"), now: scene.now)
        #expect(verdict == .refused(.otherServer))
    }

    @Test func `T30 a chain to any other root is refused`() async throws {
        var random = SeededRandom(3)
        let sibling = try CertificateAuthority(
            name: "network", key: SigningKey(), now: scene.now, using: &random)
        let foreign = try scene.issue(scene.peerProfile(), by: sibling)
        for chain in [[foreign], [foreign, sibling.certificate]] {
            let verdict = await scene.peers.judge(chain: chain, as: .peer(nil), now: scene.now)
            #expect(verdict == .refused(.unknownAuthority("")))
        }
    }

    @Test func `T30 an authority below ours may not sign, since ours allows none`() async throws {
        let middleKey = SigningKey()
        let middle = try scene.issue(
            CertificateProfile(commonName: "middle", usages: [], isAuthority: true), by: scene.network, key: middleKey)
        let below = try CertificateAuthority(
            certificatePEM: CertificatePEM.write([middle]), keyPEM: middleKey.pem)
        let leaf = try scene.issue(scene.peerProfile(), by: below)
        let verdict = await scene.peers.judge(chain: [leaf, middle], as: .peer(nil), now: scene.now)
        guard case .refused(.unknownAuthority) = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test func `T30 a certificate that is no authority's may not sign`() async throws {
        let below = try CertificateAuthority(
            certificatePEM: CertificatePEM.write([scene.node]), keyPEM: scene.nodeKey.pem)
        let leaf = try scene.issue(scene.peerProfile(), by: below)
        let verdict = await scene.peers.judge(chain: [leaf, scene.node], as: .peer(nil), now: scene.now)
        guard case .refused(.unknownAuthority) = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test func `T26 a certificate ends at its last second, in the handshake and on each request`() async throws {
        let end = scene.node.validUntil
        guard
            case .trusted(let found) = await scene.peers.judge(
                chain: [scene.node], as: .peer(nil), now: end - .milliseconds(1))
        else {
            Issue.record("refused before its end")
            return
        }
        #expect(scene.peers.refusal(of: found, now: end - .milliseconds(1)) == nil)
        #expect(scene.peers.refusal(of: found, now: end) == .expired)
        let late = await scene.peers.judge(chain: [scene.node], as: .peer(nil), now: end + .seconds(1))
        #expect(late == .refused(.expired))
        let early = await scene.peers.judge(chain: [scene.node], as: .peer(nil), now: scene.now - .seconds(301))
        #expect(early == .refused(.notYetValid))
    }

    @Test func `T32 a peer's certificate is no client's, and a client's no peer's`() async throws {
        let asClient = await scene.clients.judge(chain: [scene.node], as: .client, now: scene.now)
        #expect(asClient == .refused(.wrongNames))
        let asPeer = await scene.peers.judge(chain: [scene.client], as: .peer(nil), now: scene.now)
        #expect(asPeer == .refused(.wrongUsage))
        // Even where one authority was made the root of both by mistake.
        let both = TrustPolicy(roots: [scene.network.certificate, scene.facility.certificate])
        #expect(await both.judge(chain: [scene.node], as: .client, now: scene.now) == .refused(.wrongNames))
        #expect(await both.judge(chain: [scene.client], as: .peer(nil), now: scene.now) == .refused(.wrongUsage))
        #expect(await both.judge(chain: [scene.server], as: .client, now: scene.now) == .refused(.wrongUsage))
    }

    @Test func `a certificate without the usages of its kind is refused`() async throws {
        for usages in [[], [ExtendedKeyUsage.Usage.serverAuth], [.clientAuth], [.codeSigning]] {
            var profile = scene.peerProfile()
            profile.usages = usages
            let leaf = try scene.issue(profile, by: scene.network)
            #expect(await scene.peers.judge(chain: [leaf], as: .peer(nil), now: scene.now) == .refused(.wrongUsage))
        }
    }

    @Test(arguments: [
        [], ["urn:oid:1.2.3", "urn:oid:1.2.4"], ["urn:oid:1.2.3", "urn:oid:1.2.3"], ["urn:oid:1.2.3 "],
        ["urn:oid:1.2.3\u{0}.4"], ["urn:oid:01.2.3"], ["URN:OID:1.2.3"], ["urn:uuid:1.2.3"], ["1.2.3"],
        ["urn:oid:1.2.3", "https://a.example.org"], ["urn:oid:*"], ["urn:oid:1.2.3#x"],
    ])
    func `T31 only exactly one urn:oid URI names a community`(uris: [String]) async throws {
        var profile = scene.peerProfile()
        profile.uris = uris
        let leaf = try scene.issue(profile, by: scene.network)
        #expect(await scene.peers.judge(chain: [leaf], as: .peer(nil), now: scene.now) == .refused(.wrongNames))
    }

    @Test func `a node answers only for the community that was dialled`() async throws {
        let verdict = await scene.peers.judge(chain: [scene.node], as: .peer(scene.west), now: scene.now)
        #expect(verdict == .refused(.otherCommunity))
    }

    @Test func `an authority's own certificate opens no connection`() async throws {
        let root = scene.network.certificate
        #expect(await scene.peers.judge(chain: [root], as: .peer(nil), now: scene.now) == .refused(.isAuthority))
        #expect(await scene.peers.judge(chain: [], as: .peer(nil), now: scene.now) == .refused(.noCertificate))
        let long = [Certificate](repeating: scene.node, count: 5)
        #expect(await scene.peers.judge(chain: long, as: .peer(nil), now: scene.now) == .refused(.chainTooLong))
    }

    @Test func `T27 revocation, a lost root and a changed admission end what was trusted before`() async throws {
        var policy = scene.peers
        guard case .trusted(let found) = await policy.judge(chain: [scene.node], as: .peer(nil), now: scene.now) else {
            Issue.record("refused")
            return
        }
        #expect(!policy.isAdmitted(found))
        policy.admitted = [:]
        #expect(policy.refusal(of: found, now: scene.now) == nil, "a stranger may introduce itself")
        #expect(!policy.isAdmitted(found))
        policy.admitted = [scene.east: [found.spkiThumbprint]]
        #expect(policy.isAdmitted(found))
        policy.admitted = [scene.east: [SigningKey().publicKey.thumbprint]]
        #expect(policy.refusal(of: found, now: scene.now) == .notAdmitted)
        #expect(await policy.judge(chain: [scene.node], as: .peer(nil), now: scene.now) == .refused(.notAdmitted))
        policy.admitted = nil
        for name in [found.thumbprint, found.spkiThumbprint] {
            policy.revoked = [name]
            #expect(policy.refusal(of: found, now: scene.now) == .revoked)
            #expect(await policy.judge(chain: [scene.node], as: .peer(nil), now: scene.now) == .refused(.revoked))
        }
        let rotated = TrustPolicy(roots: [scene.facility.certificate])
        #expect(rotated.refusal(of: found, now: scene.now) == .unknownAuthority(""))
    }

    @Test func `keys and certificates survive their PEM forms`() throws {
        let again = try SigningKey(pem: scene.nodeKey.pem)
        #expect(again.publicKey == scene.nodeKey.publicKey)
        #expect(try VerifyingKey(pem: again.publicKey.pem) == again.publicKey)
        #expect(VerifyingKey(spki: again.publicKey.spki) == again.publicKey)
        #expect(scene.node.spkiThumbprint == again.publicKey.thumbprint)
        let text = try CertificatePEM.write([scene.node, scene.network.certificate])
        #expect(try CertificatePEM.read(text) == [scene.node, scene.network.certificate])
        let restored = try CertificateAuthority(
            certificatePEM: CertificatePEM.write([scene.network.certificate]), keyPEM: scene.network.key.pem)
        #expect(restored.certificate == scene.network.certificate)
        #expect(throws: ExchangeError(.badRequest, "")) {
            try CertificateAuthority(
                certificatePEM: CertificatePEM.write([scene.network.certificate]), keyPEM: scene.nodeKey.pem)
        }
        #expect(throws: ExchangeError(.badRequest, "")) { try CertificatePEM.read("hello") }
        #expect(throws: ExchangeError(.badRequest, "")) { try SigningKey(pem: "hello") }
        #expect(VerifyingKey(spki: again.publicKey.spki + [0]) == nil)
    }

    @Test(arguments: ["", "a b", "../x", "ä", String(repeating: "a", count: 65)])
    func `a client's name is plain`(name: String) throws {
        var random = SeededRandom(1)
        #expect(throws: ExchangeError(.badRequest, "")) {
            try scene.facility.issueClient(
                name: name, organization: "x", key: scene.clientKey.publicKey, now: scene.now, using: &random)
        }
    }

    @Test func `addresses are read as certificates write them`() {
        #expect(IPAddress.bytes("127.0.0.1") == [127, 0, 0, 1])
        #expect(IPAddress.bytes("::1") == [UInt8](repeating: 0, count: 15) + [1])
        #expect(IPAddress.bytes("2001:db8::ff00:42:8329")?.count == 16)
        #expect(IPAddress.bytes("1:2:3:4:5:6:7:8") == [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8])
        for wrong in ["127.0.0", "127.0.0.256", "127.0.0.01", "a.b.c.d", ":::", "1:2:3:4:5:6:7:8:9", "1::2::3", "+1::"] {
            #expect(IPAddress.bytes(wrong) == nil, "\(wrong)")
        }
    }
}
