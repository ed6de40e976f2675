import Foundation
import JSON
import Testing

/// The consent and alert commands against a running node.
@Suite struct ConsentCommandTests {
    private static let hospital = "1.3.6.1.4.1.21367.2026.10"
    private static let clinic = "urn:oid:1.3.6.1.4.1.21367.2026.11"

    @Test(.timeLimit(.minutes(5)))
    func `directives in plain forms, explained, compared, remembered; an emergency reviewed and closed`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let node = try await RunningNode.start(in: folder, name: "hospital", community: Self.hospital)
        defer { node.stop() }
        let person = try Person.first(at: Self.hospital)
        let id = try await node.register(person)
        let published = try await node.clinician.run(["document", "publish"] + person.documents)
        #expect(published.code == 0, "\(published.text)")
        try await plainForms(node, id, folder)
        try await questions(node, id, folder)
        try await emergency(node, id)
    }

    private func shown(_ node: RunningNode, _ id: String) async throws -> Int {
        let found = try await node.clinician.run("document", "find", "--patient", id, "--json")
        #expect(found.code == 0, "\(found.errors)")
        return found.json?["documents"]?.items.count ?? -1
    }

    private func plainForms(_ node: RunningNode, _ id: String, _ folder: Folder) async throws {
        let before = try await shown(node, id)
        #expect(before > 0)
        let form = try folder.file("form.pdf", text: "signed")
        let only = try await node.admin.run(
            "consent", "record", "--patient", id, "--permit-only-purpose", "HRESCH", "--withhold",
            "psychiatric,substance-use", "--until", "2099-01-01", "--recorded-by", "Ann Mohr", "--relation", "PRN",
            "--evidence", form, "--json")
        #expect(only.code == 0, "\(only.errors)")
        #expect(only.json?["effect"] == "permit")
        #expect(only.json?["withheld"]?.items.compactMap(\.string) == ["PSY", "ETH"])
        #expect(only.json?["relation"] == "PRN")
        #expect(only.json?["recordedBy"] == "Ann Mohr")
        #expect(only.json?["evidence"]?.string?.hasPrefix("digest ") == true)
        #expect(try await shown(node, id) == 0)
        let directive = only.json?["id"]?.string ?? ""
        let revoked = try await node.admin.run("consent", "revoke", directive, "--json")
        #expect(revoked.json?["version"]?.integer == 2)
        #expect(try await shown(node, id) == before)
        let history = try await node.admin.run("consent", "history", directive, "--json")
        #expect(history.json?["versions"]?.items.compactMap { $0["version"]?.integer } == [2, 1])
        #expect(history.json?["versions"]?.items.compactMap { $0["status"]?.string } == ["inactive", "active"])
        #expect(history.json?["versions"]?[0]?["by"]?.string?.isEmpty == false)
        let table = try await node.admin.run("consent", "history", directive)
        #expect(table.text.contains("inactive"), "\(table.text)")
        let wrong: [[String]] = [
            ["--withhold", "everything"], ["--deny", "--withhold", "hiv"], ["--relation", "PRN", "--deny"], [],
            ["--permit-only-purpose", "TREAT", "--until", "soon"],
        ]
        for arguments in wrong {
            let refused = try await node.admin.run(["consent", "record", "--patient", id] + arguments)
            #expect(refused.code == 2, "\(arguments) \(refused.errors)")
        }
        let over = try await node.admin.run("consent", "record", "--patient", id, "--deny", "--until", "2020-01-01")
        #expect(over.code == 1)
        #expect(over.errors.contains("Consent.provision.period.end"), "\(over.errors)")
        #expect(try await shown(node, id) == before)
    }

    private func questions(_ node: RunningNode, _ id: String, _ folder: Folder) async throws {
        let before = try await shown(node, id)
        let what = try await node.admin.run(
            "consent", "what-if", "--patient", id, "--deny-organization", "urn:oid:" + Self.hospital, "--json")
        #expect(what.code == 0, "\(what.errors)")
        let own = what.json?["changes"]?.items.first { $0["community"]?.string == "urn:oid:" + Self.hospital }
        #expect((own?["lost"]?.items.count ?? 0) >= before)
        #expect(try await shown(node, id) == before)
        let table = try await node.admin.run("consent", "what-if", "--patient", id, "--deny")
        #expect(table.text.contains("LOSES"), "\(table.text)")
        let asking = [
            "consent", "explain", "--patient", id, "--user", "dr.test", "--role", "physician", "--organization",
            Self.hospital, "--purpose", "TREAT",
        ]
        let explained = try await node.admin.run(asking + ["--json"])
        #expect(explained.code == 0, "\(explained.errors)")
        let documents = explained.json?["documents"]?.items ?? []
        #expect(documents.filter { $0["effect"] == "permit" }.count >= before)
        #expect(documents.allSatisfy { !($0["steps"]?.items.isEmpty ?? true) })
        let one = documents.first?["id"]?.string ?? ""
        let single = try await node.admin.run(asking + ["--document", one])
        #expect(single.text.contains(one), "\(single.text) \(single.errors)")
        let none = try await node.admin.run(asking + ["--document", "0190aaaa-0000-7000-8000-000000000001"])
        #expect(none.code == 4)
        let consent: JSONValue = [
            "resourceType": "Consent", "status": "active",
            "scope": ["coding": [["system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"]]],
            "category": [["coding": [["system": "http://loinc.org", "code": "59284-0"]]]],
            "patient": ["reference": .string("Patient/\(id)")],
            "policyRule": ["coding": [["code": "OPTOUT"]]],
            "provision": [
                "type": "deny",
                "provision": [
                    [
                        "type": "permit",
                        "purpose": [["system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "BTG"]],
                    ],
                ],
            ],
        ]
        let file = try folder.file("consent.json", JSONWriter.bytes(consent))
        let draft = try await node.admin.run("consent", "what-if", "--file", file, "--json")
        #expect(draft.code == 0, "\(draft.errors)")
        let recorded = try await node.admin.run("consent", "record", "--file", file)
        #expect(recorded.code == 0, "\(recorded.errors)")
        #expect(try await shown(node, id) == 0)
    }

    private func emergency(_ node: RunningNode, _ id: String) async throws {
        let quiet = try await node.admin.run("audit", "alerts")
        #expect(quiet.code == 0)
        #expect(quiet.out.isEmpty)
        let grant = [
            "token", "issue", "--home", node.home, "--client", "clinician", "--user", "dr.test", "--role", "physician",
            "--purpose", "BTG",
        ]
        #expect(try await Program().run(grant).code == 2)
        let issued = try await Program().run(grant + ["--reason", "Unconscious after a fall"])
        #expect(issued.code == 0, "\(issued.errors)")
        let seen = try await shown(node, id)
        #expect(seen > 0)
        let alerts = try await node.admin.run("audit", "alerts", "--json")
        let alert = alerts.json?["alerts"]?[0]
        #expect(alert?["reason"] == "Unconscious after a fall")
        #expect(alert?["state"] == "open")
        #expect(alert?["user"] == "dr.test")
        let number = alert?.text("id") ?? ""
        let early = try await node.admin.run("audit", "alerts", "close", number, "--note", "fine")
        #expect(early.code == 8, "\(early.errors)")
        let reviewed = try await node.admin.run("audit", "alerts", "review", number, "--note", "called the ward")
        #expect(reviewed.text == "\(number) reviewed\n", "\(reviewed.errors)")
        let closed = try await node.admin.run("audit", "alerts", "close", number, "--note", "justified", "--json")
        #expect(closed.json?["state"] == "closed")
        #expect(try await node.admin.run("audit", "alerts").out.isEmpty)
        let all = try await node.admin.run("audit", "alerts", "list", "--all")
        #expect(all.text.contains("closed"), "\(all.text)")
        let log = try await node.admin.run("audit", "patient", "--patient", id, "--json")
        #expect(log.json?["events"]?.items.contains { $0["emergency"] == true } == true)
        let events = try await node.admin.run("audit", "patient", "--patient", id, "--fhir")
        let entries = events.json?["entry"]?.items ?? []
        #expect(entries.contains { $0["resource"]?["resourceType"] == "AuditEvent" })
        #expect(entries.contains { $0["resource"]?["outcome"] == "8" })
    }
}

extension JSONValue {
    fileprivate func text(_ name: String) -> String {
        switch self[name] {
        case .string(let text), .number(let text): text
        default: ""
        }
    }
}
