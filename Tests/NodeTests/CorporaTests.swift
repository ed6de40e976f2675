import CDA
import ExchangeCore
import ExchangeNode
import Fixtures
import Foundation
import HL7v2
import JSON
import PatientIndex
import PeerTransport
import Testing
import Transactions

extension RealNodes {
    /// Every file of the corpora through the door it is for: what becomes of each is in `Tests/corpora/expected.tsv`, which
    /// `HIE_CORPORA=record` writes anew. Prints a table: files, accepted, refused and why.
    @Suite(.enabled(if: SharedData.isPresent, "the shared data is not here"))
    struct CorporaTests {
        /// What became of one file.
        struct Verdict: Hashable, Sendable {
            let corpus: String
            let path: String
            let isAccepted: Bool
            /// In words that hold on every run; empty where it was accepted without one.
            let words: String

            var line: String { [corpus, path, isAccepted ? "accepted" : "refused", words].joined(separator: "\t") }
        }

        private static let expected = Repository.root.appendingPathComponent("Tests/corpora/expected.tsv")
        private static let local = "urn:oid:1.3.6.1.4.1.21367.2026.77"

        /// Holds verdicts of some corpora against those that are expected, and prints their table.
        private static func settle(_ verdicts: [Verdict]) throws {
            let corpora = Set(verdicts.map(\.corpus))
            let text = (try? String(contentsOf: expected, encoding: .utf8)) ?? ""
            let known = text.split(separator: "\n").map(String.init)
            let (own, others) = (
                known.filter { corpora.contains(String($0.prefix { $0 != "\t" })) },
                known.filter { !corpora.contains(String($0.prefix { $0 != "\t" })) }
            )
            let found = verdicts.map(\.line).sorted()
            for corpus in corpora.sorted() {
                let all = verdicts.filter { $0.corpus == corpus }
                let refused = Dictionary(grouping: all.filter { !$0.isAccepted }, by: \.words)
                print("| \(corpus) | \(all.count) | \(all.count(where: \.isAccepted)) | \(all.count { !$0.isAccepted }) |")
                for (words, files) in refused.sorted(by: { ($1.value.count, $0.key) < ($0.value.count, $1.key) }) {
                    print("|   | | | \(files.count): \(words) |")
                }
            }
            if ProcessInfo.processInfo.environment["HIE_CORPORA"] == "record" {
                return try Data((others + found).sorted().map { $0 + "\n" }.joined().utf8).write(to: expected)
            }
            for line in Set(found).subtracting(own).sorted() { Issue.record("not expected: \(line)") }
            for line in Set(own).subtracting(found).sorted() { Issue.record("expected and not found: \(line)") }
        }

        // MARK: - HL7 v2

        /// The authorities that messages of a corpus name, so that they are refused for themselves and not for their senders.
        private static func authorities(_ messages: [[UInt8]]) -> (names: [String], universal: [String]) {
            var (names, universal): (Set<String>, Set<String>) = ([], [])
            for bytes in messages {
                guard let message = try? MessageReader.read(bytes) else { continue }
                for segment in message.all("PID") + message.all("MRG") {
                    for field in [1, 2, 3, 4] {
                        for element in segment.field(field).repetitions {
                            let parts = (1...3).map { (try? element.component(4).subcomponent($0).text()).flatMap(\.self) }
                            let authority = HierarchicDesignator(namespace: parts[0], universalID: parts[1], universalIDType: parts[2])
                            if let uri = authority.uri { universal.insert(uri) } else if let name = parts[0] { names.insert(name) }
                        }
                    }
                }
            }
            return (names.sorted(), universal.sorted())
        }

        /// A registration of whoever a message is about, so that its document is refused for itself.
        private static func registration(before message: [UInt8], _ number: Int) -> [UInt8]? {
            guard let read = try? MessageReader.read(message), let header = try? MessageHeader(read), header.type != "ADT",
                let patient = read.first("PID")
            else { return nil }
            let head = Array("MSH|".utf8) + read.delimiters.encoding + Array("|CORPUS|\(number)|||2026||ADT^A28|r\(number)|P|2.5.1\rEVN|A28\r".utf8)
            guard read.delimiters == .standard else { return nil }
            return head + patient.bytes + [0x0D]
        }

