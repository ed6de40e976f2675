import Foundation
import JSON
import Testing

/// The commands against real nodes: registered, published, found, refused, verified.
@Suite(.serialized) struct NodeSessionTests {
    private static let hospital = "1.3.6.1.4.1.21367.2026.10"
    private static let clinic = "1.3.6.1.4.1.21367.2026.11"
    private static let nobody = "00000000-0000-4000-8000-000000000000"

    @Test(.timeLimit(.minutes(5)))
    func `a facility's day: register, publish, find, fetch, refuse, revoke, look back, verify`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let node = try await RunningNode.start(in: folder, name: "hospital", community: Self.hospital)
        defer { node.stop() }
        let person = try Person.first(at: Self.hospital)
        let id = try await node.register(person)
        #expect(try await node.register(person) == id)
        try await patients(node, person, id)
        let documents = try await publishing(node, person, id)
        try await consent(node, id, documents: documents)
        try await refusals(node)
        try await journal(node, documents: documents)
    }

    private func patients(_ node: RunningNode, _ person: Person, _ id: String) async throws {
        let shown = try await node.admin.run("patient", "show", id, "--json")
        #expect(shown.json?["id"]?.string == id)
        #expect(shown.json?["resourceType"] == "Patient")
        let byNumber = try await node.admin.run("patient", "show", "--identifier", person.identifier)
        #expect(byNumber.text.contains(id))
        let found = try await node.clinician.run("patient", "find", "--identifier", person.identifier, "--json")
        #expect(found.code == 0, "\(found.errors)")
        #expect(found.json?["patients"]?[0]?["id"]?.string == id)
        let byAdmin = try await node.admin.run(
            "patient", "find", "--identifier", person.identifier, "--home", node.home)
        #expect(byAdmin.text.contains(id))
        let matched = try await node.clinician.run(["patient", "match", "--json"] + person.arguments)
        #expect(matched.code == 0, "\(matched.errors)")
        #expect(matched.json?["matches"]?[0]?["patient"]?["id"]?.string == id)
        #expect(matched.json?["matches"]?[0]?["grade"] == "certain")
        let nobody = try await node.clinician.run("patient", "find", "--identifier", "urn:oid:1.2.3|none")
        #expect(nobody.code == 0)
        #expect(nobody.out.isEmpty)
    }

    /// Publishes everything of the person; returns the ids of the documents now listed.
    private func publishing(_ node: RunningNode, _ person: Person, _ id: String) async throws -> [String] {
        #expect(person.documents.count > 1)
        let looked = try await node.clinician.run("document", "publish", "--dry-run", "--json", person.documents[0])
        #expect(looked.code == 0, "\(looked.text) \(looked.errors)")
        #expect(looked.jsonLines.first?["publishable"] == true)
        #expect(looked.jsonLines.first?["readers"]?[0]?["treatment"] == true)
        let words = try await node.clinician.run("document", "publish", "--dry-run", person.documents[0])
        #expect(words.text.contains("hospital: physician, nurse could read it"), "\(words.text)")
        #expect(words.errors.contains("1 document could be published, 0 refused"))
        let none = try await node.clinician.run("document", "find", "--patient", id, "--json")
        #expect(none.json?["documents"]?.items.isEmpty == true, "nothing was published")
        let published = try await node.clinician.run(["document", "publish", "--json"] + person.documents)
        #expect(published.code == 0, "\(published.text) \(published.errors)")
        let ids = published.jsonLines.compactMap { $0["id"]?.string }
        #expect(ids.count == person.documents.count)
        let twice = try await node.clinician.run(["document", "publish", "--json"] + person.documents)
        #expect(twice.code == 0 && twice.jsonLines.allSatisfy { $0["known"] == true }, "\(twice.text)")
        #expect(Set(twice.jsonLines.compactMap { $0["id"]?.string }) == Set(ids))
        let report = node.home + "/report.jsonl"
        for (words, count) in [("there already", 1), ("passed over as the report says", 1)] {
            let again = try await node.clinician.run("document", "publish", person.documents[0], "--report", report)
            #expect(again.code == 0 && again.errors.contains("\(count) \(words)"), "\(again.errors)")
        }
        let broken = try await node.clinician.run("document", "publish", "-", input: Array("<a/>".utf8))
        #expect(broken.code == 1)
        #expect(broken.text.contains("refused"))
        let found = try await node.clinician.run("document", "find", "--patient", id, "--json")
        #expect(found.code == 0, "\(found.errors)")
        #expect(found.json?["complete"] == true)
        #expect(found.json?["communities"]?[0]?["answer"] == "answered")
        #expect(found.json?["communities"]?[0]?["name"] == "hospital")
        let listed = found.json?["documents"]?.items ?? []
        #expect(!listed.isEmpty)
        for document in listed {
            #expect(document["home"]?.string == "urn:oid:" + Self.hospital)
            #expect(ids.contains(document["id"]?.string ?? ""))
        }
        let originals = Set(try person.documents.map { try Data(contentsOf: URL(fileURLWithPath: $0)) })
        for address in listed.compactMap({ $0["url"]?.string }) {
            let fetched = try await node.clinician.run("document", "get", address, "-o", "-")
            #expect(fetched.code == 0, "\(fetched.errors)")
            #expect(originals.contains(Data(fetched.out)))
        }
        let text = try await node.clinician.run("document", "find", "--identifier", person.identifier)
        #expect(text.text.contains("ok  hospital answered"), "\(text.text)")
        return listed.compactMap { $0["id"]?.string }
    }

    private func consent(_ node: RunningNode, _ id: String, documents: [String]) async throws {
        func shown() async throws -> Int {
            let found = try await node.clinician.run("document", "find", "--patient", id, "--json")
            #expect(found.code == 0, "\(found.errors)")
            return found.json?["documents"]?.items.count ?? -1
        }
        let before = try await shown()
        let denied = try await node.admin.run("consent", "record", "--patient", id, "--deny")
        #expect(denied.code == 0, "\(denied.errors)")
        let directive = denied.text.split(separator: "\n").first.map(String.init) ?? ""
        #expect(try await shown() == 0)
        let hidden = try await node.clinician.run("document", "get", documents.first ?? "", "-o", "-")
        let absent = try await node.clinician.run("document", "get", Self.nobody, "-o", "-")
        #expect(hidden.code == 4)
        #expect(hidden.errors == absent.errors)
        let listed = try await node.admin.run("consent", "list", "--patient", id, "--json")
        #expect(listed.json?["consents"]?[0]?["id"]?.string == directive)
        #expect(listed.json?["consents"]?[0]?["status"] == "active")
        let shownDirective = try await node.admin.run("consent", "show", directive, "--json")
        #expect(shownDirective.json?["consent"]?["resourceType"] == "Consent")
        let revoked = try await node.admin.run("consent", "revoke", directive)
        #expect(revoked.code == 0)
        #expect(try await shown() == before)
        let narrow = try await node.admin.run(
            "consent", "record", "--patient", id, "--deny", "--organization", Self.clinic, "--purpose", "TREAT",
            "--type", "18842-5", "--from", "2020-01-01", "--until", "2099-12-31", "--json")
        #expect(narrow.code == 0, "\(narrow.errors)")
        #expect(narrow.json?["organizations"]?[0]?.string == "urn:oid:" + Self.clinic)
        #expect(try await shown() == before)
        let log = try await node.admin.run("audit", "patient", "--patient", id, "--json")
        let events = log.json?["events"]?.items ?? []
        #expect(events.contains { $0["user"] == "dr.test" && ($0["shown"]?.items.count ?? 0) > 0 })
        #expect(
            events.contains { ($0["withheld"]?.items.count ?? 0) > 0 && $0.description.contains(directive) },
            "the rule that decided is named")
        let table = try await node.admin.run("audit", "patient", "--patient", id)
        #expect(table.text.contains("dr.test (physician)"))
    }

    private func refusals(_ node: RunningNode) async throws {
        let unknown: [[String]] = [
            ["patient", "show", Self.nobody], ["consent", "revoke", Self.nobody], ["consent", "show", Self.nobody],
            ["peer", "show", "1.2.3"], ["directory", "show", "1.2.3"], ["audit", "patient", "--patient", Self.nobody],
            ["consent", "record", "--patient", Self.nobody, "--deny"],
        ]
        for arguments in unknown {
            let transcript = try await node.admin.run(arguments)
            #expect(transcript.code == 4, "\(arguments): \(transcript.errors)")
            #expect(transcript.errors.split(separator: "\n").count == 1)
        }
        let wrong = try await node.admin.run("patient", "show", "not-an-id")
        #expect(wrong.code == 4, "a row of no table")
        let second = try await node.admin.run("run")
        #expect(second.code == 11, "\(second.errors)")
        let stolen = node.folder.path + "/stolen"
        _ = try await node.admin.run("certificate", "issue", "--client", "other")
        try FileManager.default.copyItem(atPath: node.home + "/clients/other", toPath: stolen)
        try FileManager.default.copyItem(
            atPath: node.home + "/clients/clinician/token.jwt", toPath: stolen + "/token.jwt")
        let foreign = try await Program().run("document", "find", "--as", stolen, "--patient", Self.nobody)
        #expect(foreign.code == 6, "a token of another certificate: \(foreign.errors)")
    }

    private func journal(_ node: RunningNode, documents: [String]) async throws {
        let status = try await node.admin.run("status", "--json")
        #expect(status.json?["healthy"] == true)
        #expect(status.json?["counts"]?["patients"]?.integer == 1)
        #expect((status.json?["counts"]?["documents"]?.integer ?? 0) >= documents.count)
        #expect(status.json?["listeners"]?.items.count == 3)
        let own = try await node.admin.run("directory", "list", "--json")
        #expect(own.json?["communities"]?.items.contains { $0["own"] == true && $0["standing"] == "active" } == true)
        let running = try await node.admin.run("audit", "verify", "--json")
        #expect(running.code == 0, "\(running.text) \(running.errors)")
        let entries = running.json?["entries"]?.integer ?? 0
        #expect(entries > documents.count)
        #expect(node.stop() == 0)
        let stopped = try await node.admin.run("audit", "verify", "--json")
        #expect(stopped.code == 0, "\(stopped.text) \(stopped.errors)")
        #expect((stopped.json?["entries"]?.integer ?? 0) >= entries)
        let rebuilt = try await node.admin.run("journal", "rebuild", "--json")
        #expect(rebuilt.code == 0, "\(rebuilt.errors)")
        #expect(rebuilt.json?["entries"]?.integer == stopped.json?["entries"]?.integer)
        let segments = node.home + "/store/journal"
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: segments).first { $0.hasSuffix(".segment") })
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: segments + "/" + name)))
        let last = try #require(bytes.lastIndex { $0 != 0 })
        bytes[last / 2] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: segments + "/" + name))
        let damaged = try await node.admin.run("audit", "verify", "--json")
        #expect(damaged.code == 9)
        #expect(damaged.json?["verified"] == false)
        #expect(damaged.json?["damage"]?[0]?.string?.contains("segment 0") == true, "\(damaged.text)")
    }

    @Test(.timeLimit(.minutes(5)))
    func `two facilities: one list with each source, and exit 3 with the name of the one that is gone`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let hospital = try await RunningNode.start(in: folder, name: "hospital", community: Self.hospital)
        defer { hospital.stop() }
        let clinic = try await RunningNode.start(
            in: folder, name: "clinic", community: Self.clinic, seed: try await hospital.peerAddress())
        defer { clinic.stop() }
        try await hospital.until("gossip brings the clinic") {
            try await hospital.admin.run("peer", "list", "--json").json?["peers"]?.items.count == 1
        }
        let there = try Person.first(at: Self.clinic)
        let here = try Person.first(at: Self.hospital)
        _ = try await clinic.register(there)
        let id = try await hospital.register(here)
        for (node, person) in [(clinic, there), (hospital, here)] {
            let published = try await node.clinician.run(["document", "publish"] + person.documents)
            #expect(published.code == 0, "\(published.text)")
        }
        let all = try await hospital.clinician.run("document", "find", "--patient", id, "--json")
        #expect(all.code == 0, "\(all.text) \(all.errors)")
        let sources = Set((all.json?["documents"]?.items ?? []).compactMap { $0["source"]?.string })
        #expect(sources == ["clinic", "hospital"])
        let foreign = (all.json?["documents"]?.items ?? []).first { $0["source"] == "clinic" }
        let fetched = try await hospital.clinician.run("document", "get", foreign?["url"]?.string ?? "", "-o", "-")
        #expect(fetched.code == 0, "\(fetched.errors)")
        let originals = try there.documents.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        #expect(originals.contains(Data(fetched.out)))
        clinic.kill()
        let partial = try await hospital.clinician.run("document", "find", "--patient", id)
        #expect(partial.code == 3)
        #expect(partial.text.contains("MISSING  clinic"), "\(partial.text)")
        let json = try await hospital.clinician.run("document", "find", "--patient", id, "--json")
        #expect(json.code == 3)
        #expect(json.json?["complete"] == false)
        let back = try await RunningNode(folder: folder, home: clinic.home, community: Self.clinic)
        defer { back.stop() }
        try await back.until("the list is whole again") {
            try await hospital.clinician.run("document", "find", "--patient", id, "--json").json?["complete"] == true
        }
        let whole = try await hospital.clinician.run("document", "find", "--patient", id, "--json")
        #expect(whole.json?["documents"]?.items.count == all.json?["documents"]?.items.count)
    }
}

extension JSONValue {
    /// The value as it would be written, to look for a word in it.
    fileprivate var description: String { String(decoding: JSONWriter.bytes(self), as: UTF8.self) }
}
