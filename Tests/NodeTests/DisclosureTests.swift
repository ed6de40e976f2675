import ExchangeCore
import ExchangeNode
import Foundation
import Journal
import JSON
import PeerTransport
import Testing
import Transactions

extension RealNodes {
    /// Promise 2: what leaves the node stands in the journal before it leaves.
    @Suite struct DisclosureTests {
        /// Entries that can be read from the journal's files at this moment, by nobody's help.
        private static func entriesOnDisk(_ node: RunningNode) throws -> UInt64 {
            let folder = node.home.store.appendingPathComponent("journal")
            var verifier = JournalVerifier()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            for name in names.filter({ $0.hasSuffix(".segment") }).sorted() {
                let file = try FileHandle(forReadingFrom: folder.appendingPathComponent(name))
                // What is written lies in the first bytes; the rest of a segment is blank.
                try verifier.feed([UInt8](file.read(upToCount: 1 << 20) ?? Data())[...])
                try verifier.endSegment(isWhole: false)
            }
            return try verifier.finish().entries
        }

        @Test func `every transaction that discloses has its entry on disk before its answer arrives`() async throws {
            try await Network.one { _, node in
                let patient = try await node.register()
                let client = try node.client()
                let published = try await client.post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(1).utf8), at: node))
                let url = try #require(try published.json["content"]?[0]?["attachment"]?["url"]?.string)
                let match = JSONWriter.bytes(Submissions.match())
                let questions: [(transaction: String, method: ClientRequest.Method, path: String, body: [UInt8])] = [
                    ("ITI-67", .get, "/DocumentReference?patient=\(patient.id)", []),
                    ("ITI-67", .get, "/DocumentReference?patient=\(patient.id)&_summary=count", []),
                    ("ITI-68", .get, try path(url), []),
                    ("ITI-78", .get, "/Patient/\(patient.id)", []),
                    ("ITI-78", .get, "/Patient?identifier=\(node.numbers)%7C\(Canary.number)", []),
                    ("ITI-119", .post, "/Patient/$match", match),
                ]
                for question in questions {
                    let before = try node.journalSize
                    #expect(try Self.entriesOnDisk(node) == before)
                    let accept = question.transaction == "ITI-68" ? "*/*" : "application/fhir+json"
                    let reply = try await client.send(
                        question.method, question.path, headers: [("accept", accept)], body: question.body)
                    let onDisk = try Self.entriesOnDisk(node)
                    #expect(reply.status == 200, "\(question.path) \(reply.text)")
                    #expect(onDisk == before + 1, "\(question.path)")
                    let trace = try #require(reply.header("x-request-id"))
                    let entry = try #require(
                        try await node.node.store.reader.entries(from: before, limit: 1).first)
                    #expect(entry.kind == .access)
                    #expect(entry.subject == patient.id)
                    let record = try AccessRecord(payload: entry.payload)
                    #expect(record.transaction == question.transaction)
                    #expect(record.traceID == trace)
                    #expect(record.user == "dr.brattain")
                }
            }
        }

        @Test func `a refused question discloses nothing, and what was decided is written down all the same`() async throws {
            try await Network.one { _, node in
                let patient = try await node.register()
                let client = try node.client()
                _ = try await client.post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(1).utf8), at: node))
                _ = try await node.refuse(patient.id)
                let before = try node.journalSize
                let found = try await client.send(.get, "/DocumentReference?patient=\(patient.id)")
                #expect(try found.matches.isEmpty)
                #expect(!found.text.contains(Canary.words))
                let entry = try #require(try await node.node.store.reader.entries(from: before, limit: 1).first)
                let record = try AccessRecord(payload: entry.payload)
                #expect(record.decisions.map(\.isPermitted) == [false])
                #expect(record.decisions.first?.rules.isEmpty == false)
            }
        }

        @Test func `a token without a purpose is refused before anybody is looked up`() async throws {
            try await Network.one { _, node in
                let patient = try await node.register()
                let client = try node.client()
                let token = try node.token(for: client) { $0.purpose = nil }
                let size = try node.journalSize
                for path in ["/DocumentReference?patient=\(patient.id)", "/Patient/\(patient.id)"] {
                    let reply = try await client.send(.get, path, as: .text(token))
                    #expect(reply.status == 403)
                    let absent = try await client.send(
                        .get, path.replacing("\(patient.id)", with: "0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f"),
                        as: .text(token))
                    #expect(absent.bytes == reply.bytes)
                }
                #expect(try node.journalSize == size)
            }
        }
    }
}