        @Test func `HL7 v2 messages through the MLLP port`() async throws {
            let paths = (SharedData.files("hl7v2") + SharedData.files("hostile/hl7v2")).filter { $0.contains(".hl7") }
            let messages = try paths.map { ($0, try SharedData.inflated($0)) }
                .filter { !$0.1.contains(MLLPFrame.start) && !$0.1.contains(MLLPFrame.end) }
            let (names, universal) = Self.authorities(messages.map(\.1))
            try await Network.run { network in
                let node = try network.add()
                let port = try ReservedPort()
                var lines = [
                    "feeds:", "  - name: corpora", "    listen: 127.0.0.1:\(port.number)", "    in-clear: true",
                    "    frame-bytes: 33554432", "    processing: [P, T, D]", "    remembered: 1", "    otherwise: '\(Self.local)'",
                    "    authorities:",
                ]
                lines += names.enumerated().map { "      - {name: \(Self.quoted($1)), system: '\(Self.local).\($0 + 1)'}" }
                lines += universal.map { "      - {system: '\($0)'}" }
                try node.reconfigure { $0 + lines.map { $0 + "\n" }.joined() }
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed corpora"] != nil }
                var verdicts: [Verdict] = []
                let registrar = try await FeedClient(port.number)
                for (number, (path, bytes)) in messages.enumerated() {
                    // Or anybody's, so that the next may have the control id of the last.
                    let anybody = FeedMessages.header("ADT^A28", "a\(number)") + "EVN|A28\nPID|1||ANY-1^^^\(names.first ?? "")||Any^Body\n"
                    _ = try await registrar.ask(Self.registration(before: bytes, number) ?? anybody.utf8.map { $0 == 0x0A ? 0x0D : $0 })
                    let client = try await FeedClient(port.number)
                    await client.connection.send(MLLPFrame.encode(bytes))
                    try await until("an answer to \(path)", within: .seconds(30)) {
                        client.connection.received.contains("MSA") || Self.asksForNone(bytes)
                    }
                    verdicts.append(Self.verdict(path, client.connection.received))
                    client.connection.close()
                }
                try Self.settle(verdicts)
            }
        }

        private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

        private static func asksForNone(_ bytes: [UInt8]) -> Bool {
            guard let message = try? MessageReader.read(bytes), let header = try? MessageHeader(message) else { return false }
            return header.isEnhanced && header.acceptAcknowledgement != .always
        }

        private static func verdict(_ path: String, _ received: String) -> Verdict {
            let corpus = path.split(separator: "/").prefix(2).joined(separator: "/")
            let answers = received.split(whereSeparator: { $0 == "\r" || $0 == "\r\n" }).map(String.init)
            let codes = answers.filter { $0.hasPrefix("MSA|") }.map { String($0.dropFirst(4).prefix(2)) }
            let isAccepted = codes.allSatisfy { ["AA", "CA"].contains($0) }
            let error = answers.first { $0.contains("ERR|") }.map { $0[$0.range(of: "ERR|")!.lowerBound...] } ?? ""
            let fields = error.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            func field(_ number: Int) -> String { fields.count > number ? fields[number] : "" }
            // Before 2.5 an error is one field; from then on place, condition and words.
            let words = field(2).isEmpty && field(3).isEmpty ? field(1) : [field(2), field(3).prefix { $0 != "^" } + "", field(8)].joined(separator: " ")
            return Verdict(corpus: corpus, path: path, isAccepted: isAccepted, words: words.trimmingCharacters(in: .whitespaces))
        }

        // MARK: - C-CDA

