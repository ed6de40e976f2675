import ConsentEngine
import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import NIOCore
import Testing
import Transactions
import XDSMetadata

@testable import FHIREndpoint

/// Two nodes that differ in one document, which its patient withholds: asked alike, they answer alike, byte for byte.
@Suite struct ForbiddenSearchTests {
    /// One value for each parameter, which the withheld document has; `ID` is its id, `OTHER` that of the one shown.
    static let values: [(name: String, value: String)] = [
        ("_id", "ID"), ("_lastUpdated", "ge2000-01-01"), ("author.family", "Zimmer"), ("author.given", "Zoe"),
        ("category", "http://loinc.org|34117-2"), ("creation", "2019-02-03"), ("date", "ge2000-01-01"),
        ("event", "http://hl7.org/fhir/sid/icd-10-cm|B20"), ("facility", "http://snomed.info/sct|225732001"),
        ("format", "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode|urn:ihe:iti:xds-sd:text:2008"),
        ("identifier", "urn:ietf:rfc:3986|urn:oid:1.2.3.4.5.77"), ("patient", "PATIENT"),
        ("patient.identifier", EdgeScene.mrn + "|IHERED-994"), ("period", "ap2019-02-01"),
        ("related", "DocumentReference/OTHER"),
        ("security-label", CodeSystems.confidentiality + "|R"), ("setting", "http://snomed.info/sct|394586005"),
        ("status", "current,superseded"), ("type", "http://loinc.org|34133-9"),
        ("targetCommunityIdList", "urn:oid:1.3.6.1.4.1.21367.2026.10"),
    ]

    static let controls = ["", "&_count=1", "&_count=0", "&_summary=count", "&_sort=date", "&_page=1.ID", "&_total=accurate"]

    private struct Node {
        let scene: EdgeScene
        let other: String
        /// The withheld document's id; of no document where there is none.
        let id: String

