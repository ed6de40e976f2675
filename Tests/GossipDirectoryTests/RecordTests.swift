import ExchangeCore
import JSON
import Testing
import Trust

@testable import GossipDirectory

@Suite struct RecordTests {
    let scene = GossipScene()

    @Test func `a record says what was put into it, from the exact bytes`() throws {
        let record = try scene.record(1)
        var state = try scene.state(0, knowing: [1])
        #expect(state.accept(record: record.token.compact, now: scene.now) == .stored)
        let found = try #require(state.community(scene.community(1), now: scene.now))
        #expect(found.record == record)
        #expect(found.record?.token.compact == record.token.compact)
        #expect(found.standing == .active)
        #expect(found.name == "Facility 1")
        #expect(found.endpoint("fhir") == (try scene.url(1)))
        #expect(found.endpoint("xca") == nil)
    }

    @Test func `T1 nobody but its owner changes a record`() throws {
        var state = try scene.state(0, knowing: [1, 2])
        #expect(try state.accept(record: scene.forge(1, key: scene.keys[2]) { _ in }, now: scene.now).isRefused)
        #expect(try state.accept(record: scene.forge(1, key: scene.authority) { _ in }, now: scene.now).isRefused)
        let admission = try scene.forge(1, type: .admission) { _ in }
        #expect(state.accept(record: admission, now: scene.now) == .refused(.token(.wrongType)))
        let assertion = try scene.forge(1, type: .assertion) { _ in }
        #expect(state.accept(record: assertion, now: scene.now) == .refused(.token(.wrongType)))
        #expect(state.communities(now: scene.now).allSatisfy { $0.record == nil })
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `T1 no record changed in any byte is stored or forwarded`(seed: UInt64) throws {
        var random = SeededRandom(seed)
        var state = try scene.state(0, knowing: [1, 2])
        #expect(try state.accept(record: scene.record(2).token.compact, now: scene.now) == .stored)
        let good = try scene.record(1).token.compact
        for _ in 0..<100 {
            var bytes = Array(good.utf8)
            let at = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<7, using: &random)
            case 1: bytes.remove(at: at)
            default: bytes = Array(bytes[..<at])
            }
            var message = DirectoryMessage(network: scene.network)
            message.records = [String(decoding: bytes, as: UTF8.self)]
            let effects = state.handle(
                .asked(message, from: try scene.community(2)), now: scene.now, using: &random)
            #expect(state.community(try scene.community(1), now: scene.now)?.record == nil)
            for effect in effects {
                switch effect {
                case .persist, .send, .changed, .updated, .reach: Issue.record("a forged record moved something")
                case .reply, .refuse, .notice, .cut: break
                }
            }
        }
    }

    @Test func `T2 nothing older returns, also after a restart`() throws {
        var state = try scene.state(0, knowing: [1])
        let base = UInt64(scene.now.milliseconds) - 10
        let history = try (0..<8).map { try scene.record(1, sequence: base + $0, name: "name \($0)") }
        #expect(state.accept(record: history[7].token.compact, now: scene.now) == .stored)
        for old in history.prefix(7) { #expect(state.accept(record: old.token.compact, now: scene.now) == .stale) }
        #expect(state.accept(record: history[7].token.compact, now: scene.now) == .duplicate)
        var restarted = try scene.state(0)
        #expect(restarted.restore(state.facts.reversed(), now: scene.now + .seconds(1)) == [])
        for old in history.prefix(7) { #expect(restarted.accept(record: old.token.compact, now: scene.now) == .stale) }
        #expect(restarted.facts == state.facts)
    }

    @Test func `T2 what was collected after its expiry does not come back`() throws {
        var random = SeededRandom(1)
        var state = try scene.state(0, knowing: [1])
        let record = try scene.record(1)
        #expect(state.accept(record: record.token.compact, now: scene.now) == .stored)
        let end = record.statement.expires
        #expect(state.community(record.community, now: end - .milliseconds(1))?.standing == .active)
        #expect(state.community(record.community, now: end)?.standing == .stale)
        let late = end + .seconds(30 * 86400)
        _ = state.handle(.timer, now: late, using: &random)
        #expect(state.community(record.community, now: late)?.record == nil)
        #expect(state.community(record.community, now: late)?.standing == .silent)
        #expect(state.accept(record: record.token.compact, now: late).isRefused)
        // And even when the clock is set back: the mark stays for good.
        #expect(state.accept(record: record.token.compact, now: scene.now) == .duplicate)
        #expect(state.community(record.community, now: scene.now)?.record == nil)
    }

    @Test func `T4 a record from the future is refused, and its owner can publish again`() throws {
        var state = try scene.state(0, knowing: [1])
        let limit = UInt64((scene.now + .seconds(600)).milliseconds)
        for sequence in [limit + 1, UInt64(1) << 53 - 1] as [UInt64] {
            let record = try scene.record(1, sequence: sequence)
            #expect(state.accept(record: record.token.compact, now: scene.now) == .refused(.farFuture))
        }
        for number in ["9223372036854775808", "9007199254740992", "-1", "1.5", "1e3"] {
            let text = try scene.forge(1) { $0["seq"] = .number(number) }
            #expect(state.accept(record: text, now: scene.now) == .refused(.malformed("seq")))
        }
        let ahead = try scene.record(1, at: scene.now + .seconds(601))
        #expect(state.accept(record: ahead.token.compact, now: scene.now) == .refused(.farFuture))
        let edge = try scene.record(1, sequence: limit)
        #expect(state.accept(record: edge.token.compact, now: scene.now) == .stored)
    }

    @Test func `T4 only an admission raises the epoch`() throws {
        var state = try scene.state(0, knowing: [1])
        let record = try scene.record(1, epoch: 2)
        #expect(state.accept(record: record.token.compact, now: scene.now) == .refused(.wrongEpoch))
        let raised = try scene.admission(1, epoch: 2)
        #expect(state.accept(admission: raised.token.compact) == .stored)
        #expect(state.accept(record: record.token.compact, now: scene.now) == .stored)
        #expect(state.accept(admission: try scene.admission(1).token.compact) == .stale)
        let old = try scene.record(1)
        #expect(state.accept(record: old.token.compact, now: scene.now) == .stale)
    }

    @Test func `T5 two stories of one owner are evidence, and it is routed to no more`() throws {
        var random = SeededRandom(5)
        var state = try scene.state(0, knowing: [1, 2])
        let first = try scene.record(1, name: "one story")
        let second = try scene.record(1, name: "another story")
        #expect(state.accept(record: first.token.compact, now: scene.now) == .stored)
        var message = DirectoryMessage(network: scene.network)
        message.records = [second.token.compact]
        let effects = state.handle(.asked(message, from: try scene.community(2)), now: scene.now, using: &random)
        #expect(effects.contains(.notice(.equivocation(first.community))))
        #expect(state.community(first.community, now: scene.now)?.standing == .quarantined)
        let proof = try #require(state.facts.first { $0.kind == .proof })
        #expect(effects.contains(.persist(proof)))
        #expect(Set(proof.compact.split(separator: " ").map(String.init)) == [first.token.compact, second.token.compact])
        var restarted = try scene.state(0)
        _ = restarted.restore(state.facts, now: scene.now)
        #expect(restarted.community(first.community, now: scene.now)?.standing == .quarantined)
        #expect(restarted.facts == state.facts)
        // A new record does not clear it; a new epoch does.
        let third = try scene.record(1, sequence: first.statement.sequence + 1)
        #expect(state.accept(record: third.token.compact, now: scene.now) == .stored)
        #expect(state.community(first.community, now: scene.now)?.standing == .quarantined)
        #expect(state.accept(admission: try scene.admission(1, epoch: 2).token.compact) == .stored)
        let clean = try scene.record(1, sequence: first.statement.sequence + 2, epoch: 2)
        #expect(state.accept(record: clean.token.compact, now: scene.now) == .stored)
        #expect(state.community(first.community, now: scene.now)?.standing == .active)
    }

    @Test func `an owner who signs one statement twice told one story`() throws {
        var state = try scene.state(0, knowing: [1])
        let statement = try scene.statement(1)
        let first = try DirectoryRecord(stating: statement, key: scene.keys[1])
        let twin = try DirectoryRecord(stating: statement, key: scene.keys[1])
        #expect(first.token.compact != twin.token.compact)
        #expect(state.accept(record: first.token.compact, now: scene.now) == .stored)
        #expect(state.accept(record: twin.token.compact, now: scene.now) == .duplicate)
        #expect(state.community(first.community, now: scene.now)?.standing == .active)
    }

    @Test func `a record is refused beyond its admission and outside its network`() throws {
        var state = try scene.state(0, knowing: [1])
        func verdict(_ change: (inout JSONObject) -> Void) throws -> DirectoryVerdict {
            state.accept(record: try scene.forge(1, change), now: scene.now)
        }
        let foreign = scene.keys[2].publicKey.thumbprint.text
        #expect(try verdict { $0["keys"] = [["spki": .string(foreign)]] } == .refused(.beyondAdmission))
        #expect(try verdict { $0["ids"] = ["urn:oid:1.2.3"] } == .refused(.beyondAdmission))
        #expect(try verdict { $0["net"] = .string(foreign) } == .refused(.otherNetwork))
        #expect(try verdict { $0["exp"] = .number("1772704801") } == .refused(.lifetimeTooLong))
        #expect(try verdict { $0["exp"] = .number("1772445600") } == .refused(.lifetimeTooLong))
        #expect(try verdict { $0["status"] = "dead" } == .refused(.malformed("status")))
        #expect(try verdict { $0["community"] = "urn:oid:1.2.3" } == .refused(.notAdmitted))
        #expect(try verdict { $0["org"] = .string("a\nb") } == .refused(.malformed("org")))
        for url in ["http://a.example.org", "https://u@a.example.org", "file:///etc/passwd", "https://a/../b"] {
            let endpoint: JSONValue = ["role": "fhir", "url": .string(url)]
            #expect(try verdict { $0["endpoints"] = [endpoint] } == .refused(.malformed("endpoints.url")))
        }
        #expect(try verdict { $0["unknown"] = ["kept": true] } == .stored)
    }

    @Test func `only the network's authority admits, and only for as long as it says`() throws {
        var state = try scene.state(0)
        let forged = try scene.admission(1, signer: scene.keys[2])
        #expect(state.accept(admission: forged.token.compact) == .refused(.token(.unknownKey)))
        let record = try scene.record(1)
        #expect(state.accept(record: record.token.compact, now: scene.now) == .refused(.notAdmitted))
        let admission = try scene.admission(1)
        #expect(state.accept(admission: admission.token.compact) == .stored)
        #expect(state.accept(admission: admission.token.compact) == .duplicate)
        let end = admission.grant.expires
        #expect(state.admittedKeys(now: end - .milliseconds(1))[record.community] == [scene.keys[1].publicKey.thumbprint])
        #expect(state.admittedKeys(now: end).isEmpty)
        let late = try scene.record(1, at: end)
        #expect(state.accept(record: late.token.compact, now: end) == .refused(.notAdmitted))
        #expect(state.key(scene.keys[1].publicKey.thumbprint, of: record.community, now: scene.now) != nil)
        #expect(state.key(scene.keys[2].publicKey.thumbprint, of: record.community, now: scene.now) == nil)
        var grant = admission.grant
        grant.expires = grant.notBefore + .seconds(398 * 86400)
        let long = try Admission(granting: grant, key: scene.authority)
        #expect(state.accept(admission: long.token.compact) == .refused(.lifetimeTooLong))
    }

    @Test func `a record names up to four addresses of a service, the preferred first, each once`() throws {
        let scene = GossipScene()
        let urls = try (0..<6).map { try #require(EndpointURL("https://h\($0).example.org:9443/fhir")) }
        var statement = try scene.statement(0)
        statement.profile.endpoints =
            [DirectoryEndpoint(role: "gossip", url: try scene.url(0), weight: 1000)]
            + [0, 1, 0].map { DirectoryEndpoint(role: "fhir", url: urls[$0]) }
            + [DirectoryEndpoint(role: "fhir", url: urls[2], weight: 9)]
            + [3, 4, 5].map { DirectoryEndpoint(role: "fhir", url: urls[$0]) }
        let record = try DirectoryRecord(stating: statement, key: scene.keys[0])
        var state = try scene.state(1, knowing: [0])
        #expect(state.accept(record: record.token.compact, now: scene.now) == .stored)
        let held = try #require(state.community(try scene.community(0), now: scene.now))
        #expect(held.endpoints("fhir") == [urls[2], urls[0], urls[1], urls[3]])
        #expect(held.endpoints("fhir").first == held.endpoint("fhir"))
        #expect(held.endpoints("rls").isEmpty)
    }

    @Test func `addresses are read strictly and written as they are read`() {
        for good in ["https://a.example.org:9443/fhir", "https://127.0.0.1:1", "https://[::1]:9443/x/y-z_1.2"] {
            #expect(EndpointURL(good)?.description == good)
        }
        #expect(EndpointURL("https://A.example.org:443/fhir/")?.description == "https://a.example.org/fhir")
        for wrong in [
            "", "https://", "HTTPS://a", "https://a:0", "https://a:65536", "https://a:+1", "https://a:1:2", "https://a b",
            "https://a/%2e%2e/b", "https://a/./b", "https://a?x", "https://a#x", "https://a\\b", "https://[::1", "https://-a",
            "https://a@b", "https://a/ä", "https://ä", "https://[gg]", "https://a\u{0}",
        ] { #expect(EndpointURL(wrong) == nil, "\(wrong)") }
    }
}

extension DirectoryVerdict {
    var isRefused: Bool { if case .refused = self { true } else { false } }
}
