import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import PeerTransport
import Testing
import Transactions

extension RealNodes {
    /// Proofs made by a node whose head another cosigned, checked here and by a program that knows only the page.
    @Suite struct ProofTests {
        private static let checker = Repository.root.appendingPathComponent("Tests/interop/check_proof.py").path

        /// Two nodes that witness each other, and one patient with a document at the first.
        private func scene(_ body: (RunningNode, RunningNode, PatientID) async throws -> Void) async throws {
            try await Network.run { network in
                let hospital = try network.add(.init(limits: ["witness-seconds: 1"]))
                try await hospital.start()
                let clinic = try network.add(
                    .init(
                        name: "clinic", community: "1.3.6.1.4.1.21367.2026.11", seeds: [hospital],
                        limits: ["witness-seconds: 1"]))
                try await clinic.start()
                let patient = try await hospital.register("RH-1").id
                let client = try hospital.client("writer")
                let bytes = Array(Canary.document(1).utf8)
                let answer = try await client.post(
                    "/DocumentReference", Submissions.simplified(bytes, at: hospital, of: "RH-1"))
                try #require(answer.status == 201, "\(answer.text)")
                _ = try await client.send(.get, "/DocumentReference?patient=\(patient)")
                let size = try hospital.journalSize
                try await until("the clinic cosigns the hospital's head") {
                    guard let witness = try hospital.exchange.witness, let head = await witness.ownHead else { return false }
                    guard let other = try clinic.exchange.witness?.key else { return false }
                    return head.checkpoint.size >= size && other.cosigned(head.note) != nil
                }
                try await body(hospital, clinic, patient)
            }
        }

        private func verdict(_ text: [UInt8]) -> ProofVerdict? {
            guard let json = try? JSONReader.read(text), let proof = try? EntryProof(json: json) else { return nil }
            return try? proof.check()
        }

        @Test func `an opened proof shows what happened, under a head the other node cosigned, to its keys alone`() async throws {
            try await scene { hospital, clinic, patient in
                let proof = try await hospital.exchange.prove(patient, opens: true, for: hospital.administrator)
                #expect(try EntryProof(json: proof.json) == proof)
                let keys = try [hospital, clinic].compactMap { try $0.exchange.witness?.key }
                let found = try proof.check(trusting: keys)
                #expect(found.cosigners.map(\.name) == ["oid/" + clinic.community.oid.dotted])
                let kinds = found.entries.map(\.kind)
                #expect(kinds.prefix(2) == [.identity, .submission] && kinds.contains(.access))
                let access = try #require(found.entries.last { $0.kind == .access }?.payload)
                #expect(String(decoding: access, as: UTF8.self).contains("\"transaction\":\"ITI-67\""))
                #expect(throws: ExchangeError(.corrupted, "")) { try proof.check(trusting: [keys[1]]) }
                let sealed = try await hospital.exchange.prove([3], opens: false, for: hospital.administrator)
                #expect(sealed.items.count == 1 && sealed.items[0].key == nil)
                let log = try await hospital.exchange.accessLog(of: patient, limit: 10, for: hospital.administrator)
                #expect(log.first?.record.transaction == AccessRecord.export, "opening a proof is an export")
            }
        }

        @Test(.enabled(Interop.missing) { await Interop.isReady() })
        func `a checker written from the page alone agrees, on whole proofs and on damaged ones`() async throws {
            try await scene { hospital, _, patient in
                let opened = try await hospital.exchange.prove(patient, opens: true, for: hospital.administrator)
                let sealed = try await hospital.exchange.prove([0, 1, 2, 3], opens: false, for: hospital.administrator)
                let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                    "hie-proofs-" + World.system.newTraceID().prefix(8))
                try SecretFile.makeFolder(folder)
                defer { try? FileManager.default.removeItem(at: folder) }
                var files: [(path: String, holds: Bool, cosigners: Int)] = []
                func add(_ bytes: [UInt8]) throws {
                    let path = folder.appendingPathComponent("\(files.count).json").path
                    try Data(bytes).write(to: URL(fileURLWithPath: path))
                    let found = verdict(bytes)
                    files.append((path, found != nil, found?.cosigners.count ?? 0))
                }
                for proof in [opened, sealed] { try add(JSONWriter.bytes(proof.json)) }
                #expect(files.allSatisfy { $0.holds && $0.cosigners == 1 })
                let seed: UInt64 = 1
                let bytes = JSONWriter.bytes(sealed.json)
                for step in 0..<600 {
                    var damaged = bytes
                    let at = Int((seed &+ UInt64(step) &* 0x9E37_79B9_7F4A_7C15) % UInt64(bytes.count))
                    switch step % 4 {
                    case 0: damaged[at] ^= UInt8(1 << (step / 4 % 8))
                    case 1: damaged.remove(at: at)
                    case 2: damaged.insert(damaged[at], at: at)
                    default: damaged.swapAt(at, (at + 1) % bytes.count)
                    }
                    if damaged != bytes { try add(damaged) }
                }
                let run = try await Subprocess.run(Interop.program("python"), [Self.checker] + files.map(\.path))
                let lines = run.text.split(separator: "\n")
                try #require(lines.count == files.count, "\(run.errors)")
                for (line, file) in zip(lines, files) {
                    let agrees = line.hasPrefix(file.holds ? "holds " : "void ")
                        && (!file.holds || line.hasSuffix("cosigned by \(file.cosigners)"))
                    #expect(agrees, "seed \(seed): \(line), and here it \(file.holds ? "holds" : "is void")")
                }
                #expect(files.count { !$0.holds } > 500, "damage is found")
            }
        }
    }
}
