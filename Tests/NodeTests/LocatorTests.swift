import ExchangeCore
import Foundation
import JSON
import PeerTransport
import Synchronization
import Testing
import Transactions

extension RealNodes {
    /// Eight facilities, seven of them processes of their own that are killed, stopped and started again while a clinician
    /// asks: every answer is honest (promise 3).
    @Suite(.enabled(if: HieProcess.executable != nil, "hie was not built")) struct LocatorTests {
        private struct Facility: Sendable {
            let node: RunningNode
            let process: HieProcess
        }

        /// What the answers said, and whether enough were asked for.
        private final class Said: Sendable {
            let isOver = Mutex(false)
            let words = Mutex<[String: Int]>([:])
        }

        @Test func `killed, stopped and restarted under load, no facility is left out unsaid`() async throws {
            try await Network.run { network in
                let asking = try network.add(.init(limits: ["locate-seconds: 3"]))
                try await asking.start()
                let patient = try await asking.register().id
                var facilities: [Facility] = []
                for number in 1...7 {
                    let node = try network.add(
                        .init(name: "f\(number)", community: "1.3.6.1.4.1.21367.2026.1\(number)", seeds: [asking]))
                    try await node.start()
                    let mrn = "MRN-\(number)"
                    try await node.register(mrn)
                    let writer = try node.client("writer")
                    let bytes = Array((Canary.document(number) + " of \(node.name)").utf8)
                    let answer = try await writer.post(
                        "/DocumentReference", Submissions.simplified(bytes, at: node, of: mrn))
                    try #require(answer.status == 201, "\(answer.text)")
                    try await node.stop()
                    facilities.append(Facility(node: node, process: HieProcess(node)))
                }
                do {
                    try await Self.play(asking, patient, facilities)
                } catch {
                    for facility in facilities where !facility.process.isRunning {
                        Issue.record("\(facility.node.name) has ended: \(facility.process.lastWords)")
                    }
                    for facility in facilities {
                        await facility.process.end(SIGKILL)
                        print("\(facility.node.name): \(facility.process.lines.suffix(12).joined(separator: "\n"))")
                    }
                    throw error
                }
                for facility in facilities {
                    await facility.process.end(SIGTERM)
                    #expect(Canary.found(in: facility.process.lines).isEmpty, "patient data in the log")
                }
            }
        }

        private static func play(_ asking: RunningNode, _ patient: PatientID, _ facilities: [Facility]) async throws {
            for facility in facilities { try await facility.process.start() }
            let clinician = try asking.client()
            try await until("everybody answers", within: .seconds(120)) {
                let answer = try await honest(clinician, patient, facilities)
                if !answer.complete { print("not everybody answers yet: \(answer.words)") }
                return answer.complete
            }
            let said = Said()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        while !said.isOver.withLock({ $0 }) {
                            let answer = try await honest(clinician, patient, facilities)
                            said.words.withLock { for word in answer.words { $0[word, default: 0] += 1 } }
                        }
                    }
                }
                defer { said.isOver.withLock { $0 = true } }
                func settle(_ what: String, _ word: String, _ count: Int) async throws {
                    try await until(what, within: .seconds(30)) {
                        try await honest(clinician, patient, facilities).words.filter { $0 == word }.count >= count
                    }
                }
                await facilities[0].process.end(SIGKILL)
                facilities[1].process.send(SIGSTOP)
                try await settle("the others answer", "answered", 5)
                await facilities[2].process.end(SIGKILL)
                try await settle("the others answer", "answered", 4)
                facilities[1].process.send(SIGCONT)
                try await facilities[0].process.start()
                try await facilities[2].process.start()
                try await until("everybody answers again", within: .seconds(120)) {
                    try await honest(clinician, patient, facilities).complete
                }
            }
            // What stood still was named, one way or the other, before it was left alone.
            let seen = said.words.withLock { $0 }
            #expect((seen["unreachable"] ?? 0) + (seen["breaker-open"] ?? 0) > 0, "\(seen)")
            #expect((seen["timed-out"] ?? 0) + (seen["breaker-open"] ?? 0) > 0, "\(seen)")
            #expect(seen["none"] == nil, "\(seen)")
        }

        /// One answer, held against what is known: each facility has one document, so it is shown or it is missing, and
        /// said to be. The words of the seven, and whether all answered.
        private static func honest(_ clinician: NodeClient, _ patient: PatientID, _ facilities: [Facility])
            async throws -> (words: [String], complete: Bool)
        {
            let reply = try await clinician.send(.get, "/DocumentReference?patient=\(patient)")
            try #require(reply.status == 200, "\(reply.text)")
            let entries = try reply.json["entry"]?.items ?? []
            let homes = entries.compactMap { entry in
                entry["resource"]?["extension"]?[0]?["valueOid"]?.string
            }
            let issues = entries.flatMap { entry in
                entry["resource"]?["resourceType"]?.string == "OperationOutcome"
                    ? entry["resource"]?["issue"]?.items ?? [] : []
            }
            var words: [String] = []
            for facility in facilities {
                let own = issues.filter {
                    $0["extension"]?[0]?["valueOid"]?.string == facility.node.community.urn
                }
                #expect(own.count == 1, "\(facility.node.name) has \(own.count) lines")
                let word = own.first?["details"]?["coding"]?[0]?["code"]?.string ?? ""
                let shown = homes.filter { $0 == facility.node.community.urn }.count
                #expect(shown == (word == "answered" ? 1 : 0), "\(facility.node.name) is \(word) and shows \(shown)")
                #expect(word != "none", "\(facility.node.name) has a document and reads as none")
                words.append(word)
            }
            return (words, words.allSatisfy { $0 == "answered" })
        }
    }
}