        func ask(_ template: String, _ door: AccessContext.Door, isForm: Bool) async throws -> Answer {
            let text = template.replacing("PATIENT", with: scene.patient.id.description).replacing("OTHER", with: other)
                .replacing("ID", with: id)
            let query = text.split(separator: "&").map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1)
                var value: [UInt8] = []
                PercentEncoding.append(String(parts.last ?? ""), to: &value)
                return "\(parts[0])=\(String(decoding: value, as: UTF8.self))"
            }.joined(separator: "&")
            if isForm {
                return await scene.send(
                    .post, "/fhir/DocumentReference/_search", [.contentType: "application/x-www-form-urlencoded"],
                    body: Array(query.utf8), door: door)
            }
            return await scene.send(.get, "/fhir/DocumentReference?" + query, door: door)
        }

        /// All of an answer but what is random or a time: ids by the order in which they appear.
        func seen(_ answer: Answer) -> String {
            var text = "\(answer.status.code)\n"
            for field in answer.headers where field.name.canonicalName != "x-request-id" { text += "\(field)\n" }
            return text + plain(String(buffer: answer.body))
        }

        private func plain(_ body: String) -> String {
            var known: [Substring: Int] = [:]
            var result = ""
            var rest = body[...]
            while let start = rest.firstIndex(where: \.isHexDigit) {
                result += rest[..<start]
                let end = rest[start...].firstIndex { !$0.isHexDigit && $0 != "-" } ?? rest.endIndex
                let word = rest[start..<end]
                if word.count == 36, word.contains("-") {
                    let number = known[word] ?? known.count
                    known[word] = number
                    result += "id\(number)"
                } else {
                    result += word
                }
                rest = rest[end...]
            }
            result += rest
            return result.split(separator: "elapsed=", omittingEmptySubsequences: false).enumerated()
                .map { $0 == 0 ? String($1) : String($1.drop { $0.isNumber }) }.joined(separator: "elapsed=")
        }
    }

    private static func hiddenReference(beside other: String) -> [UInt8] {
        func concept(_ system: String, _ code: String) -> JSONValue {
            ["coding": [["system": .string(system), "code": .string(code)]]]
        }
        let practitioner: JSONValue = [
            "resourceType": "Practitioner", "id": "author", "name": [["family": "Zimmer", "given": ["Zoe"]]],
        ]
        let context: JSONValue = [
            "event": [concept("http://hl7.org/fhir/sid/icd-10-cm", "B20")],
            "facilityType": concept("http://snomed.info/sct", "225732001"),
            "practiceSetting": concept("http://snomed.info/sct", "394586005"),
            "period": ["start": "2019-02-01", "end": "2019-02-02"],
        ]
        let content: JSONValue = [
            "attachment": [
                "contentType": "text/plain", "creation": "2019-02-03",
                "data": .string(Base64.encode(Array("withheld".utf8))),
            ],
            "format": [
                "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
                "code": "urn:ihe:iti:xds-sd:text:2008",
            ],
        ]
        let relation: JSONValue = [
            "code": "appends", "target": ["reference": .string("DocumentReference/\(other)")],
        ]
        return JSONWriter.bytes([
            "resourceType": "DocumentReference", "status": "current",
            "contained": [practitioner],
            "masterIdentifier": ["system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4.5.77"],
            "type": concept("http://loinc.org", "34133-9"), "category": [concept("http://loinc.org", "34117-2")],
            "author": [["reference": "#author"]],
            "securityLabel": [concept(CodeSystems.confidentiality, "R")],
            "subject": ["identifier": ["system": .string(EdgeScene.mrn), "value": "IHERED-994"]],
            "relatesTo": [relation], "context": context, "content": [content],
        ])
    }

    private func node(withHidden: Bool, notice: Bool = false) async throws -> Node {
        let scene = try await EdgeScene(withheldNotice: notice)
        let other = try await scene.publish()
        var id = "0190aaaa-0000-7000-8000-000000000001"
        if withHidden {
            let answer = await scene.send(.post, "/fhir/DocumentReference", body: Self.hiddenReference(beside: other))
            #expect(answer.status.code == 201, "\(String(buffer: answer.body))")
            id = try #require(try answer.json()["id"]?.string)
        }
        return Node(scene: scene, other: other, id: id)
    }

    /// Withholds what is of one type; permits all the rest, which the default would not.
    private func withhold(_ node: Node) async throws {
        try await record(
            ConsentRule(.permit), [ConsentRule(.deny, typeCodes: [CodedValue(code: "34133-9", system: CodeSystems.loinc)])],
            at: node)
    }

    private func record(_ rule: ConsentRule, _ exceptions: [ConsentRule] = [], at node: Node) async throws {
        let exchange = node.scene.exchange
        var random = exchange.world.random
        let directive = ConsentDirective(
            id: .ordered(at: exchange.world.now(), using: &random), patient: node.scene.patient.id,
            base: rule, exceptions: exceptions, recorded: exchange.world.now())
        let context = AccessContext(
            door: .administration, user: "root", role: nil, organization: node.scene.own.urn,
            community: node.scene.own, purpose: "HOPERAT", deadline: .seconds(1_000_000),
            traceID: String(repeating: "0", count: 32))
        try await exchange.recordConsent(directive, for: context)
    }

    @Test func `every search parameter has a value here`() {
        #expect(Set(SearchParameters.criteria.map(\.name)) == Set(Self.values.map(\.name)))
    }

    @Test(arguments: [AccessContext.Door.client, .peer], [false, true])
    func `a search by an attribute of a withheld document answers as if there were no such document`(
        door: AccessContext.Door, isForm: Bool,
    ) async throws {
        let with = try await node(withHidden: true)
        let without = try await node(withHidden: false)
        try await record(ConsentRule(.permit), at: with)
        try await record(ConsentRule(.permit), at: without)
        for (name, value) in Self.values {
            let base = name.hasPrefix("patient") ? "\(name)=\(value)" : "patient=PATIENT&\(name)=\(value)"
            let found = try await with.ask(base, door, isForm: isForm)
            let ids = try found.matches().compactMap { $0["resource"]?["id"]?.string }
            #expect(ids.contains(with.id), "\(name) does not find it before it is withheld")
        }
        try await withhold(with)
        try await withhold(without)
        for (name, value) in Self.values {
            for control in Self.controls {
                let base = name.hasPrefix("patient") ? "\(name)=\(value)" : "patient=PATIENT&\(name)=\(value)"
                let hidden = with.seen(try await with.ask(base + control, door, isForm: isForm))
                let absent = without.seen(try await without.ask(base + control, door, isForm: isForm))
                #expect(hidden == absent, "\(name)\(control)")
            }
        }
    }

    @Test(arguments: [AccessContext.Door.client, .peer], [HTTPRequest.Method.get, .head])
    func `a withheld document asked for by its id is one that does not exist`(
        door: AccessContext.Door, method: HTTPRequest.Method,
    ) async throws {
        let with = try await node(withHidden: true)
        let without = try await node(withHidden: false)
        try await withhold(with)
        try await withhold(without)
        for path in ["Binary/ID", "DocumentReference/ID", "DocumentReference/ID/_history", "Binary/ID?_format=json"] {
            for headers: HTTPFields in [[:], [.ifNoneMatch: "W/\"1\""], [.accept: "text/html"], [.range: "bytes=0-1"]] {
                var answers: [String] = []
                for node in [with, without] {
                    let path = "/fhir/" + path.replacing("ID", with: node.id)
                    answers.append(node.seen(await node.scene.send(method, path, headers, door: door)))
                }
                #expect(answers[0] == answers[1], "\(path) \(headers)")
            }
        }
    }

    @Test(arguments: [AccessContext.Door.client, .peer])
    func `the notice that records may be withheld stands in every list alike, or in none`(
        door: AccessContext.Door
    ) async throws {
        func notices(_ answer: Answer) throws -> Int {
            try answer.json()["entry"]?.items.compactMap { $0["resource"]?.object }
                .filter { $0["resourceType"] == "OperationOutcome" }.flatMap { OperationOutcome(json: $0).issues }
                .count { $0 == WithheldNotice.issue } ?? 0
        }
        for isOn in [true, false] {
            let node = try await node(withHidden: true, notice: isOn)
            let match = JSONWriter.bytes(["resourceType": "Patient", "name": [["family": "Nobody"]]])
            for isWithheld in [false, true] {
                if isWithheld { try await withhold(node) }
                for query in ["patient=PATIENT", "patient=ID", "patient=PATIENT&type=x|y", "patient=PATIENT&_summary=count"] {
                    #expect(try notices(try await node.ask(query, door, isForm: false)) == (isOn ? 1 : 0), "\(query)")
                }
                for query in ["_id=\(node.scene.patient.id)", "identifier=urn:oid:1.2|nobody"] {
                    let answer = await node.scene.send(.get, "/fhir/Patient?" + query, door: door)
                    #expect(try notices(answer) == (isOn ? 1 : 0))
                }
                let answer = await node.scene.send(.post, "/fhir/Patient/$match", body: match, door: door)
                #expect(try notices(answer) == (isOn ? 1 : 0))
            }
        }
    }
}
