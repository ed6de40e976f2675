import AdminEndpoint
import ConsentEngine
import ExchangeCore
import ExchangeNode
import Foundation
import Journal
import JSON
import PatientIndex
import PeerTransport
import Testing
import Transactions

extension RealNodes {
    /// The journal is the one truth: whatever else is lost is made anew from it.
    @Suite struct RestartTests {
        /// Every answer that must not change, ids and bytes.
        private static func answers(_ node: RunningNode, _ client: NodeClient, _ patient: PatientID) async throws
            -> [String]
        {
            var all: [String] = []
            let found = try await client.send(.get, "/DocumentReference?patient=\(patient)")
            all.append(Region.plain(found))
            for match in try found.matches {
                let url = try #require(match["resource"]?["content"]?[0]?["attachment"]?["url"]?.string)
                let document = try await client.document(path(url))
                all.append("\(document.status) \(document.header("etag") ?? "") \(document.text)")
            }
            all.append(try await client.send(.get, "/Patient/\(patient)").text)
            all.append(Region.plain(try await client.post("/Patient/$match", Submissions.match())))
            all.append("\(try await node.counts())")
            let consents = try await node.exchange.consents(of: patient)
            all.append("\(consents.map(\.id))")
            return all
        }

        private static func fill(_ node: RunningNode, _ client: NodeClient) async throws -> PatientID {
            let patient = try await node.register()
            try await node.register("MRN-2", Demographics(names: [PersonName(family: "Other", given: ["Sam"])]))
            for number in 1...5 {
                let answer = try await client.post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(number).utf8), at: node))
                #expect(answer.status == 201)
            }
            let other = try await node.exchange.projection.patients(
                identifier: try #require(PatientIdentifier(system: node.numbers, value: "MRN-2")))
            let directive = try await node.refuse(try #require(other.first?.id))
            _ = try await node.exchange.revokeConsent(directive.id, for: node.administrator)
            _ = try await node.refuse(try #require(other.first?.id))
            return patient.id
        }

        @Test(arguments: ["deleted", "emptied", "damaged"])
        func `a projection that is lost is rebuilt at start, with the same answers`(_ fate: String) async throws {
            try await Network.one { network, node in
                let client = try node.client()
                let patient = try await Self.fill(node, client)
                let before = try await Self.answers(node, client, patient)
                try await node.stop()
                let files = FileManager.default
                for suffix in ["", "-wal", "-shm"] {
                    let file = node.home.projection.path + suffix
                    switch fate {
                    case "emptied" where suffix.isEmpty: #expect(files.createFile(atPath: file, contents: Data()))
                    case "damaged" where suffix.isEmpty:
                        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
                        for place in stride(from: 4096, to: bytes.count, by: 97) { bytes[place] ^= 0x5A }
                        try bytes.write(to: URL(fileURLWithPath: file))
                    default: if files.fileExists(atPath: file) { try files.removeItem(atPath: file) }
                    }
                }
                let place = network.log.count
                try await node.start()
                #expect(network.log.since(place).contains { $0.contains("projection") })
                #expect(try await Self.answers(node, client, patient) == before)
            }
        }

        @Test func `a node that was stopped and started says the same, and its journal verifies running and stopped`()
            async throws
        {
            try await Network.one { _, node in
                let client = try node.client()
                let patient = try await Self.fill(node, client)
                let before = try await Self.answers(node, client, patient)
                for _ in 0..<2 {
                    try await node.stop()
                    let stopped = await JournalAudit.verify(node.home)
                    #expect(stopped.damage == [])
                    try await node.start()
                    let running = try await JournalAudit.verify(node.home, running: node.node.store.store)
                    #expect(running.damage == [])
                    #expect(running.entries >= stopped.entries)
                    #expect(stopped.checkpoint == stopped.entries, "signed when it was closed")
                }
                #expect(try await Self.answers(node, client, patient) == before)
            }
        }

        @Test func `one changed byte anywhere in the journal stops the start, and names the place`() async throws {
            try await Network.one { network, node in
                let client = try node.client()
                _ = try await Self.fill(node, client)
                try await node.stop()
                let kept = network.folder.appendingPathComponent("kept")
                try FileManager.default.copyItem(at: node.home.store, to: kept)
                let folder = node.home.store.appendingPathComponent("journal")
                let name = try #require(
                    try FileManager.default.contentsOfDirectory(atPath: folder.path).first { $0.hasSuffix(".segment") })
                let segment = folder.appendingPathComponent(name)
                // The segment is preallocated: behind what was written it is blank, and says nothing.
                let written = try #require(try Data(contentsOf: segment).lastIndex { $0 != 0 }) + 1
                for place in [written / 3, written / 2, written - 200] {
                    try FileManager.default.removeItem(at: node.home.store)
                    try FileManager.default.copyItem(at: kept, to: node.home.store)
                    var bytes = try Data(contentsOf: segment)
                    bytes[place] ^= 1
                    try bytes.write(to: segment)
                    #expect(await JournalAudit.verify(node.home).damage.isEmpty == false, "byte \(place) of \(written)")
                    do {
                        try await node.start()
                        // What lies in the middle is found when it is read, at the latest by the audit.
                        let verdict = try await JournalAudit.verify(node.home, running: node.node.store.store)
                        #expect(verdict.damage.isEmpty == false, "byte \(place) of \(written)")
                        try await node.stop()
                    } catch let error as ExchangeError {
                        #expect(error.code == .corrupted)
                        #expect("\(error)".contains("segment") || "\(error)".contains(name), "\(error)")
                    }
                }
            }
        }

        @Test func `T121 a key that others may read stops the start`() async throws {
            try await Network.run { network in
                let node = try network.add()
                for key in [node.home.nodeKey, node.home.wrappingKey, node.home.tokenKey, node.home.logKey] {
                    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key.path)
                    let error = await #expect(throws: ExchangeError.self) { try await node.start() }
                    #expect(error?.code == .forbidden)
                    #expect(error?.message.contains("chmod 600") == true)
                    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key.path)
                }
                try await node.start()
                let second = await #expect(throws: ExchangeError.self) {
                    _ = try await Node(node.home, logger: network.log.logger("second"))
                }
                #expect(second?.code == .conflict, "one process at a time")
            }
        }
    }
}
