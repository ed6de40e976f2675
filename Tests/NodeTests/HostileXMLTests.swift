import ExchangeCore
import ExchangeNode
import Fixtures
import Foundation
import JSON
import Testing

extension RealNodes {
    /// Every hostile XML document through ITI-106, which reads it, and ITI-105, which stores it.
    @Suite(
        .enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"),
        .enabled(if: HieProcess.executable != nil, "the program hie was not built"))
    struct HostileXMLTests {
        /// A file and the statuses its row of INDEX.tsv allows.
        struct Row: Sendable {
            let name: String
            let generated: Set<Int>
            let published: Set<Int>
        }

        private static func reject(_ name: String) -> Row { Row(name: name, generated: [400], published: [400]) }
        private static func accept(_ name: String) -> Row { Row(name: name, generated: [200], published: [201]) }

        static let rows: [Row] = [
            reject("xxe-file.xml"), reject("xxe-http.xml"), reject("xxe-param.xml"), reject("dtd-external-subset.xml"),
            reject("billion-laughs.xml"), reject("quadratic-blowup.xml"), reject("benign-internal-entity.xml"),
            accept("xinclude.xml"), reject("deep-nesting.xml.gz"), reject("truncated.xml"),
            reject("trailing-garbage.xml"), reject("dup-attribute.xml"), reject("unbound-prefix.xml"),
            reject("bad-utf8.xml"), reject("nul-byte.xml"), accept("utf16le-bom.xml"), accept("latin1.xml"),
            accept("utf8-bom.xml"), Row(name: "wrong-root.xml", generated: [400, 422], published: [201]),
            Row(name: "no-recordtarget.xml", generated: [422], published: [422]),
            Row(name: "cda-embedded-12MB-pdf.xml.gz", generated: [200, 422], published: [201]),
        ]

        private static func bytes(_ name: String) async throws -> [UInt8] {
            guard name.hasSuffix(".gz") else { return try SharedData.bytes("hostile/xml/\(name)") }
            let file = SharedData.root.appendingPathComponent("hostile/xml/\(name)").path
            return try await Subprocess.run("gzip", ["-dc", file]).out
        }

        /// Runs a test with the patient of these documents registered, in a process of its own.
        private static func run(_ body: (RunningNode, HieProcess, NodeClient) async throws -> Void) async throws {
            try await Network.one { _, node in
                try await node.register("998991", of: "urn:oid:2.16.840.1.113883.19.5.99999.2")
                try await node.register("P1", of: "urn:oid:2.999.1")
                try await node.register()
                try await node.stop()
                let process = HieProcess(node)
                do {
                    try await process.start()
                    try await body(node, process, try node.client())
                } catch {
                    await process.end(SIGKILL)
                    throw error
                }
                await process.end(SIGTERM)
                #expect(process.lines.allSatisfy { $0.hasPrefix("{\"ts\"") }, "only log lines on stderr")
            }
        }

        @Test func `T107 T108 each document gets its verdict, read or stored, in bounded time and memory`() async throws {
            #expect(Set(SharedData.files("hostile/xml")) == Set(Self.rows.map { "hostile/xml/\($0.name)" }))
            try await Self.run { node, process, client in
                let rss = try process.peakBytes
                var slowest = Duration.zero
                for row in Self.rows {
                    let bytes = try await Self.bytes(row.name)
                    let before = try await process.documents()
                    let (generated, took) = try await timing {
                        try await client.post("/DocumentReference/$generate-metadata", Submissions.generate(bytes))
                    }
                    #expect(row.generated.contains(generated.status), "\(row.name): \(generated.status) \(generated.text.prefix(300))")
                    #expect(try await process.documents() == before, "\(row.name): ITI-106 stores nothing")
                    let published = try await client.post(
                        "/DocumentReference", Submissions.simplified(bytes, at: node, type: "text/xml"))
                    #expect(row.published.contains(published.status), "\(row.name): \(published.status) \(published.text.prefix(300))")
                    let isStored = published.status == 201
                    #expect(try await process.documents() == before + (isStored ? 1 : 0), "\(row.name)")
                    if isStored {
                        let url = try #require(try published.json["content"]?[0]?["attachment"]?["url"]?.string)
                        #expect(try await client.document(path(url)).bytes == bytes, "\(row.name): unchanged")
                    }
                    if bytes.count < 1 << 20 { slowest = max(slowest, took) }
                    #expect(!generated.text.contains("root:") && !published.text.contains("root:"))
                }
                let grown = try process.peakBytes - rss
                print(
                    "hostile.xml: slowest \(slowest.milliseconds) ms, peak memory grew by \(grown >> 20) MB to "
                        + "\(try process.peakBytes >> 20) MB")
                #expect(slowest < .seconds(2), "a debug build on a busy machine")
                #expect(grown < 512 << 20)
                #expect(try await process.damage() == [])
            }
        }

        @Test func `Latin-1 and UTF-16 documents have the metadata of their text`() async throws {
            try await Self.run { _, _, client in
                func reference(_ name: String) async throws -> JSONValue? {
                    let bytes = try await Self.bytes(name)
                    let reply = try await client.post(
                        "/DocumentReference/$generate-metadata", Submissions.generate(bytes))
                    #expect(reply.status == 200, "\(name) \(reply.text)")
                    return try reply.json["parameter"]?.items.first { $0["name"] == "DocumentReference" }?["resource"]
                }
                let latin = try await reference("latin1.xml")
                #expect(latin?["content"]?[0]?["attachment"]?["title"]?.string?.hasPrefix("Über Café") == true)
                let wide = try await reference("utf16le-bom.xml")
                let marked = try await reference("utf8-bom.xml")
                for name in ["type", "category", "masterIdentifier", "subject", "author", "securityLabel"] {
                    #expect(wide?[name] == marked?[name], "\(name)")
                }
            }
        }
    }
}
