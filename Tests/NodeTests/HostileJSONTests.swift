import ExchangeCore
import ExchangeNode
import Fixtures
import GossipDirectory
import JSON
import PeerTransport
import Testing
import Trust

extension RealNodes {
    /// Every hostile file at every door that takes one: its outcome is INDEX.tsv's, nothing is half-stored, the node goes on.
    @Suite(
        .enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"),
        .enabled(if: HieProcess.executable != nil, "the program hie was not built"))
    struct HostileJSONTests {
        /// Where a file belongs, which statuses its row of INDEX.tsv allows, and what the answer says.
        struct Row: Sendable {
            let name: String
            let path: String
            let statuses: Set<Int>
            var says = ""
        }

        private static let refused: Set<Int> = [400, 422]

        static let rows: [Row] = [
            Row(name: "iti65-ok", path: "", statuses: [200]),
            Row(name: "iti65-bad-hash", path: "", statuses: refused, says: "hash"),
            Row(name: "iti65-bad-size", path: "", statuses: refused, says: "size"),
            Row(name: "iti65-no-submissionset", path: "", statuses: refused, says: "submission"),
            Row(name: "iti65-missing-binary", path: "", statuses: refused, says: "XDSMissingDocument"),
            Row(name: "iti65-no-masteridentifier", path: "", statuses: refused, says: "uniqueId"),
            Row(name: "iti65-unknown-modifier-extension", path: "", statuses: refused, says: "modifierExtension"),
            Row(name: "iti65-batch-not-transaction", path: "", statuses: refused, says: "transaction"),
            Row(name: "iti65-script-narrative", path: "", statuses: [200, 400, 422]),
            Row(name: "iti65-long-id", path: "", statuses: [200, 400]),
            Row(name: "iti65-contenttype-path", path: "", statuses: [200]),
            Row(name: "dup-keys", path: "", statuses: [400]), Row(name: "trailing-comma", path: "", statuses: [400]),
            Row(name: "truncated", path: "", statuses: [400]), Row(name: "bom", path: "", statuses: [200, 400]),
            Row(name: "utf16", path: "", statuses: [400, 415]), Row(name: "nan", path: "", statuses: [400]),
            Row(name: "lone-surrogate", path: "/Patient/$match", statuses: [200, 400]),
            Row(name: "deep-array", path: "", statuses: [400]),
            Row(name: "deep-extension", path: "/Patient/$match", statuses: [400]),
            Row(name: "huge-number", path: "/Patient/$match", statuses: [400]),
            // What we neither store nor answer is refused; that decimals keep their digits is ConformanceTests' row.
            Row(name: "decimal-precision", path: "", statuses: [400, 404, 422]),
            Row(name: "null-in-array", path: "/Patient/$match", statuses: [400]),
            Row(name: "primitive-extension", path: "/Patient/$match", statuses: [200]),
            Row(name: "empty-object", path: "", statuses: [400]),
            Row(name: "unknown-type", path: "", statuses: [400, 404]),
            Row(name: "unknown-element", path: "/Patient/$match", statuses: refused, says: "nmae"),
        ]

        /// A file as it is, except that a Bundle names a registered patient and has ids of its own.
        private static func bytes(_ name: String, _ number: Int, _ node: RunningNode) throws -> [UInt8] {
            let bytes = try SharedData.bytes("hostile/json/\(name).json")
            guard name.hasPrefix("iti65") || name == "bom", let text = String(validating: bytes, as: UTF8.self) else {
                return bytes
            }
            let identifier =
                #""resourceType": "Patient", "identifier": [{"system": "\#(node.numbers)", "value": "\#(Canary.number)"}],"#
            return Array(
                text.replacing(#""resourceType": "Patient","#, with: identifier)
                    .replacing(".46343", with: ".46343.\(number)").replacing(".62012", with: ".62012.\(number)").utf8)
        }

        @Test func `T113 each file gets its verdict where it belongs, and nothing is half-stored`() async throws {
            #expect(
                Set(SharedData.files("hostile/json")) == Set(Self.rows.map { "hostile/json/\($0.name).json" }))
            try await Network.process { _, node, process in
                let client = try node.client()
                for (number, row) in Self.rows.enumerated() {
                    let before = try await process.documents()
                    let reply = try await client.send(
                        .post, row.path, body: Self.bytes(row.name, number, node))
                    #expect(row.statuses.contains(reply.status), "\(row.name): \(reply.status) \(reply.text.prefix(300))")
                    #expect(reply.text.contains(row.says), "\(row.name): \(reply.text.prefix(300))")
                    #expect(reply.text.contains("resourceType"))
                    let isStored = reply.status == 200 && row.path.isEmpty
                    #expect(try await process.documents() == before + (isStored ? 1 : 0), "\(row.name)")
                }
                #expect(try await process.damage() == [])
            }
        }

