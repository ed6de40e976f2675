import ConsentEngine
import ExchangeCore
import JSON
import Journal
import Simulation
import Testing
import Transactions
import XDSMetadata

/// Disclosures decided anew from the journal alone.
@Suite struct ReplayTests {
    private func replay(_ scene: OneNode) -> JournalReplay {
        JournalReplay(
            community: OneNode.community, base: scene.exchange.settings.clientBase,
            policy: scene.exchange.settings.consentDefault)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `every answer of an honest node follows`(_ seed: UInt64) throws {
        try OneNode.run(seed: seed) { scene in
            let patient = try await scene.register("M-1").id
            let other = try await scene.register("M-2", family: "Zweig", given: ["Bo"]).id
            for number in 0..<4 { try await scene.publish(number, for: number < 3 ? patient : other) }
            _ = try await scene.find(patient)
            let refusal = try await scene.refuse(patient)
            _ = try await scene.find(patient)
            _ = try await scene.find(other, as: scene.context(.peer, user: "dr.away", community: OneNode.elsewhere))
            _ = try await scene.exchange.revokeConsent(refusal.id, for: scene.administrator)
            _ = try await scene.find(patient, as: scene.context(purpose: "HMARKT"))
            _ = try await scene.find(patient)
            let report = try await scene.exchange.replayJournal(for: scene.administrator)
            #expect(report.findings.isEmpty, "\(report.findings)")
            #expect(report.accesses == 5 && report.decisions == 3 + 3 + 1 + 3 + 3 && report.assumed == 0)
        }
    }

    @Test func `a disclosure that consent forbade, a withheld document and another's document are each named`() throws {
        try OneNode.run { scene in
            let patient = try await scene.register("M-1").id
            let other = try await scene.register("M-2", family: "Zweig", given: ["Bo"]).id
            let mine = try await scene.publish(1, for: patient)
            let theirs = try await scene.publish(2, for: other)
            let entries = try await scene.exchange.reader.entries(from: 0, limit: 100)
            func lie(_ document: DocumentID, permit: Bool, after refusal: Bool) async throws -> [String] {
                var replay = replay(scene)
                for entry in entries { try replay.take(entry) }
                var position = JournalPosition(entries.count)
                if refusal {
                    var random = scene.world.random
                    let directive = ConsentDirective(
                        id: .ordered(at: scene.world.now(), using: &random), patient: patient, base: ConsentRule(.deny),
                        recorded: scene.world.now())
                    let payload = JSONWriter.bytes(.object(ConsentMapping.json(directive)))
                    try replay.take(
                        CommittedEntry(
                            position: position, kind: .consent, time: scene.world.now(), subject: patient,
                            payload: payload, leaf: [], contents: []))
                    position += 1
                }
                let record = AccessRecord(
                    transaction: "ITI-67", context: scene.context(), factsPosition: position,
                    decisions: [.init(documents: [document], isPermitted: permit, rules: [])],
                    policy: scene.exchange.settings.consentDefault.rawValue, decided: scene.world.now())
                try replay.take(
                    CommittedEntry(
                        position: position, kind: .access, time: scene.world.now(), subject: patient,
                        payload: record.payload, leaf: [], contents: []))
                return replay.report.findings.map(\.reason)
            }
            #expect(try await lie(mine.id, permit: true, after: true).first?.hasPrefix("it disclosed a document") == true)
            #expect(try await lie(mine.id, permit: false, after: false).first?.hasPrefix("it withheld") == true)
            #expect(try await lie(theirs.id, permit: true, after: false).first == "it discloses another patient's document")
        }
    }

    /// A journal with every kind of entry that people make.
    private func everything(_ scene: OneNode) async throws -> (patient: PatientID, documents: [DocumentEntry]) {
        let exchange = scene.exchange
        let admin = scene.administrator
        let patient = try await scene.register("M-1").id
        let other = try await scene.register("M-2", family: "Zweig", given: ["Bo"]).id
        let gone = try await scene.register("M-3", family: "Weg", given: ["Cy"]).id
        var documents: [DocumentEntry] = []
        for number in 0..<3 { documents.append(try await scene.publish(number, for: patient)) }
        documents.append(try await scene.publish(3, for: patient, replaces: documents[0].id))
        try await scene.publish(4, for: other)
        try await scene.publish(5, for: gone)
        _ = try await scene.find(patient)
        _ = try await scene.find(gone)
        _ = try await scene.find(other, as: scene.context(.peer, user: "dr.away", community: OneNode.elsewhere))
        for document in documents {
            let answer = try await exchange.retrieveDocument(document.id, for: scene.context())
            answer.ticket.end()
        }
        let refusal = try await scene.refuse(patient)
        #expect(try await scene.find(patient).isEmpty)
        _ = try? await exchange.retrieveDocument(documents[0].id, for: scene.context())
        let emergency = AccessContext(
            door: .client, user: "dr.night", role: "physician", organization: OneNode.community.urn,
            community: OneNode.community, purpose: "BTG", deadline: scene.world.uptime() + .seconds(30),
            traceID: scene.world.newTraceID(), reason: "Unconscious after a fall")
        _ = try await scene.find(other, as: emergency)
        let alert = try #require(try await exchange.emergencyAlerts(for: admin).first)
        _ = try await exchange.actOnAnyAlert(alert.id, .review, note: "was in the ward", for: admin)
        _ = try await exchange.revokeConsent(refusal.id, for: admin)
        _ = try await scene.find(patient)
        let desk = exchange.desk
        let link = try await desk.linking(patient, other, actor: "steward", reason: "the same person, twice")
        let position = try await desk.record(link)
        _ = try await scene.find(patient)
        _ = try await desk.record(desk.undoing(position, actor: "steward", reason: "two persons after all"))
        _ = try await exchange.hold(patient, isHeld: true, reason: "case 2026-114, county court", for: admin)
        _ = try await exchange.hold(patient, isHeld: false, reason: "case 2026-114 was settled", for: admin)
        _ = try await exchange.eraseDocument(documents[1].id, ground: .error, for: admin)
        #expect(try await scene.find(patient).map(\.id).contains(documents[1].id) == false)
        let claim: JSONObject = [
            "resourceType": "AuditEvent", "type": ["code": "rest"], "recorded": "2026-11-22T10:00:00Z",
            "agent": [["requestor": true, "who": ["identifier": ["value": "dr.elsewhere"]]]],
            "source": ["observer": ["display": "PACS"]], "entity": [["what": ["reference": .string("Patient/\(patient)")]]],
        ]
        _ = try await exchange.recordAuditEvent(claim, for: scene.context())
        _ = try await exchange.erasePatient(gone, ground: .request, for: admin)
        _ = try await scene.find(patient)
        return (patient, documents)
    }

    @Test(arguments: [1, 2] as [UInt64]) func `a journal with every kind of entry follows, and its views can be read`(
        _ seed: UInt64,
    ) throws {
        try OneNode.run(seed: seed) { scene in
            _ = try await everything(scene)
            let report = try await scene.exchange.replayJournal(for: scene.administrator)
            #expect(report.findings.isEmpty, "\(report.findings)")
            #expect(report.entries == scene.exchange.journal.size && report.erased >= 3 && report.decisions > 20)
            let kinds = Set(try await scene.exchange.reader.entries(from: 0, limit: 1000).map(\.kind))
            #expect(kinds.isSuperset(of: [.identity, .submission, .consent, .access, .administration, .erasure]), "\(kinds)")
            let events = try await scene.exchange.findAuditEvents(AuditQuery(), count: 1000, for: scene.administrator).events
            #expect(!events.contains { $0["outcomeDesc"]?.string == "unreadable" })
        }
    }

    @Test func `a wrong disclosure that stands in a whole journal is found among all the right ones`() throws {
        try OneNode.run { scene in
            let (patient, documents) = try await everything(scene)
            let exchange = scene.exchange
            func plant(_ document: DocumentID, permit: Bool, facts: JournalPosition? = nil) async throws -> JournalPosition {
                let record = AccessRecord(
                    transaction: "ITI-67", context: scene.context(), factsPosition: facts ?? exchange.journal.size,
                    decisions: [.init(documents: [document], isPermitted: permit, rules: [])],
                    policy: exchange.settings.consentDefault.rawValue, decided: scene.world.now())
                return try await exchange.journal.append(
                    EntryDraft(kind: .access, subject: patient, payload: record.payload, value: record)).position
            }
            let erased = try await plant(documents[1].id, permit: true)
            let stale = try await plant(documents[2].id, permit: true, facts: 8)
            try await scene.refuse(patient)
            let denied = try await plant(documents[2].id, permit: true)
            _ = try await scene.find(patient)
            let report = try await exchange.replayJournal(for: scene.administrator)
            #expect(report.findings.map(\.position) == [erased, stale, denied], "\(report.findings)")
            #expect(report.findings[0].reason.hasPrefix("it disclosed a document that was erased"))
            #expect(report.findings[1].reason.contains("consent changed at entry"))
            #expect(report.findings[2].reason.hasPrefix("it disclosed a document that the consents in force denied"))
        }
    }
}
