import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import Journal
import NIOCore
import PatientIndex
import Testing
import Transactions

@testable import FHIREndpoint

/// ITI-119 at both doors: its cases, what stewards see, and what another community may learn.
@Suite struct MatchDoorTests {
    private static let url = "http://hl7.org/fhir/StructureDefinition/match-grade"

    private static func person(_ family: String, _ given: [String], born: String, _ more: JSONObject = [:]) -> JSONObject {
        var patient: JSONObject = [
            "resourceType": "Patient",
            "name": [["family": .string(family), "given": .array(given.map { .string($0) })]], "birthDate": .string(born),
        ]
        for member in more.members { patient[member.name] = member.value }
        return patient
    }

    private static let home: JSONObject = [
        "gender": "female", "telecom": [["system": "phone", "value": "802-555-0100"]],
        "address": [["line": ["1 Main St"], "city": "Town", "state": "VT", "postalCode": "05999"]],
    ]

    private func register(_ scene: EdgeScene, _ value: String, _ patient: JSONObject, system: String = EdgeScene.mrn) async throws {
        var patient = patient
        patient["identifier"] = [["system": .string(system), "value": .string(value)]]
        let answer = await scene.send(
            .put, "/fhir/Patient?identifier=\(system)%7C\(value)", body: JSONWriter.bytes(.object(patient)),
            purpose: "PATADMIN", role: "registrar")
        #expect(answer.status == .created, "\(String(buffer: answer.body))")
    }

    private func match(
        _ scene: EdgeScene, _ patient: JSONObject, certain: Bool? = nil, count: Int? = nil,
        door: AccessContext.Door = .client, role: String = "physician",
    ) async -> Answer {
        var body = patient
        if certain != nil || count != nil || door == .peer {
            var parameters = [Parameters.Parameter(name: "resource", resource: patient)]
            if let certain { parameters.append(.init("onlyCertainMatches", "valueBoolean", .bool(certain))) }
            if let count { parameters.append(.init("count", "valueInteger", .number(String(count)))) }
            body = Parameters(parameters).json
        }
        return await scene.send(
            .post, "/fhir/Patient/$match", body: JSONWriter.bytes(.object(body)), door: door, role: role)
    }

    @Test(arguments: ["2961-04-05", "0961-04-05"])
    func `a question about a birth date nobody has, or with a name no registration holds, is refused with the field`(_ born: String) async throws {
        let scene = try await EdgeScene()
        try await register(scene, "N1", Self.person("Varga", ["Ilona"], born: "1961-04-05", Self.home))
        for certain in [nil, true] {
            let answer = await match(scene, Self.person("Varga", ["Ilona"], born: born, Self.home), certain: certain)
            #expect(answer.status == .badRequest)
            #expect(String(buffer: answer.body).contains("Patient.birthDate"))
            #expect(!String(buffer: answer.body).contains(born))
        }
        let long = await match(scene, Self.person(String(repeating: "Ab", count: 5_000), ["Ilona"], born: "1961-04-05", Self.home))
        #expect(long.status == .badRequest)
    }

    private static func grades(_ answer: Answer) throws -> [String] {
        try answer.matches().compactMap { entry in
            entry["search"]?["extension"]?.items.first { $0["url"]?.string == url }?["valueCode"]?.string
        }
    }

    @Test func `a certain person, each record of theirs, best first, with score and grade on every entry`() async throws {
        let scene = try await EdgeScene()
        let alice = Self.person("STERN", ["ALICE", "ROSE"], born: "1958-01-30", Self.home)
        try await register(scene, "A", alice)
        try await register(scene, "B", alice, system: "urn:oid:1.3.6.1.4.1.21367.13.20.2000")
        // Who has the first name and the birth day alone, and may have married, is listed behind them.
        for (answer, others) in [(await match(scene, alice), ["possible"]), (await match(scene, alice, certain: true), [])] {
            #expect(try Self.grades(answer) == ["certain", "certain"] + others)
            #expect(try answer.matches().allSatisfy { $0["search"]?["score"] != nil })
        }
        #expect(try await match(scene, alice, count: 1).matches().count == 1)
    }

    @Test func `nobody is an empty Bundle, and what cannot be asked is refused`() async throws {
        let scene = try await EdgeScene()
        let answer = await match(scene, Self.person("NOBODY", ["NONE"], born: "1990-09-09", Self.home), certain: false)
        #expect(answer.status == .ok)
        #expect(try answer.json()["total"]?.integer == 0 && answer.json()["entry"] == nil)
        for body in [#"{"resourceType":"Patient"}"#, #"{"resourceType":"Parameters"}"#, "[]", #"{"resourceType":"Person"}"#] {
            #expect(await scene.send(.post, "/fhir/Patient/$match", body: Array(body.utf8)).status.code == 400)
        }
        #expect(await match(scene, Self.person("X", ["Y"], born: "1990-09-09"), count: 0).status.code == 400)
    }

    @Test func `several who cannot be told apart: graded to a clinician, nobody where only certain ones are wanted`() async throws {
        let scene = try await EdgeScene()
        for number in 0..<2 {
            try await register(
                scene, "T\(number)",
                Self.person("STERN", ["ALICE"], born: "1958-01-30", ["gender": "female", "address": [["city": .string("Town\(number)")]]]))
        }
        let asked = Self.person("STERN", ["ALICE"], born: "1958-01-30")
        let graded = await match(scene, asked, certain: false)
        #expect(try Self.grades(graded) == ["probable", "probable", "possible"])
        let certain = await match(scene, asked, certain: true)
        #expect(try certain.matches().isEmpty)
        let issue = try certain.json()["entry"]?.items.first?["resource"]?["issue"]?.items.first
        #expect(issue?["code"]?.string == "multiple-matches")
        #expect(issue?["expression"]?.items.compactMap(\.string) == ["Patient.identifier", "Patient.address", "Patient.telecom"])
    }

