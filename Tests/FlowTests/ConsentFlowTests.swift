import ConsentEngine
import ExchangeCore
import JSON
import Journal
import Simulation
import Testing
import Transactions
import XDSMetadata

@Suite struct ConsentFlowTests {
    private static func consent(
        _ patient: PatientID, _ provision: JSONObject = ["type": "deny"], id: DirectiveID? = nil, status: String = "active",
    ) -> JSONObject {
        var consent: JSONObject = ["resourceType": "Consent"]
        consent["id"] = id.map { .string($0.description) }
        consent["status"] = .string(status)
        consent["scope"] = ["coding": [["system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"]]]
        consent["category"] = [["coding": [["system": "http://loinc.org", "code": "59284-0"]]]]
        consent["patient"] = ["reference": .string("Patient/\(patient)")]
        consent["dateTime"] = "2026-01-10"
        consent["provision"] = .object(provision)
        return consent
    }

    @Test func `every version is a journal entry, and a rebuild remembers them all`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let first = try await node.exchange.createConsent(Self.consent(patient.id), for: node.administrator)
            let update = try await node.exchange.updateConsent(
                first.id, to: Self.consent(patient.id, ["type": "permit"], id: first.id), from: 1,
                for: node.administrator)
            guard case .recorded(let second) = update else {
                Issue.record("the update was stale")
                return
            }
            let third = try await node.exchange.revokeConsent(first.id, for: node.administrator)
            #expect([first, second, third].map(\.number) == [1, 2, 3])
            #expect([first, second, third].map(\.directive.version) == [1, 2, 3])
            #expect(try await node.exchange.revokeConsent(first.id, for: node.administrator) == third)
            let history = try await node.exchange.versions(of: first.id)
            #expect(history == [third, second, first])
            _ = try await node.exchange.reader.bringUpToDate(node.exchange.projection, rebuild: true)
            #expect(try await node.exchange.versions(of: first.id) == history)
            #expect(try await node.exchange.projection.directive(first.id) == third.directive)
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `of two updates from one version exactly one is recorded, in every order`(seed: UInt64) throws {
        try OneNode.run(seed: seed) { node in
            let patient = try await node.register("A1")
            let first = try await node.exchange.createConsent(Self.consent(patient.id), for: node.administrator)
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for type in ["permit", "deny", "permit"] {
                    group.addTask {
                        do {
                            let update = try await node.exchange.updateConsent(
                                first.id, to: Self.consent(patient.id, ["type": .string(type)], id: first.id), from: 1,
                                for: node.administrator)
                            if case .recorded = update { return true }
                            return false
                        } catch let error as ExchangeError where error.code == .conflict {
                            return false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
            #expect(try await node.exchange.versions(of: first.id).map(\.number) == [2, 1])
        }
    }

    @Test func `nobody who treats records consent, and an unknown patient's is refused`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let consent = Self.consent(patient.id, ["type": "permit"])
            for context in [node.context(), node.context(.peer, community: OneNode.elsewhere)] {
                await #expect(throws: ExchangeError(.forbidden, "")) {
                    _ = try await node.exchange.createConsent(consent, for: context)
                }
                var query = ConsentQuery()
                query.patient = patient.id
                await #expect(throws: ExchangeError(.forbidden, "")) {
                    _ = try await node.exchange.findConsents(query, for: context)
                }
            }
            var random = node.world.random
            await #expect(throws: ExchangeError(.unknownPatient, "")) {
                _ = try await node.exchange.createConsent(
                    Self.consent(.random(using: &random)), for: node.administrator)
            }
            #expect(try await node.exchange.consents(of: patient.id).isEmpty)
        }
    }

    @Test func `T82 an unknown document and a hidden one cost one journal entry each`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let hidden = try await node.publish(1, for: patient.id)
            try await node.refuse(patient.id)
            var random = node.world.random
            for id in [hidden.id, DocumentID.random(using: &random)] {
                let size = node.exchange.journal.size
                await #expect(throws: ExchangeError(.notFound, "")) {
                    _ = try await node.exchange.retrieveDocument(id, for: node.context())
                }
                #expect(node.exchange.journal.size == size + 1)
            }
        }
    }

    @Test func `reading a directive stands in the access log`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let first = try await node.exchange.createConsent(Self.consent(patient.id), for: node.administrator)
            let shown = try await node.exchange.readConsent(first.id, for: node.administrator)
            for ticket in shown.tickets { ticket.end() }
            let log = try await node.exchange.accessLog(of: patient.id, limit: 5, for: node.administrator)
            #expect(log.map(\.record.transaction) == ["ITI-108"])
        }
    }

    @Test func `what is explained is what is enforced`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let documents = [try await node.publish(1, for: patient.id), try await node.publish(2, for: patient.id)]
            let deny: JSONObject = [
                "type": "deny",
                "data": [
                    [
                        "meaning": "instance",
                        "reference": ["reference": .string("DocumentReference/\(documents[0].id)")],
                    ],
                ],
            ]
            _ = try await node.exchange.createConsent(Self.consent(patient.id, deny), for: node.administrator)
            let found = Set(try await node.find(patient.id).map(\.id))
            let told = try await node.exchange.explainConsent(
                of: patient.id, to: node.context(), for: node.administrator)
            told.ticket.end()
            #expect(Set(told.documents.filter { $0.explanation.effect == .permit }.map(\.document.id)) == found)
            #expect(found == [documents[1].id])
            #expect(told.documents.allSatisfy { !$0.explanation.steps.isEmpty })
            await #expect(throws: ExchangeError(.forbidden, "")) {
                _ = try await node.exchange.explainConsent(of: patient.id, to: node.context(), for: node.context())
            }
        }
    }

    @Test func `what-if foretells exactly what recording does, and records nothing itself`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let document = try await node.publish(1, for: patient.id)
            let draft = try await node.exchange.draftConsent(Self.consent(patient.id), for: node.administrator)
            let (comparison, documents, ticket) = try await node.exchange.compareConsent(
                of: patient.id, with: draft, requesters: [node.context(), node.context(purpose: "HRESCH")],
                for: node.administrator)
            ticket.end()
            #expect(documents.map(\.id) == [document.id])
            #expect(comparison.changes.map(\.lost) == [[document.id], []])
            #expect(try await node.exchange.consents(of: patient.id).isEmpty)
            #expect(try await node.find(patient.id).count == 1)
            _ = try await node.exchange.createConsent(Self.consent(patient.id), for: node.administrator)
            #expect(try await node.find(patient.id).isEmpty)
        }
    }

    @Test func `a decision is a BALP AuthZconsent event that names the version in force then`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let document = try await node.publish(1, for: patient.id)
            let first = try await node.exchange.createConsent(Self.consent(patient.id), for: node.administrator)
            _ = try await node.find(patient.id)
            _ = try await node.exchange.revokeConsent(first.id, for: node.administrator)
            let log = try await node.exchange.accessLog(of: patient.id, limit: 5, for: node.administrator)
            let versions = try await node.exchange.versions(of: first.id)
            let events = log.flatMap { event in
                AuthorizationEvent.json(event, patient: patient.id, node: OneNode.community) { id, position in
                    versions.first { $0.id == id && $0.position < position }?.number
                }
            }
            let event = try #require(events.first)
            #expect(event["outcome"] == "8")
            #expect(event["outcomeDesc"]?.string?.contains(document.id.description) == true)
            let entities = (event["entity"]?.items ?? []).compactMap { $0["what"]?["reference"]?.string }
            #expect(entities == ["Patient/\(patient.id)", "Consent/\(first.id)/_history/1"])
            #expect(event["agent"]?.items.count == 4)
        }
    }
}
