import ExchangeCore
import Testing
import X509

@testable import Trust

/// A listener that believes certain certificates alone.
@Suite struct PinnedTests {
    let scene: TrustScene

    init() throws { scene = try TrustScene() }

    private func judge(_ chain: [Certificate], _ pinned: Set<Thumbprint>, as kind: TrustPolicy.Kind = .client) async
        -> TrustPolicy.Verdict
    {
        var policy = kind == .client ? scene.clients : scene.peers
        policy.pinned = pinned
        return await policy.judge(chain: chain, as: kind, now: scene.now)
    }

    @Test func `a certificate by its own number, or any certificate of a key by the key's`() async throws {
        for pin in [scene.client.thumbprint, scene.client.spkiThumbprint] {
            guard case .trusted(let found) = await judge([scene.client], [pin]) else {
                Issue.record("refused")
                continue
            }
            #expect(found.clientName == "dr.brattain")
        }
        let renewed = try scene.issue(
            CertificateProfile(commonName: "dr.brattain", usages: [.clientAuth]), by: scene.network, key: scene.clientKey)
        guard case .trusted = await judge([renewed], [scene.client.spkiThumbprint]) else {
            Issue.record("another authority's certificate of the same key is refused")
            return
        }
        #expect(await judge([renewed], [scene.client.thumbprint]) == .refused(.notPinned), "the number ends with the certificate")
    }

    @Test func `the authority's signature alone lets nobody in`() async throws {
        let other = try scene.issue(CertificateProfile(commonName: "other", usages: [.clientAuth]), by: scene.facility)
        #expect(await judge([other], [scene.client.thumbprint]) == .refused(.notPinned))
        #expect(await judge([other], []) == .refused(.notPinned))
        // Whoever brings the pinned certificate along in the chain does not hold its key.
        #expect(await judge([other, scene.client], [scene.client.thumbprint]) == .refused(.notPinned))
    }

    @Test func `use, names and validity are judged as ever`() async throws {
        let late = try scene.issue(
            CertificateProfile(commonName: "late", usages: [.clientAuth]), by: scene.facility, validity: .seconds(60),
            at: scene.now - .seconds(120))
        #expect(await judge([late], [late.thumbprint]) == .refused(.expired))
        #expect(await judge([scene.server], [scene.server.thumbprint]) == .refused(.wrongUsage))
        #expect(await judge([scene.node], [scene.node.thumbprint]) == .refused(.wrongNames), "a peer's stays out of the client port")
        let root = scene.facility.certificate
        #expect(await judge([root], [root.thumbprint]) == .refused(.isAuthority))
    }

    @Test func `revocation and admission stand above it, and each request is judged by the newest pins`() async throws {
        guard case .trusted(let found) = await judge([scene.client], [scene.client.thumbprint]) else {
            Issue.record("refused")
            return
        }
        var policy = TrustPolicy(roots: [scene.facility.certificate], revoked: [scene.client.spkiThumbprint], pinned: [scene.client.thumbprint])
        #expect(policy.refusal(of: found, now: scene.now) == .revoked)
        policy.revoked = []
        #expect(policy.refusal(of: found, now: scene.now) == nil)
        policy.pinned = [scene.server.thumbprint]
        #expect(policy.refusal(of: found, now: scene.now) == .notPinned)
        policy.pinned = nil
        #expect(policy.refusal(of: found, now: scene.now) != nil, "let in by its pin, and no chain was looked at")
        let peers = TrustPolicy(
            roots: [scene.network.certificate], admitted: [scene.east: [scene.client.spkiThumbprint]],
            pinned: [scene.node.thumbprint])
        #expect(await peers.judge(chain: [scene.node], as: .peer(nil), now: scene.now) == .refused(.notAdmitted))
    }

    @Test func `numbers are read as people copy them`() throws {
        let thumbprint = scene.client.thumbprint
        let hex = thumbprint.bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        let (plain, colons): (String, String) = (hex.joined(), hex.joined(separator: ":"))
        let texts: [String] = [thumbprint.text, plain, plain.uppercased(), colons, colons.uppercased()]
        for text in texts { #expect(Thumbprint(anyForm: text) == thumbprint, "\(text)") }
        let short = String(plain.dropLast())
        let half: String = hex.prefix(16).joined(separator: ":") + hex.suffix(16).joined()
        let wrong: [String] = ["", "AA", short, plain + "0", hex.joined(separator: " "), ":" + colons, colons + ":", short + "g", half]
        for text in wrong { #expect(Thumbprint(anyForm: text) == nil, "\(text)") }
    }
}
