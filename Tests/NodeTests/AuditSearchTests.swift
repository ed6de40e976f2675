import ConsentEngine
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import PeerTransport
import Testing
import Transactions
import XDSMetadata

extension RealNodes {
    /// ITI-81 and ITI-20 over HTTP: who may read the journal as audit events, by which parameters, on which pages.
    @Suite struct AuditSearchTests {
        /// A client of the node whose user has a role.
        private func client(_ node: RunningNode, _ name: String, role: String, purpose: String = "HOPERAT") throws -> NodeClient {
            let folder = ClientFolder(node.home.clients.appendingPathComponent(name))
            _ = try ClientFolder.create(name: name, of: node.home, world: .system)
            _ = try TokenIssuer.issue(
                TokenGrant(user: "frau.pruefer", role: role, organization: nil, purpose: purpose), to: folder, of: node.home,
                world: .system)
            return try node.known(name)
        }

        /// A journal with every kind of entry that people make at one node.
        private func everything(_ node: RunningNode) async throws -> (patient: PatientID, document: DocumentID) {
            let patient = try await node.register().id
            let other = try await node.register(
                "RH-2", Demographics(names: [PersonName(family: "Nobody", given: ["Else"])], birthDate: PartialDate("1950-01-01"))).id
            let clinician = try node.client()
            var documents: [DocumentID] = []
            for number in 0..<3 {
                let answer = try await clinician.post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(number).utf8), at: node),
                    headers: [("prefer", "return=representation")])
                documents.append(try #require(try answer.json["id"]?.string.flatMap { DocumentID($0) }))
            }
            _ = try await clinician.send(.get, "/DocumentReference?patient=\(patient)")
            _ = try await clinician.send(.get, "/Binary/\(documents[0])")
            let refusal = try await node.refuse(patient)
            _ = try await clinician.send(.get, "/DocumentReference?patient=\(patient)")
            _ = try await node.exchange.revokeConsent(refusal.id, for: node.administrator)
            let emergency = AccessContext(
                door: .client, user: "dr.night", role: "physician", organization: node.community.urn,
                community: node.community, purpose: "BTG", deadline: World.system.uptime() + .seconds(30),
                traceID: World.system.newTraceID(), reason: "Unconscious after a fall")
            let found = try await node.exchange.findDocuments(of: patient, matching: DocumentQuery(), for: emergency)
            found.ticket?.end()
            let desk = try node.exchange.desk
            let position = try await desk.record(
                desk.linking(patient, other, actor: "steward", reason: "the same person, twice"))
            _ = try await desk.record(desk.undoing(position, actor: "steward", reason: "two persons after all"))
            _ = try await node.exchange.hold(patient, isHeld: true, reason: "case 2026-114, court", for: node.administrator)
            _ = try await node.exchange.hold(patient, isHeld: false, reason: "case was settled", for: node.administrator)
            _ = try await node.exchange.eraseDocument(documents[2], ground: .error, for: node.administrator)
            _ = try await node.exchange.accessLog(of: patient, limit: 10, exports: true, for: node.administrator)
            _ = try await node.exchange.ruleAlerts(for: node.administrator)
            _ = try await node.exchange.erasePatient(other, ground: .request, for: node.administrator)
            return (patient, documents[0])
        }

        private func events(_ reply: Reply) throws -> [JSONValue] { try reply.matches.compactMap { $0["resource"] } }

        @Test func `each search parameter narrows, pages follow without gap or double, and only auditors of the facility read`()
            async throws
        {
            try await Network.one { network, node in
                let (patient, document) = try await everything(node)
                let auditor = try client(node, "auditor", role: "auditor")
                func search(_ query: String) async throws -> [JSONValue] {
                    let reply = try await auditor.send(.get, "/AuditEvent?_count=500\(query)")
                    try #require(reply.status == 200, "\(query): \(reply.text.prefix(300))")
                    return try events(reply)
                }
                let all = try await search("")
                #expect(all.count > 20)
                let number = "\(node.numbers)%7C\(Canary.number)"
                let rows: [(query: String, holds: (JSONValue) -> Bool)] = [
                    ("&patient=\(patient)", { "\($0)".contains("\(patient)") }),
                    ("&patient.identifier=\(number)", { "\($0)".contains("\(patient)") }),
                    ("&agent=dr.brattain", { "\($0["agent"] ?? .null)".contains("dr.brattain") }),
                    ("&entity=DocumentReference/\(document)", { "\($0["entity"] ?? .null)".contains("\(document)") }),
                    ("&type=rest", { $0["type"]?["code"] == "rest" }),
                    ("&type=http://dicom.nema.org/resources/ontology/DCM%7C110113", { $0["type"]?["code"] == "110113" }),
                    ("&subtype=delete", { $0["action"] == "D" }),
                    ("&subtype=ITI-67,ITI-68", { "\($0["subtype"] ?? .null)".contains("ITI-67") || "\($0["subtype"] ?? .null)".contains("ITI-68") }),
                    ("&outcome=8", { $0["outcome"] == "8" }),
                    ("&outcome=0,4", { $0["outcome"] != "8" }),
                    ("&date=ge2020-01-01&date=lt2100-01-01", { $0["recorded"] != nil }),
                ]
                for row in rows {
                    let found = try await search(row.query)
                    #expect(!found.isEmpty, "\(row.query)")
                    #expect(found.allSatisfy(row.holds), "\(row.query)")
                    let known = Set(all.compactMap { $0["id"]?.string })
                    let expected = Set(all.filter(row.holds).compactMap { $0["id"]?.string })
                    let got = Set(found.compactMap { $0["id"]?.string }).intersection(known)
                    // A query of ours may name a patient in its text alone: it is not about that patient.
                    if !row.query.contains("patient") { #expect(got == expected, "\(row.query)") } else { #expect(got.isSubset(of: expected)) }
                }
                for none in ["&date=lt2020-01-01", "&agent=nobody", "&type=urn:x%7Crest", "&outcome=12", "&subtype=vread",
                    "&patient=00000000-0000-4000-8000-000000000000", "&patient.identifier=urn:x%7C1", "&entity=Nothing/1"] {
                    #expect(try await search(none).isEmpty, "\(none)")
                }
                for bad in ["outcome:not=0", "date=yesterday", "patient=a,b", "_count=0", "_page=x", "_sort=agent", "agent="] {
                    let reply = try await auditor.send(.get, "/AuditEvent?\(bad)")
                    #expect(reply.status == 400, "\(bad): \(reply.status)")
                }
                let unknown = try await auditor.send(.get, "/AuditEvent?altid=1")
                let leftOut = try unknown.issues
                #expect(unknown.status == 200 && !leftOut.isEmpty, "left out, and said so")
                let strict = try await auditor.send(.get, "/AuditEvent?altid=1", headers: [("prefer", "handling=strict")])
                #expect(strict.status == 400)

                var pages: [String] = []
                var next: String? = "/AuditEvent?type=rest&_count=7"
                while let path = next {
                    let reply = try await auditor.send(.get, path)
                    pages += try events(reply).compactMap { $0["id"]?.string }
                    next = try reply.json["link"]?.items.first { $0["relation"] == "next" }?["url"]?.string.map { try path_($0) }
                }
                let whole = all.filter { $0["type"]?["code"] == "rest" }.compactMap { $0["id"]?.string }
                #expect(Set(pages).count == pages.count, "none twice")
                #expect(pages.filter { whole.contains($0) } == whole, "in order, none missing")

                for (role, status) in [("physician", 403), ("registrar", 403), ("privacy-officer", 200)] {
                    let reply = try await client(node, "c-\(role)", role: role).send(.get, "/AuditEvent?_count=1")
                    #expect(reply.status == status, "\(role)")
                    if status == 403 { #expect(!reply.text.contains("\(patient)")) }
                }
                let peer = try node.peer(try node.peerIdentity)
                #expect(try await peer.send(.get, "/AuditEvent").status != 200, "not at the other door")
            }
        }

        private func path_(_ url: String) throws -> String { try path(url) }

        @Test(.enabled(Interop.missing) { await Interop.isReady() })
        func `fhir.resources accepts every event of a journal with every kind of entry, and each pattern is there`() async throws {
            try await Network.one { network, node in
                _ = try await everything(node)
                let auditor = try client(node, "auditor", role: "auditor")
                let kept = network.folder.appendingPathComponent("kept")
                try FileManager.default.createDirectory(at: kept, withIntermediateDirectories: true)
                let reply = try await auditor.send(.get, "/AuditEvent?_count=500")
                try #require(reply.status == 200)
                try Data(reply.bytes).write(to: kept.appendingPathComponent("events.json"))
                let found = try events(reply)
                let patterns = Set(found.compactMap { $0["meta"]?["profile"]?[0]?.string?.split(separator: "/").last.map(String.init) })
                for pattern in ["PatientCreate", "PatientRead", "PatientUpdate", "PatientDelete", "PatientQuery", "AuthZconsent"] {
                    #expect(patterns.contains("IHE.BasicAudit." + pattern), "\(pattern) in \(patterns)")
                }
                let types = Set(found.compactMap { $0["type"]?["code"]?.string })
                #expect(types.isSuperset(of: ["rest", "110113", "110106", "110101"]), "\(types)")
                let created = try #require(found.first { "\($0["subtype"] ?? .null)".contains("ITI-65") })
                #expect("\(created["agent"] ?? .null)".contains("dr.brattain"), "who published")
                let validated = try await Subprocess.run(
                    Interop.program("python"),
                    [Repository.root.appendingPathComponent("Deploy/interop/clients.py").path, "validate", kept.path])
                #expect(validated.code == 0, "\(validated.errors.suffix(4000))")
                print("interop: audit events \(validated.text.trimmingCharacters(in: .whitespacesAndNewlines))")
            }
        }
    }
}
