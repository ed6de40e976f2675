import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Testing

extension RealNodes {
    /// A disk that fails under a running node: nothing is recorded, so nothing is disclosed; the node says so, and goes on
    /// by itself.
    @Suite(.enabled(if: HieProcess.executable != nil, "the program hie was not built"))
    struct StoreFaultTests {
        /// A node's documents as they were acknowledged.
        private struct Kept {
            var documents: [(path: String, bytes: [UInt8])] = []
        }

        private static func publish(_ number: Int, _ client: NodeClient, _ node: RunningNode, into kept: inout Kept)
            async throws -> Int
        {
            let bytes = Array((Canary.document(number) + String(repeating: ".", count: 30_000)).utf8)
            let reply = try await client.post(
                "/DocumentReference", Submissions.simplified(bytes, at: node),
                headers: [("prefer", "return=representation")])
            if reply.status == 201 {
                let url = try reply.json["content"]?[0]?["attachment"]?["url"]?.string ?? ""
                kept.documents.append((try path(url), bytes))
            }
            return reply.status
        }

        /// What is asked of a node that cannot record: every door that discloses.
        private static func refusals(_ client: NodeClient, _ node: RunningNode, _ kept: Kept) async throws -> [Reply] {
            let identifier = "identifier=\(node.numbers)%7C\(Canary.number)"
            return [
                try await client.document(kept.documents[0].path),
                try await client.send(.get, "/DocumentReference?patient.\(identifier)"),
                try await client.send(.get, "/Patient?\(identifier)"),
                try await client.post("/Patient/$match", Submissions.match()),
            ]
        }

        private static func expectStandstill(
            _ fault: String, _ client: NodeClient, _ node: RunningNode, _ process: HieProcess, _ kept: Kept,
        ) async throws {
            for reply in try await refusals(client, node, kept) {
                #expect(reply.status == 503, "\(fault): \(reply.text.prefix(200))")
                #expect(Canary.found(in: [reply.text]).isEmpty, "\(fault): patient data in a refusal")
            }
            #expect(try await client.send(.get, "/metadata").status == 200, "\(fault): what discloses nothing goes on")
            try await until("\(fault): status says so", within: .seconds(10)) {
                try await process.status()["healthy"]?.bool == false
            }
            let status = try await process.status()
            #expect(status["store"]?["working"]?.bool == false)
            #expect(status["store"]?["since"]?.string != nil)
            #expect(status["store"]?["next"]?.string?.contains("by itself") == true, "\(fault): the next step")
            #expect(try await process.ask("node/health")["status"]?.string == "fail", "\(fault): the doctor says so")
            #expect(try await process.ask("audit/verify")["verified"]?.bool == true, "\(fault): reading goes on")
        }

        /// Waits until the node has opened its store anew, and holds it against what was acknowledged.
        private static func expectWhole(
            _ fault: String, _ process: HieProcess, _ node: RunningNode, _ kept: inout Kept,
        ) async throws {
            do {
                try await until("\(fault): the node goes on by itself", within: .seconds(60)) {
                    (try? await process.status())?["healthy"]?.bool == true
                }
            } catch {
                Issue.record("\(fault): \(error); its log: \(process.lines.filter { $0.contains("Fatal") || $0.contains(" in ") || $0.contains("rror") }.prefix(40).joined(separator: "\n"))")
                throw error
            }
            let client = try node.known()
            defer { client.close() }
            for document in kept.documents {
                let reply = try await client.document(document.path)
                #expect(reply.status == 200 && reply.bytes == document.bytes, "\(fault): an acknowledged document")
            }
            #expect(try await publish(kept.documents.count + 100, client, node, into: &kept) == 201, "\(fault)")
            #expect(try await process.damage() == [], "\(fault)")
        }

        static let faults = [
            "sync EIO", "write EIO", "write ENOSPC", "any EROFS", "any ENOSPC", "allocate ENOSPC", "rename EIO",
        ]

