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
}
