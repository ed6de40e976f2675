import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import NIOCore
import PatientIndex
import Testing
import Transactions

@testable import FHIREndpoint

/// Stewards' `$mdm-` operations at the door: who may, what is told, what is refused, and that they are the same acts.
@Suite struct PersonLinkingDoorTests {
    private static func facts(_ given: String, born: String = "1958-01-30", phone: String = "802-555-0100") -> Demographics {
        Demographics(
            names: [PersonName(family: "Stern", given: [given])], birthDate: PartialDate(born), sex: .female,
            addresses: [PostalAddress(lines: ["1 Main St"], city: "Town", state: "VT", postalCode: "05999")], phones: [phone])
    }

    private static func register(_ scene: EdgeScene, _ value: String, _ facts: Demographics) async throws -> PatientID {
        let context = AccessContext(
            door: .administration, user: "root", role: nil, organization: scene.own.urn, community: scene.own,
            purpose: "HOPERAT", deadline: .seconds(1_000_000), traceID: String(repeating: "0", count: 32))
        let identifier = try #require(PatientIdentifier(system: EdgeScene.mrn, value: value))
        return try await scene.exchange.registerPatient(
            PatientRegistration(identifiers: [identifier], demographics: facts), for: context
        ).id
    }

    /// Sends a POST of Parameters with these texts.
    private static func post(
        _ scene: EdgeScene, _ operation: String, _ fields: [(String, String)], role: String = "identity-steward",
        purpose: String? = "HOPERAT", door: AccessContext.Door = .client,
    ) async -> Answer {
        let parameters = Parameters(fields.map { Parameters.Parameter($0.0, "valueString", .string($0.1)) })
        return await scene.send(
            .post, "/fhir/\(operation)", body: JSONWriter.bytes(.object(parameters.json)), door: door, purpose: purpose,
            role: role)
    }

    private static func links(_ scene: EdgeScene, _ query: String) async throws -> [[String: String]] {
        let answer = await scene.send(.get, "/fhir/$mdm-query-links?\(query)", purpose: "HOPERAT", role: "identity-steward")
        #expect(answer.status == .ok, "\(String(buffer: answer.body))")
        return try (answer.json()["parameter"]?.items ?? []).filter { $0["name"]?.string == "link" }.map { link in
            Dictionary(
                (link["part"]?.items ?? []).map { part in
                    (part["name"]?.string ?? "", part["valueString"]?.string ?? part.text)
                }) { first, _ in first }
        }
    }

    private static func number(_ answer: Answer, _ name: String) throws -> Int? {
        try answer.json()["parameter"]?.items.first { $0["name"]?.string == name }?["valueInteger"]?.integer
    }

    private static func persons(_ scene: EdgeScene, _ records: [PatientID]) async throws -> [PersonID?] {
        try await scene.exchange.persons(of: records)
    }

    @Test func `a record's links name its person; parted, it gets one of its own and the pair is told as no match`() async throws {
        let scene = try await EdgeScene()
        let one = try await Self.register(scene, "A", Self.facts("Ingrid"))
        let other = try await Self.register(scene, "B", Self.facts("Ingrid"))
        let person = try #require(try await Self.persons(scene, [one, other])[0])
        #expect(try await Self.persons(scene, [other]) == [person])
        let before = try await Self.links(scene, "goldenResourceId=Person/\(person)")
        #expect(Set(before.map { $0["targetResourceId"] }) == ["Patient/\(one)", "Patient/\(other)"])
        #expect(before.allSatisfy { $0["matchResult"] == "MATCH" && $0["linkSource"] == "AUTO" })

        let parting = [("goldenResourceId", "Person/\(person)"), ("resourceId", "Patient/\(other)"), ("matchResult", "NO_MATCH")]
        let looked = await Self.post(scene, "$mdm-update-link", parting + [("preview", "true")])
        #expect(try Self.number(looked, "records") == 1)
        #expect(try Self.number(looked, "entry") == nil)
        #expect(try await Self.persons(scene, [other]) == [person])
        let parted = await Self.post(scene, "$mdm-update-link", parting + [("reason", "the sister")])
        #expect(parted.status == .ok, "\(String(buffer: parted.body))")
        let entry = try #require(try Self.number(parted, "entry"))
        let persons = try await Self.persons(scene, [one, other])
        #expect(persons[0] == person && persons[1] != person)
        let after = try await Self.links(scene, "resourceId=Patient/\(other)")
        #expect(after.map { $0["matchResult"] } == ["MATCH", "NO_MATCH"])
        #expect(after.map { $0["linkSource"] } == ["MANUAL", "MANUAL"])
        #expect(after[1]["goldenResourceId"] == "Person/\(person)")
        #expect(try await Self.links(scene, "resourceId=Patient/\(other)&matchResult=NO_MATCH").count == 1)

        let history = await scene.send(
            .get, "/fhir/$mdm-link-history?resourceId=Patient/\(other)", purpose: "HOPERAT", role: "identity-steward")
        let text = String(buffer: history.body)
        #expect(text.contains("the sister") && text.contains("unlink") && text.contains("\(entry)"))
        #expect(!text.contains("Stern") && !text.contains("1958"))

        // The same act as the administrator's: it is taken back as one.
        _ = try await scene.exchange.desk.record(
            try await scene.exchange.desk.undoing(UInt64(entry), actor: "root", reason: "wrong"))
        #expect(try await Self.persons(scene, [one, other]) == [person, person])
    }