        @Test(.enabled(if: StoreShim.library != nil, "there is no C compiler for Tests/shims"), arguments: faults)
        func `L1 T52 T66 a disk that refuses stops the writing and every disclosure, and nothing else`(_ fault: String)
            async throws
        {
            try await Network.process(.init(limits: ["segment-bytes: 131072"])) { _, node, process in
                await process.end(SIGTERM)
                let client = try node.client()
                let shim = StoreShim(node)
                try await process.start(shim.environment)
                var kept = Kept()
                for number in 1...3 { #expect(try await Self.publish(number, client, node, into: &kept) == 201) }
                try shim.refuse(fault)
                // The first of these meets the fault; some faults only bite where a segment or a mark is made.
                var met = 0
                for number in 4...12 where met == 0 {
                    let status = try await Self.publish(number, client, node, into: &kept)
                    if status != 201 { met = status }
                }
                if met == 0 {
                    try await until("\(fault) is met", within: .seconds(10)) {
                        try await process.status()["healthy"]?.bool == false
                    }
                } else {
                    #expect(met == 503, "\(fault)")
                }
                try await Self.expectStandstill(fault, client, node, process, kept)
                try shim.relent()
                try await Self.expectWhole(fault, process, node, &kept)
                client.close()
            }
        }

        @Test(arguments: ["store/keyring", "store/journal/00000000.segment"])
        func `a file that is removed under a running node is noticed, written anew, and nothing acknowledged is lost`(
            _ file: String,
        ) async throws {
            try await Network.process { _, node, process in
                let client = try node.client()
                var kept = Kept()
                for number in 1...2 { #expect(try await Self.publish(number, client, node, into: &kept) == 201) }
                let path = node.home.folder.appendingPathComponent(file).path
                try FileManager.default.removeItem(atPath: path)
                _ = try await Self.publish(3, client, node, into: &kept)
                try await until("the log says so", within: .seconds(10)) {
                    process.lines.contains { $0.contains("is lost") && $0.contains("leave the node running") }
                }
                try await until("it is written anew", within: .seconds(30)) { FileManager.default.fileExists(atPath: path) }
                try await Self.expectWhole(file, process, node, &kept)
                client.close()
                // A new patient's key lies in a file that has a name again.
                await process.end(SIGKILL)
                try await process.start()
                try await Self.expectWhole(file, process, node, &kept)
            }
        }

        @Test func `T52 a disk that is really full stops the node, and room on it sets it going`() async throws {
            try await Network.process { network, node, process in
                await process.end(SIGTERM)
                let store = node.home.store.path
                let kept0 = network.folder.appendingPathComponent("kept")
                try FileManager.default.moveItem(atPath: store, toPath: kept0.path)
                try SecretFile.makeFolder(node.home.store)
                let mounted = try await Subprocess.run(
                    "mount", ["-t", "tmpfs", "-o", "size=160m,mode=0700", "tmpfs", store])
                guard mounted.code == 0 else {
                    try FileManager.default.removeItem(atPath: store)
                    try FileManager.default.moveItem(atPath: kept0.path, toPath: store)
                    try await process.start()
                    return print("disk full: left out, this user may not mount a small disk")
                }
                do {
                    try await Self.fillAndFree(node, process, store, kept0)
                } catch {
                    await process.end(SIGKILL)
                    _ = try await Subprocess.run("umount", ["-l", store])
                    throw error
                }
                await process.end(SIGTERM)
                _ = try await Subprocess.run("umount", [store])
                try FileManager.default.removeItem(atPath: store)
                try FileManager.default.moveItem(atPath: kept0.path, toPath: store)
                try await process.start()
            }
        }

        private static func fillAndFree(
            _ node: RunningNode, _ process: HieProcess, _ store: String, _ from: URL,
        ) async throws {
            for name in try FileManager.default.contentsOfDirectory(atPath: from.path) {
                try FileManager.default.copyItem(
                    atPath: from.appendingPathComponent(name).path, toPath: store + "/" + name)
            }
            let client = try node.client()
            try await process.start()
            var kept = Kept()
            for number in 1...3 { #expect(try await publish(number, client, node, into: &kept) == 201) }
            let filler = store + "/filler"
            _ = try await Subprocess.run("dd", ["if=/dev/zero", "of=\(filler)", "bs=4096"])
            var status = 201
            var number = 3
            while status == 201, number < 4000 {
                number += 1
                status = try await publish(number, client, node, into: &kept)
            }
            #expect(status == 503, "the disk is full after \(number) documents")
            try await expectStandstill("full disk", client, node, process, kept)
            let next = try await process.status()["store"]?["next"]?.string
            #expect(next?.contains("free ") == true, "\(next ?? "")")
            try FileManager.default.removeItem(atPath: filler)
            try await expectWhole("full disk", process, node, &kept)
            client.close()
        }
    }
}
