import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Testing

/// Who treats, by stays and visits, and what directives make of it.
@Suite struct CareEncounterTests {
    private static let community = CommunityID("1.3.6.1.4.1.21367.2026.10")!
    private static let now = PartialDate("2026-08-03T12:00:00Z")!.start

    private static func asker(_ user: String, _ door: AccessContext.Door = .client) -> AccessContext {
        AccessContext(
            door: door, user: user, role: "physician", organization: community.urn, community: community, purpose: "TREAT",
            deadline: .zero, traceID: "")
    }

    private static func stay(_ status: CareEncounter.Status, from start: String = "2026-08-01", to end: String? = nil) -> CareEncounter {
        CareEncounter(
            number: "urn:oid:1.2|V-1", status: status, start: PartialDate(start), end: end.flatMap { PartialDate($0) },
            practitioners: [.init(system: "urn:oid:1.2.9", value: "4711"), .init(system: nil, value: "dr.ward")], recorded: now)
    }

    private static func permits(
        _ care: [CareEncounter], _ user: String, _ door: AccessContext.Door = .client, at moment: Timestamp = now,
        _ effect: ConsentEffect = .permit,
    ) throws -> Bool {
        var random = SplitMix64(seed: 1)
        let patient = PatientID.random(using: &random)
        let base = ConsentRule(effect == .permit ? .deny : .permit)
        let directive = ConsentDirective(
            id: .random(using: &random), patient: patient, base: base,
            exceptions: [ConsentRule(effect, actors: [.treating])], recorded: now - .seconds(60))
        let document = DocumentFacts(
            id: .random(using: &random), labels: SecurityLabels(confidentiality: .normal), home: community)
        return PatientConsent([directive], care: care).compiled(policy: .optOut, now: moment)
            .decide(asker(user, door), document: document).isPermitted
    }

    @Test func `those whom a stay names treat while it goes on and a month after, and nobody else`() throws {
        #expect(try Self.permits([Self.stay(.inProgress)], "4711"))
        #expect(try Self.permits([Self.stay(.inProgress)], "dr.ward"))
        #expect(try Self.permits([Self.stay(.inProgress)], "urn:oid:1.2.9|4711"))
        #expect(try !Self.permits([Self.stay(.inProgress)], "4712"))
        #expect(try !Self.permits([], "4711"))
        for status in [CareEncounter.Status.planned, .cancelled] { #expect(try !Self.permits([Self.stay(status)], "4711")) }
        #expect(try !Self.permits([Self.stay(.inProgress, from: "2026-08-04")], "4711"), "it has not begun")
        let ended = Self.stay(.finished, to: "2026-08-02")
        #expect(try Self.permits([ended], "4711"))
        #expect(try Self.permits([ended], "4711", at: Self.now + .seconds(28 * 86_400)))
        #expect(try !Self.permits([ended], "4711", at: Self.now + .seconds(31 * 86_400)))
        #expect(try !Self.permits([Self.stay(.inProgress)], "4711", at: Self.now + .seconds(500 * 86_400)), "an end nobody heard of")
    }

    @Test func `somebody of another community is known by system and number together`() throws {
        #expect(try !Self.permits([Self.stay(.inProgress)], "4711", .peer))
        #expect(try Self.permits([Self.stay(.inProgress)], "urn:oid:1.2.9|4711", .peer))
    }

    @Test func `a refusal to whoever treats speaks of everybody where no stay is known`() throws {
        #expect(try !Self.permits([], "4712", .client, at: Self.now, .deny))
        #expect(try Self.permits([Self.stay(.inProgress)], "4712", .client, at: Self.now, .deny))
        #expect(try !Self.permits([Self.stay(.inProgress)], "4711", .client, at: Self.now, .deny))
    }

    @Test func `what was compiled is compiled anew when a stay begins or its month is over`() throws {
        var random = SplitMix64(seed: 1)
        let directive = ConsentDirective(
            id: .random(using: &random), patient: .random(using: &random), base: ConsentRule(.deny),
            exceptions: [ConsentRule(.permit, actors: [.treating])], recorded: Self.now)
        let document = DocumentFacts(
            id: .random(using: &random), labels: SecurityLabels(confidentiality: .normal), home: Self.community)
        let consent = PatientConsent([directive], care: [Self.stay(.finished, from: "2026-08-05", to: "2026-08-10")])
        func isPermitted(after days: Int) -> Bool {
            consent.compiled(policy: .optOut, now: Self.now + .seconds(days * 86_400))
                .decide(Self.asker("4711"), document: document).isPermitted
        }
        #expect([0, 1, 3, 20, 36, 39].map(isPermitted) == [false, false, true, true, true, false])
    }

    @Test func `CareTeam slash treating is read and written as FHIR`() throws {
        var random = SplitMix64(seed: 1)
        let directive = ConsentDirective(
            id: .random(using: &random), patient: .random(using: &random), base: ConsentRule(.deny),
            exceptions: [ConsentRule(.permit, actors: [.treating, .role("treating")])], recorded: Self.now)
        let json = ConsentMapping.json(directive)
        let text = String(decoding: JSONWriter.bytes(.object(json)), as: UTF8.self)
        #expect(text.contains("CareTeam/treating"))
        let again = try ConsentMapping.directive(recording: json, id: directive.id, patient: directive.patient, recorded: Self.now)
        #expect(again.exceptions.first?.actors == [.treating, .role("treating")])
        #expect(again.doubts.isEmpty)
    }
}