    @Test func `who may be the same is told with the bits, linked by a steward, or said to be different for good`() async throws {
        let scene = try await EdgeScene()
        let one = try await Self.register(scene, "A", Self.facts("Jane"))
        let twin = try await Self.register(scene, "B", Self.facts("Jean"))
        let open = try await Self.links(scene, "")
        #expect(open.count == 1)
        #expect(open[0]["targetResourceId"] == "Patient/\(twin)" && open[0]["matchResult"] == "POSSIBLE_MATCH")
        let person = try #require(open[0]["goldenResourceId"])
        let apart = await Self.post(scene, "$mdm-not-duplicate", [("goldenResourceId", person), ("resourceId", "Patient/\(twin)")])
        #expect(apart.status == .ok, "\(String(buffer: apart.body))")
        #expect(try await Self.links(scene, "").isEmpty)
        #expect(try await Self.links(scene, "resourceId=Patient/\(twin)").contains { $0["matchResult"] == "NO_MATCH" })
        let again = await Self.post(scene, "$mdm-not-duplicate", [("goldenResourceId", person), ("resourceId", "Patient/\(twin)")])
        #expect(again.status == .conflict)
        // A steward's later word outweighs the earlier one.
        let linked = await Self.post(scene, "$mdm-create-link", [("goldenResourceId", person), ("resourceId", "Patient/\(twin)")])
        #expect(linked.status == .ok, "\(String(buffer: linked.body))")
        let persons = try await Self.persons(scene, [one, twin])
        #expect(persons[0] == persons[1])
        let twice = await Self.post(scene, "$mdm-create-link", [("goldenResourceId", person), ("resourceId", "Patient/\(twin)")])
        #expect(twice.status == .conflict)
    }

    @Test func `one person takes another's records, and says how many documents move`() async throws {
        let scene = try await EdgeScene()
        let one = try await Self.register(scene, "A", Self.facts("Jane"))
        let other = try await Self.register(scene, "B", Self.facts("Jean"))
        let merged = await Self.post(
            scene, "$mdm-merge-golden-resources",
            [("fromGoldenResourceId", "Patient/\(other)"), ("toGoldenResourceId", "Patient/\(one)")])
        #expect(merged.status == .ok, "\(String(buffer: merged.body))")
        #expect(try Self.number(merged, "records") == 1)
        #expect(try Self.number(merged, "documents") == 0)
        let persons = try await Self.persons(scene, [one, other])
        #expect(persons[0] == persons[1])
    }

    @Test func `only stewards, for a purpose of theirs, at the clients' door; all others learn nothing`() async throws {
        let scene = try await EdgeScene()
        let known = try await Self.register(scene, "A", Self.facts("Alice"))
        for record in ["\(known)", "00000000-0000-4000-8000-000000000000"] {
            for (role, purpose) in [("physician", "TREAT"), ("registrar", "PATADMIN"), ("identity-steward", "HRESCH")] {
                let asked = await scene.send(
                    .get, "/fhir/$mdm-query-links?resourceId=Patient/\(record)", purpose: purpose, role: role)
                #expect(asked.status == .forbidden, "\(role) \(purpose)")
                let told = await Self.post(
                    scene, "$mdm-update-link",
                    [
                        ("goldenResourceId", "Patient/\(record)"), ("resourceId", "Patient/\(record)"),
                        ("matchResult", "NO_MATCH"),
                    ], role: role, purpose: purpose)
                #expect(told.status == .forbidden, "\(role) \(purpose)")
            }
            let peer = await scene.send(
                .get, "/fhir/$mdm-query-links?resourceId=Patient/\(record)", door: .peer, role: "identity-steward")
            #expect(peer.status.code == 501)
        }
    }

    @Test(arguments: [
        ("$mdm-update-link", [("goldenResourceId", "Person/x"), ("resourceId", "Patient/00000000-0000-4000-8000-000000000000")]),
        ("$mdm-update-link", [("resourceId", "Patient/00000000-0000-4000-8000-000000000000")]),
        (
            "$mdm-update-link",
            [
                ("goldenResourceId", "Person/00000000-0000-4000-8000-000000000000"),
                ("resourceId", "Patient/00000000-0000-4000-8000-000000000000"), ("matchResult", "PERHAPS"),
            ]
        ),
        ("$mdm-merge-golden-resources", [("fromGoldenResourceId", "Person/00000000-0000-4000-8000-000000000000")]),
        ("$mdm-not-duplicate", []), ("$mdm-query-links", [("nobody", "knows")]), ("$mdm-query-links", [("_count", "0")]),
        ("$mdm-query-links", [("resourceId", "Patient/1"), ("resourceId", "Patient/2")]), ("$mdm-link-history", []),
    ]) func `what cannot be meant is refused with the parameter`(operation: String, fields: [(String, String)]) async throws {
        let scene = try await EdgeScene()
        let answer = await Self.post(scene, operation, fields)
        #expect(answer.status == .badRequest, "\(String(buffer: answer.body))")
    }

    @Test func `somebody who was never registered is not found`() async throws {
        let scene = try await EdgeScene()
        let nobody = "00000000-0000-4000-8000-000000000000"
        let told = await Self.post(
            scene, "$mdm-create-link", [("goldenResourceId", "Person/\(nobody)"), ("resourceId", "Patient/\(nobody)")])
        #expect(told.status == .notFound)
        #expect(try await Self.links(scene, "resourceId=Patient/\(nobody)").isEmpty)
    }
}

extension JSONValue {
    /// A part's value, whatever its kind; for looking at it only.
    fileprivate var text: String {
        if case .number(let text)? = self["valueDecimal"] { return text }
        return ""
    }
}