        @Test func `C-CDA documents through ITI-106 and ITI-105`() async throws {
            try await Network.one { _, node in
                let client = try node.client()
                var verdicts: [Verdict] = []
                var taken: [PatientID] = []
                var restricted = 0
                for path in SharedData.files("ccda") where path.lowercased().hasSuffix(".xml") {
                    let bytes = try SharedData.bytes(path)
                    // Samples share numbers and ids: each has the node for itself.
                    while let before = taken.popLast() {
                        _ = try await node.exchange.erasePatient(before, ground: .request, for: node.administrator)
                    }
                    if let patient = try await Self.register(bytes, node) { taken.append(patient) }
                    let binary: JSONValue = ["resourceType": "Binary", "contentType": "text/xml", "data": .string(Base64.encode(bytes))]
                    let generated = try await client.post(
                        "/DocumentReference/$generate-metadata",
                        ["resourceType": "Parameters", "parameter": [["name": "document", "resource": binary]]])
                    let corpus = path.split(separator: "/").prefix(2).joined(separator: "/")
                    guard generated.status == 200, var reference = try Self.reference(generated) else {
                        verdicts.append(Verdict(corpus: corpus, path: path, isAccepted: false, words: try Self.words(generated)))
                        continue
                    }
                    var attachment = reference["content"]?[0]?["attachment"]?.object ?? [:]
                    attachment["url"] = nil
                    attachment["data"] = .string(Base64.encode(bytes))
                    var content = reference["content"]?[0]?.object ?? [:]
                    content["attachment"] = .object(attachment)
                    reference["content"] = .array([.object(content)])
                    let published = try await client.post("/DocumentReference", .object(reference))
                    guard published.status == 201 else {
                        verdicts.append(Verdict(corpus: corpus, path: path, isAccepted: false, words: try Self.words(published)))
                        continue
                    }
                    let id = try #require(try published.json["id"]?.string)
                    let back = try await client.send(.get, "/Binary/\(id)", headers: [("accept", "*/*")])
                    // What its codes made restricted is hidden from who may not see it.
                    if back.status == 404 { restricted += 1 } else { #expect(back.bytes == bytes, "\(path) comes back byte for byte") }
                    verdicts.append(Verdict(corpus: corpus, path: path, isAccepted: true, words: ""))
                }
                #expect(restricted * 3 < verdicts.count(where: \.isAccepted), "most come back")
                try Self.settle(verdicts)
            }
        }

        private static func reference(_ reply: Reply) throws -> JSONObject? {
            let json = try reply.json
            if json["resourceType"]?.string == "DocumentReference" { return json.object }
            let parameters = json["parameter"]?.items ?? []
            return parameters.lazy.compactMap { $0["resource"]?.object }.first { $0["resourceType"]?.string == "DocumentReference" }
        }

        /// Registers whoever a document is about, so that it is refused for itself.
        private static func register(_ bytes: [UInt8], _ node: RunningNode) async throws -> PatientID? {
            guard let document = try? ClinicalDocument.read(bytes), let target = document.recordTargets.first else { return nil }
            let identifiers = target.identifiers
            guard !identifiers.isEmpty else { return nil }
            return try? await node.exchange.registerPatient(
                PatientRegistration(identifiers: identifiers, demographics: target.demographics), for: node.administrator
            ).id
        }

        private static func words(_ reply: Reply) throws -> String {
            let issue = try? reply.issues.first { ["error", "fatal"].contains($0["severity"]?.string) }
            let text = (issue?["details"]?["text"] ?? issue?["diagnostics"])?.string ?? ""
            return "\(reply.status) " + text.prefix(160)
        }

        // MARK: - MHD

        @Test func `IHE's submissions through ITI-65`() async throws {
            try await Network.one { _, node in
                let client = try node.client()
                let demographics = Demographics(
                    names: [PersonName(family: "Schmidt", given: ["Dee"])], birthDate: PartialDate("1923-07-25"), sex: .female)
                let numbers = [("http://example.org/patients", "mrn-1234"), (node.numbers, "MHD-1")]
                let patient = try await node.exchange.registerPatient(
                    PatientRegistration(identifiers: numbers.compactMap { PatientIdentifier(system: $0.0, value: $0.1) }, demographics: demographics),
                    for: node.administrator)
                let earlier = try await client.post("/DocumentReference", Submissions.simplified(Array("x".utf8), at: node, of: "MHD-1"))
                let document = try #require(try earlier.json["id"]?.string)
                var verdicts: [Verdict] = []
                let paths = SharedData.files("ihe/MHD").filter { $0.contains("Bundle-ex-") && $0.contains("Provide") && !$0.contains("response") }
                for path in paths {
                    let text = String(decoding: try SharedData.bytes(path), as: UTF8.self)
                    // Whom an example is about, and what it adds to, stands at its own server; a name alone is nobody.
                    var body = text.replacing("\"Patient/ex-patient\"", with: "\"Patient/\(patient.id)\"")
                        .replacing("DocumentReference/ex-DocumentReferenceComprehensive", with: "DocumentReference/\(document)")
                    if path.contains("minimal") {
                        let identifier = #""resourceType": "Patient", "identifier": [{"system": "\#(node.numbers)", "value": "MHD-1"}],"#
                        body = body.replacing(#""resourceType": "Patient","#, with: identifier)
                    }
                    let reply = try await client.send(.post, "", body: Array(body.utf8))
                    verdicts.append(
                        Verdict(
                            corpus: "ihe/MHD", path: path, isAccepted: reply.status == 200,
                            words: reply.status == 200 ? "" : try Self.words(reply)))
                }
                try Self.settle(verdicts)
            }
        }
    }
}