        @Test func `T113 each file at each door that takes a body is refused or answered, never a 500`() async throws {
            try await Network.process { _, node, process in
                let client = try node.client()
                let policy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(node.home.networkAuthority)))
                let peer = try PeerConnections(identity: node.peerIdentity, policy: { policy }, world: .system, dial: DialRule(own: ["127.0.0.1"]))
                let directory = DirectoryTarget(
                    community: node.community, url: try #require(EndpointURL("https://127.0.0.1:\(node.peers.number)")))
                let before = try await process.documents()
                let rss = try process.peakBytes
                for file in SharedData.files("hostile/json") {
                    let bytes = try SharedData.bytes(file)
                    for path in ["", "/DocumentReference", "/DocumentReference/$generate-metadata", "/Patient/$match"] {
                        let reply = try await client.send(.post, path, body: bytes)
                        #expect((200..<500).contains(reply.status), "\(file) \(path): \(reply.status)")
                    }
                    let form = try await client.form("/DocumentReference/_search", String(decoding: bytes, as: UTF8.self))
                    #expect((400..<500).contains(form.status), "\(file) as a form: \(form.status)")
                    let gossip = await #expect(throws: ExchangeError.self) {
                        try await peer.gossip.ask(bytes, of: directory, timeout: .seconds(20))
                    }
                    // What is longer than any message ends the connection.
                    let isLong = bytes.count > DirectoryMessage.bytesMax
                    #expect(gossip?.code == (isLong ? .unavailable : .badRequest), "\(file) as gossip: \(gossip?.message ?? "")")
                }
                #expect(try await process.documents() == before)
                #expect(process.isRunning)
                #expect(process.lines.allSatisfy { $0.hasPrefix("{\"ts\"") }, "only log lines on stderr")
                let grown = try process.peakBytes - rss
                print("hostile.json: peak memory grew by \(grown >> 20) MB to \(try process.peakBytes >> 20) MB")
                #expect(grown < 128 << 20)
            }
        }

        @Test func `T110 a document with a path as its type is kept by its hash and served as harmless`() async throws {
            try await Network.process { _, node, _ in
                let client = try node.client()
                // The file carries no label, and what cannot be labelled is restricted: labelled normal, so that it is shown.
                let label = #""securityLabel": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/"#
                    + #"v3-Confidentiality", "code": "N"}]}], "content": ["#
                let bundle = String(decoding: try Self.bytes("iti65-contenttype-path", 1, node), as: UTF8.self)
                    .replacing(#""content": ["#, with: label)
                let published = try await client.send(.post, "", body: Array(bundle.utf8))
                #expect(published.status == 200, "\(published.text)")
                let found = try await client.send(
                    .get, "/DocumentReference?patient.identifier=\(node.numbers)%7C\(Canary.number)")
                let url = try #require(
                    try found.matches.first?["resource"]?["content"]?[0]?["attachment"]?["url"]?.string)
                let document = try await client.document(path(url))
                #expect(document.text == "Hello World")
                #expect(document.header("x-content-type-options") == "nosniff")
                #expect(document.header("content-disposition")?.hasPrefix("attachment") == true)
                #expect(document.header("content-type")?.contains("..") == false)
                #expect(document.header("content-type")?.contains("html") == false)
            }
        }
    }
}
