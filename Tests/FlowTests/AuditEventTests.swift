import ExchangeCore
import JSON
import Journal
import Simulation
import Testing
import Transactions
import XDSMetadata

/// The journal as BALP audit events: what there is, who may read it, and that others' events are claims.
@Suite struct AuditEventTests {
    private func profiles(_ events: [JSONObject]) -> [String] {
        events.compactMap { JSONValue.object($0)["meta"]?["profile"]?[0]?.string?.split(separator: ".").last.map(String.init) }
    }

    private func auditor(_ scene: OneNode, role: String = "auditor") -> AccessContext {
        AccessContext(
            door: .client, user: "frau.pruefer", role: role, organization: OneNode.community.urn,
            community: OneNode.community, purpose: "HOPERAT", deadline: scene.world.uptime() + .seconds(30),
            traceID: scene.world.newTraceID())
    }

    @Test func `each kind of entry has its pattern, and every search parameter narrows`() throws {
        try OneNode.run { scene in
            let patient = try await scene.register("M-1").id
            let document = try await scene.publish(1, for: patient)
            _ = try await scene.find(patient, as: scene.context(.peer, user: "dr.away", community: OneNode.elsewhere))
            try await scene.refuse(patient)
            _ = try await scene.find(patient)
            let admin = scene.administrator
            func search(_ change: (inout AuditQuery) -> Void) async throws -> [JSONObject] {
                var query = AuditQuery()
                change(&query)
                return try await scene.exchange.findAuditEvents(query, count: 1000, for: admin).events
            }
            let all = try await search { _ in }
            let found = Set(profiles(all))
            #expect(found.isSuperset(of: ["PatientCreate", "PatientQuery", "AuthZconsent", "Source"]), "\(found)")
            for event in all {
                // What R4 makes obligatory.
                #expect(event["resourceType"] == "AuditEvent" && event["type"]?["code"] != nil)
                #expect(event["recorded"]?.string != nil && event["source"]?["observer"] != nil)
                let agents = event["agent"]?.items ?? []
                #expect(!agents.isEmpty && agents.allSatisfy { $0["requestor"]?.bool != nil && $0["who"] != nil })
            }
            #expect(Set(all.compactMap { $0["id"]?.string }).count == all.count)
            #expect(try await search { $0.patient = patient }.count > 4)
            let nobody = PatientID(bytes: [UInt8](repeating: 9, count: 16))
            #expect(try await search { $0.patient = nobody }.isEmpty)
            #expect(try await search { $0.agents = ["dr.away"] }.count >= 2)
            #expect(try await search { $0.entities = ["DocumentReference/\(document.id)"] }.count >= 2)
            #expect(try await search { $0.subtypes = [.init(code: "disclose")] }.count == 1)
            #expect(try await search { $0.outcomes = ["8"] }.count == 1, "one denial")
            #expect(try await search { $0.types = [.init(code: "rest", system: "urn:other")] }.isEmpty)
            let now = scene.world.now()
            #expect(try await search { $0.date = [DateFilter(.ge, PartialDate(now + .seconds(60)), asked: now)] }.isEmpty)
            #expect(try await search { $0.date = [DateFilter(.le, PartialDate(now + .seconds(60)), asked: now)] }.count >= all.count)
            let log = try await scene.exchange.accessLog(of: patient, limit: 100, for: admin)
            #expect(log.contains { $0.record.transaction == "ITI-81" }, "reading is recorded")
        }
    }

    @Test func `pages follow each other without gap or double`() throws {
        try OneNode.run { scene in
            for number in 0..<12 { _ = try await scene.register("M-\(number)", family: "Fam\(number)") }
            let admin = scene.administrator
            var query = AuditQuery()
            query.subtypes = [.init(code: "create")]
            let whole = try await scene.exchange.findAuditEvents(query, count: 100, for: admin).events
            #expect(whole.count == 12)
            var pages: [JSONObject] = []
            var before: JournalPosition?
            repeat {
                let page = try await scene.exchange.findAuditEvents(query, before: before, count: 5, for: admin)
                pages += page.events
                before = page.next
            } while before != nil
            #expect(pages.map { $0["id"] } == whole.map { $0["id"] })
        }
    }

    @Test func `only the administrator and this facility's auditors read, and what others send stays their claim`() throws {
        try OneNode.run { scene in
            let patient = try await scene.register("M-1").id
            await #expect(throws: ExchangeError(.forbidden, "")) {
                try await scene.exchange.findAuditEvents(AuditQuery(), count: 10, for: scene.context())
            }
            let peer = AccessContext(
                door: .peer, user: "x", role: "auditor", organization: "o", community: OneNode.elsewhere,
                purpose: "HOPERAT", deadline: .zero, traceID: "t")
            await #expect(throws: ExchangeError(.forbidden, "")) {
                try await scene.exchange.findAuditEvents(AuditQuery(), count: 10, for: peer)
            }
            for subject in ["Patient/\(patient)", "Patient/somebody-else"] {
                let event: JSONObject = [
                    "resourceType": "AuditEvent", "type": ["code": "rest"], "recorded": "2026-11-22T10:00:00Z",
                    "agent": [["requestor": true, "who": ["identifier": ["value": "dr.elsewhere"]]]],
                    "source": ["observer": ["display": "PACS"]], "entity": [["what": ["reference": .string(subject)]]],
                ]
                _ = try await scene.exchange.recordAuditEvent(event, for: scene.context())
            }
            var query = AuditQuery()
            query.agents = ["dr.elsewhere"]
            let found = try await scene.exchange.findAuditEvents(query, count: 10, for: auditor(scene)).events
            #expect(found.count == 2)
            for event in found {
                let tag = JSONValue.object(event)["meta"]?["tag"]?[0]
                #expect(tag?["code"] == "claim" && tag?["display"]?.string?.contains("dr.test") == true)
            }
            let stored = try await scene.exchange.reader.entries(from: 0, limit: 100).filter { $0.kind == .administration }
            #expect(stored.count == 2 && stored.allSatisfy { $0.subject != nil }, "nothing of it stands in clear")
        }
    }
}
