import ExchangeCore
import Foundation
import JSON
import Testing
import Transactions

/// Subscriptions with damage, drawn by seed: refused with a place, never a crash.
///
/// `HIE_FUZZ_CASES` says how many cases in all (10,000,000 by hand).
struct SubscriptionFuzzTests {
    static let seeds = 4
    static let casesPerSeed =
        (ProcessInfo.processInfo.environment["HIE_FUZZ_CASES"].flatMap { Int($0) } ?? 2000) / seeds

    private static let text = """
        {"resourceType":"Subscription","status":"requested","reason":"care","end":"2030-01-01T00:00:00Z","criteria":"\(SubscriptionMapping.topic)",
        "_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria",
        "valueString":"DocumentReference?patient=Patient/00000000-0000-4000-8000-000000000000&type=http://loinc.org|18842-5"}]},
        "channel":{"type":"rest-hook","endpoint":"https://h.example.org/x","payload":"application/fhir+json","header":["Authorization: Bearer x"],
        "_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}
        """

    private static let values: [JSONValue] = [
        .null, .bool(true), .number("1"), .number("-1e400"), .string(""), .string("x"), .array([]), .object([:]),
        .string("DocumentReference?patient=Patient/&type="), .string("DocumentReference?=&=&="), .string("Authorization: "),
        .string("Authorization: a\r\nHost: b"), .string("requested"), .string("https://"), .string(String(repeating: "é", count: 900)),
    ]

    private static func damaged(_ value: JSONValue, _ random: inout SplitMix64) -> JSONValue {
        guard Int.random(in: 0..<12, using: &random) > 0 else { return values.randomElement(using: &random) ?? .null }
        switch value {
        case .object(let object):
            var members = object.members.map { JSONObject.Member($0.name, damaged($0.value, &random)) }
            if !members.isEmpty, Int.random(in: 0..<12, using: &random) == 0 { members.remove(at: Int.random(in: 0..<members.count, using: &random)) }
            return .object(JSONObject(members))
        case .array(let items):
            let kept = items.map { damaged($0, &random) }
            return .array(Int.random(in: 0..<12, using: &random) == 0 ? kept + kept : kept)
        default: return value
        }
    }

    @Test(arguments: 0..<seeds) func `a damaged subscription is refused with its place, or asks for what can be done`(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let original = try JSONReader.read(Array(Self.text.utf8.filter { $0 != 0x0A }))
        let rules = NotificationRules(hosts: ["h.example.org:443"])
        var taken = 0
        for number in 0..<Self.casesPerSeed {
            guard case .object(let object) = Self.damaged(original, &random) else { continue }
            do throws(ExchangeError) {
                _ = try SubscriptionMapping.request(object)
                taken += 1
            } catch {
                if error.code != .badRequest || error.location?.hasPrefix("Subscription.") != true { Issue.record("seed \(seed), case \(number): \(error)") }
            }
            let words = JSONWriter.bytes(.object(object))
            do throws(ExchangeError) { _ = try DocumentSubscription(payload: words, patient: .random(using: &random)) } catch {
                if error.code != .corrupted { Issue.record("seed \(seed), case \(number): \(error)") }
            }
            if let endpoint = object["channel"]?["endpoint"]?.string, endpoint != "https://h.example.org/x", (try? rules.permitted(endpoint)) != nil {
                Issue.record("seed \(seed), case \(number): another host is permitted")
            }
        }
        #expect(taken > 0, "some are left whole")
    }
}