    @Test func `a merged record is left out, its person is found`() async throws {
        let scene = try await EdgeScene()
        let alice = Self.person("STERN", ["ALICE", "ROSE"], born: "1958-01-30", Self.home)
        try await register(scene, "A", alice)
        try await register(scene, "B", alice)
        var merge = alice
        merge["identifier"] = [["system": .string(EdgeScene.mrn), "value": "B"]]
        merge["active"] = false
        merge["link"] = [["other": ["identifier": ["system": .string(EdgeScene.mrn), "value": "A"]], "type": "replaced-by"]]
        let merged = await scene.send(
            .put, "/fhir/Patient?identifier=\(EdgeScene.mrn)%7CB", body: JSONWriter.bytes(.object(merge)),
            purpose: "PATADMIN", role: "registrar")
        #expect(merged.status == .ok)
        let found = try await match(scene, alice, certain: true).matches()
        #expect(found.map { $0["resource"]?["identifier"]?.items.first?["value"]?.string } == ["A"])
    }

    @Test func `stewards see what each field weighed, and it sums exactly; others do not`() async throws {
        let scene = try await EdgeScene()
        let alice = Self.person("STERN", ["ALICE", "ROSE"], born: "1958-01-30", Self.home)
        try await register(scene, "A", alice)
        let answer = await match(scene, alice, role: "identity-steward")
        let parts = try #require(
            try answer.matches().first?["search"]?["extension"]?.items.first { $0["url"]?.string == MatchExplanation.url })
        func thousandths(_ value: JSONValue?) throws -> Int {
            guard case .number(let text)? = value else { throw ExchangeError(.internal, "no number") }
            return try #require(Int(text.filter { $0 != "." }))
        }
        let items = parts["extension"]?.items ?? []
        let fields = items.filter { $0["url"]?.string == "field" }
        #expect(fields.count > 5)
        let sum = try fields.reduce(0) { sum, field in
            try sum + thousandths(field["extension"]?.items.first { $0["url"]?.string == "bits" }?["valueDecimal"])
        }
        #expect(try sum == thousandths(items.first { $0["url"]?.string == "bits" }?["valueDecimal"]))
        #expect(items.contains { $0["url"]?.string == "rule" })
        #expect(items.first { $0["url"]?.string == "model" }?["valueCode"]?.string == MatchModel.initial.id)
        let text = String(buffer: await match(scene, alice).body)
        #expect(!text.contains(MatchExplanation.url))
        for value in ["STERN", "1958", "555"] { #expect(!String(decoding: JSONWriter.bytes(parts), as: UTF8.self).contains(value)) }
    }

    @Test func `name and birth date are never enough for another community, however rare, and it is told what would be`()
        async throws
    {
        let scene = try await EdgeScene()
        try await register(scene, "A", Self.person("XYZZYWICZ", ["QUIRINA"], born: "1958-01-30", Self.home))
        let asked = Self.person("XYZZYWICZ", ["QUIRINA"], born: "1958-01-30")
        let stranger = Self.person("XYZZYWICZ", ["NOBODY"], born: "1944-04-04")
        var answers: [JSONValue] = []
        for question in [asked, stranger] {
            for certain in [true, false] {
                let answer = await match(scene, question, certain: certain, door: .peer)
                #expect(try answer.matches().isEmpty)
                answers.append(try answer.json())
            }
        }
        // Too little was said: the same answer, whoever is here.
        #expect(Set(answers).count == 1)
        // Enough to ask by, and still nothing of the individual: nobody, and the attributes that would decide.
        let weighty = Self.person(
            "XYZZYWICZ", ["QUIRINA"], born: "1958-01-30", ["address": [["city": "Elsewhere"]]])
        let probable = await match(scene, weighty, certain: true, door: .peer)
        #expect(try probable.matches().isEmpty)
        let certain = await match(
            scene, Self.person("XYZZYWICZ", ["QUIRINA"], born: "1958-01-30", Self.home), certain: false, door: .peer)
        #expect(try certain.matches().count == 1)
    }

    @Test func `a sweep over names by another community ends, whoever it meets`() async throws {
        var limits = ExchangeLimits()
        limits.personsPerUserMax = 5
        let scene = try await EdgeScene(limits: limits)
        try await register(scene, "A", Self.person("NAME3", ["ALICE"], born: "1958-01-30", Self.home))
        var statuses: [Int] = []
        for number in 0..<8 {
            for _ in 0..<2 {
                let question = Self.person("NAME\(number)", ["ALICE"], born: "1958-01-30", Self.home)
                statuses.append(await match(scene, question, certain: true, door: .peer).status.code)
            }
        }
        #expect(statuses == [Int](repeating: 200, count: 10) + [Int](repeating: 503, count: 6))
        #expect(await match(scene, Self.person("NAME9", ["A"], born: "1958-01-30", Self.home)).status.code == 200)
    }

    @Test func `every question leaves its entry, also one that finds nobody`() async throws {
        let scene = try await EdgeScene()
        try await register(scene, "A", Self.person("STERN", ["ALICE"], born: "1958-01-30", Self.home))
        for (door, family) in [(AccessContext.Door.client, "STERN"), (.client, "NOBODY"), (.peer, "STERN"), (.peer, "NOBODY")] {
            let size = scene.exchange.journal.size
            _ = await match(scene, Self.person(family, ["ALICE"], born: "1958-01-30", Self.home), certain: true, door: door)
            #expect(scene.exchange.journal.size == size + 1, "\(door) \(family)")
        }
    }
}
