import Crypto
import ExchangeCore
import ExchangeNode
import FHIRModel
import Foundation
import JSON
import PeerTransport
import Testing
import Transactions

extension RealNodes {
    /// Every document published by every door comes back byte for byte, with its length and digest; and its metadata is R4.
    @Suite(.enabled("hie was not built") { HieProcess.executable != nil })
    struct RoundTripTests {
        /// A document as it was sent, and what is to come back.
        private struct Sent {
            let door: String
            let bytes: [UInt8]
        }

        /// Every byte there is, line ends of each kind, and a mark of order at the beginning.
        private static func content(_ door: String) -> [UInt8] {
            [0xEF, 0xBB, 0xBF] + Array("\(door)\r\n\n\r\t \u{0}\(Canary.document(1)) ".utf8) + Array(0...255)
        }

        /// Publishes by every door; what was sent, and a client that may read all of it.
        private static func publishEverything(_ network: Network, _ node: RunningNode, _ feed: ReservedPort) async throws -> ([Sent], [PatientID], NodeClient) {
            let patients = [try await node.register().id, try await node.register("RH-204417", quintero).id]
            let client = try node.client()
            var sent = try await byFHIR(node, client)
            sent += try await byFeed(feed)
            sent += try await byCommand(network, node)
            return (sent, patients, client)
        }

        // MARK: - FHIR

        private static func byFHIR(_ node: RunningNode, _ client: NodeClient) async throws -> [Sent] {
            var sent: [Sent] = []
            for (form, number) in [("Minimal", 1), ("Comprehensive", 2), ("UnContained.Comprehensive", 3)] {
                for isXML in [false, true] {
                    let door = "ITI-65 \(form) \(isXML ? "XML" : "JSON")"
                    let bytes = content(door)
                    let unique = "\(node.community.urn).65.\(number).\(isXML ? 2 : 1)"
                    let bundle = try complete(Submissions.bundle(bytes, at: node, uniqueID: unique, set: unique + ".9"), form, node)
                    try await post("", bundle, isXML: isXML, by: client, expecting: 200)
                    sent.append(Sent(door: door, bytes: bytes))
                }
            }
            for isXML in [false, true] {
                let door = "ITI-105 \(isXML ? "XML" : "JSON")"
                let bytes = content(door)
                try await post("/DocumentReference", Submissions.simplified(bytes, at: node, type: "application/pdf"), isXML: isXML, by: client, expecting: 201)
                sent.append(Sent(door: door, bytes: bytes))
            }
            // A document that is replaced, and its entry patched: both come back, the old one as it was.
            let (before, after) = (content("ITI-65 before its PATCH"), content("ITI-65 with a PATCH"))
            let first = "\(node.community.urn).65.7"
            let made = try await post(
                "", Submissions.bundle(before, at: node, uniqueID: first, set: first + ".9"), isXML: false, by: client, expecting: 200)
            let location = try #require(try made.json["entry"]?[1]?["response"]?["location"]?.string)
            let id = try #require(location.split(separator: "/").dropFirst().first.map(String.init))
            let replacement = Submissions.bundle(after, at: node, uniqueID: first + ".8", set: first + ".10")
            try await post("", patched(replacement, of: id), isXML: false, by: client, expecting: 200)
            return sent + [Sent(door: "ITI-65 before its PATCH", bytes: before), Sent(door: "ITI-65 with a PATCH", bytes: after)]
        }

        @discardableResult
        private static func post(_ path: String, _ resource: JSONValue, isXML: Bool, by client: NodeClient, expecting status: Int) async throws -> Reply {
            let type = isXML ? "application/fhir+xml" : "application/fhir+json"
            let object = try #require(resource.object)
            let body = isXML ? try #require(FHIRXML.bytes(object)) : JSONWriter.bytes(resource)
            let reply = try await client.send(.post, path, headers: [("content-type", type)], body: body)
            try #require(reply.status == status, "\(path) \(type): \(reply.text.prefix(600))")
            return reply
        }

        private static func code(_ system: String, _ code: String) -> JSONValue {
            ["coding": [["system": .string(system), "code": .string(code)]]]
        }

        /// The Bundle with a profile, and all that comprehensive metadata demand.
        private static func complete(_ bundle: JSONValue, _ form: String, _ node: RunningNode) throws -> JSONValue {
            var whole = try #require(bundle.object)
            whole["meta"] = ["profile": [.string("https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.\(form).ProvideBundle")]]
            guard form != "Minimal" else { return .object(whole) }
            var entries = whole["entry"]?.items ?? []
            var entry = try #require(entries[1].object)
            var reference = try #require(entry["resource"]?.object)
            let patient: JSONObject = [
                "resourceType": "Patient", "identifier": [["system": .string(node.numbers), "value": .string(Canary.number)]],
                "name": [["family": .string(Canary.family), "given": [.string(Canary.given)]]], "gender": "female", "birthDate": "1931-12-07",
            ]
            let isContained = form == "Comprehensive"
            let place = isContained ? "#person" : "urn:uuid:aaaaaaaa-bbbb-4ccc-8ddd-e00111100009"
            reference["date"] = "2026-08-09T14:30:00-04:00"
            reference["context"] = [
                "facilityType": code("http://snomed.info/sct", "22232009"), "practiceSetting": code("http://snomed.info/sct", "408478003"),
                "sourcePatientInfo": ["reference": .string(place)],
                "period": ["start": "2026-08-01", "end": "2026-08-09"],
            ]
            if isContained {
                var contained = patient
                contained["id"] = "person"
                reference["contained"] = [.object(contained)]
            }
            guard case .array(var content)? = reference["content"], var first = content.first?.object,
                var attachment = first["attachment"]?.object
            else { throw ExchangeError(.internal, "a submission without content") }
            attachment["creation"] = "2026-08-09T14:00:00-04:00"
            attachment["language"] = "en-US"
            first["attachment"] = .object(attachment)
            first["format"] = ["system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode", "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient"]
            content[0] = .object(first)
            reference["content"] = .array(content)
            entry["resource"] = .object(reference)
            entries[1] = .object(entry)
            if !isContained {
                entries.append(["fullUrl": .string(place), "resource": .object(patient), "request": ["method": "POST", "url": "Patient"]])
            }
            whole["entry"] = .array(entries)
            return .object(whole)
        }

        /// The Bundle as one that replaces a document, and patches its entry.
        private static func patched(_ bundle: JSONValue, of id: String) throws -> JSONValue {
            var whole = try #require(bundle.object)
            var entries = whole["entry"]?.items ?? []
            var entry = try #require(entries[1].object)
            var reference = try #require(entry["resource"]?.object)
            reference["relatesTo"] = [["code": "replaces", "target": ["reference": .string("DocumentReference/\(id)")]]]
            entry["resource"] = .object(reference)
            entries[1] = .object(entry)
            entries.append([
                "fullUrl": "urn:uuid:aaaaaaaa-bbbb-4ccc-8ddd-e00111100010",
                "resource": [
                    "resourceType": "Parameters",
                    "parameter": [
                        [
                            "name": "operation",
                            "part": [
                                ["name": "type", "valueCode": "replace"], ["name": "path", "valueString": "DocumentReference.status"],
                                ["name": "value", "valueCode": "superseded"],
                            ],
                        ],
                    ],
                ],
                "request": ["method": "PATCH", "url": .string("DocumentReference/\(id)"), "ifMatch": "W/\"1\""],
            ])
            whole["entry"] = .array(entries)
            return .object(whole)
        }

        // MARK: - MLLP

        /// A document within a message comes back as its bytes; what a message says in segments, as the words made of it.
        private static func byFeed(_ port: ReservedPort) async throws -> [Sent] {
            let client = try await FeedClient(port.number)
            func ask(_ message: String) async throws { try #require(try await client.ask(message).code == "AA", "\(message.prefix(80))") }
            let (inMDM, inORU) = (content("MDM T02 with a PDF"), content("ORU R01 with a PDF"))
            func pdf(_ bytes: [UInt8]) -> String { "OBX|1|ED|PDF^Report^L||^application^pdf^Base64^\(Base64.encode(bytes))||||||F\n" }
            let pid = "PID|1||\(FeedMessages.pid)\n"
            try await ask(FeedMessages.header("MDM^T02", "1") + pid + "TXA|1|DS|AP|||20260809||||||M-1^ARH||||||U\n" + pdf(inMDM))
            try await ask(FeedMessages.document("T02", "2", number: "M-2", text: "MDM T02 in words of \(Canary.words)"))
            try await ask(FeedMessages.header("ORU^R01", "3") + pid + "OBR|1||O-1^ARH|18748-4^Imaging^LN\n" + pdf(inORU))
            try await ask(
                FeedMessages.header("ORU^R01", "4") + pid + "OBR|1||O-2^ARH|24323-8^Metabolic panel^LN\n"
                    + "OBX|1|NM|2823-3^Potassium^LN||4.8|mmol/L|3.5-5.1||||F\n")
            try await ask(
                FeedMessages.header("VXU^V04^VXU_V04", "5") + pid + "ORC|RE||V-1^ARH\nRXA|0|1|20260801||140^Influenza, seasonal^CVX|0.5|mL^mL^UCUM"
                    + "||||||||L100|||||CP\nRXR|IM^Intramuscular^HL70162|LD^Left deltoid^HL70163\n")
            client.connection.close()
            return [
                Sent(door: "MDM T02, embedded", bytes: inMDM), Sent(door: "ORU R01, embedded", bytes: inORU),
                Sent(door: "MDM T02, words", bytes: Array("MDM T02 in words of \(Canary.words)\n".utf8)),
                Sent(door: "ORU R01, results", bytes: Array("Metabolic panel\n  Potassium: 4.8 mmol/L (reference 3.5-5.1)\n".utf8)),
                Sent(
                    door: "VXU V04",
                    bytes: Array(
                        ("Immunizations\n  2026-08-01: Influenza, seasonal (140), 0.5 mL, lot L100\n"
                            + "    route Intramuscular, site Left deltoid\n").utf8)),
            ]
        }

        // MARK: - The command line

        private static let quintero = Demographics(
            names: [PersonName(family: "Quintero Vásquez", given: ["Marisol", "Elena"])], birthDate: PartialDate("1957-03-14"), sex: .female)

        private static func byCommand(_ network: Network, _ node: RunningNode) async throws -> [Sent] {
            let executable = try #require(HieProcess.executable).path
            let folder = network.folder.appendingPathComponent("documents")
            try FileManager.default.createDirectory(at: folder.appendingPathComponent("watched"), withIntermediateDirectories: true)
            let own = ["--as", node.home.clients.appendingPathComponent("ehr").path]
            func run(_ arguments: [String]) async throws {
                let outcome = try await Subprocess.run(executable, arguments + own)
                try #require(outcome.code == 0, "\(arguments) \(outcome.text.suffix(800)) \(outcome.errors.suffix(800))")
            }
            let first = try Repository.sample("hospital-quintero-discharge-1.xml")
            /// The first one's bytes under another id, so that it is another document.
            func renamed(_ id: String) -> [UInt8] {
                Array(String(decoding: first, as: UTF8.self).replacing("DS-2026-0809", with: id).utf8) + Array("\r\n<!-- \(id) -->\n".utf8)
            }
            let (file, inFolder, watched) = (renamed("RT-1"), renamed("RT-2"), renamed("RT-3"))
            let place = folder.appendingPathComponent("file.xml")
            try Data(file).write(to: place)
            try await run(["document", "publish", place.path])
            try Data(inFolder).write(to: folder.appendingPathComponent("watched/one.xml"))
            try await run(["document", "publish", folder.appendingPathComponent("watched").path])
            try await publish(watched, byWatching: folder.appendingPathComponent("watched"), executable, own, node)
            let imported = content("document import")
            var reference = Submissions.reference(at: node, uniqueID: "\(node.community.urn).77.1", type: "application/pdf")
            reference["content"] = [["attachment": ["contentType": "application/pdf", "url": "Binary/b1"]]]
            let bundle: JSONValue = [
                "resourceType": "Bundle", "type": "collection",
                "entry": [
                    ["resource": .object(reference)],
                    [
                        "fullUrl": "https://old.example.org/fhir/Binary/b1",
                        "resource": [
                            "resourceType": "Binary", "id": "b1", "contentType": "application/pdf", "data": .string(Base64.encode(imported)),
                        ],
                    ],
                ],
            ]
            let file2 = folder.appendingPathComponent("bundle.json")
            try Data(JSONWriter.bytes(bundle)).write(to: file2)
            try await run(["document", "import", file2.path])
            return [
                Sent(door: "hie document publish FILE", bytes: file), Sent(door: "hie document publish FOLDER", bytes: inFolder),
                Sent(door: "hie document publish --watch", bytes: watched), Sent(door: "hie document import", bytes: imported),
            ]
        }

        /// Starts a watch, puts the file into the folder, and ends the watch once the document is there.
        private static func publish(
            _ bytes: [UInt8], byWatching folder: URL, _ executable: String, _ own: [String], _ node: RunningNode,
        ) async throws {
            let before = try await node.counts().documents
            let process = Process()
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = ["document", "publish", folder.path, "--watch"] + own
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            try process.run()
            defer { process.terminate() }
            try Data(bytes).write(to: folder.appendingPathComponent("two.xml"))
            try await until("the watched document is there", within: .seconds(60)) { try await node.counts().documents > before }
        }

        // MARK: - What comes back

        private static func run(_ body: ([Sent], [JSONValue], NodeClient) async throws -> Void) async throws {
            try await Network.run { network in
                let node = try network.add()
                let feed = try node.addFeed(keys: ["in-clear: true", "confidentiality: N"])
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                let (sent, patients, client) = try await publishEverything(network, node, feed)
                var references: [JSONValue] = []
                for patient in patients {
                    let found = try await client.send(.get, "/DocumentReference?patient=\(patient)")
                    #expect(found.status == 200)
                    references += try found.matches.compactMap { $0["resource"] }
                }
                try await body(sent, references, client)
            }
        }

        @Test func `every document comes back byte for byte, as bytes and as a Binary, and its metadata say how long it is and its digest`() async throws {
            try await Self.run { sent, references, client in
                var missing = Dictionary(grouping: sent, by: \.bytes).mapValues { $0.map(\.door) }
                for reference in references {
                    let attachment = try #require(reference["content"]?[0]?["attachment"])
                    let url = try #require(attachment["url"]?.string)
                    let place = String(url[try #require(url.firstRange(of: "/Binary/")).lowerBound...])
                    let document = try await client.document(place)
                    #expect(document.status == 200)
                    let doors = missing.removeValue(forKey: document.bytes)
                    #expect(doors?.count == 1, "nobody sent this: \(document.text.prefix(120))")
                    #expect(attachment["size"]?.integer == document.bytes.count)
                    #expect(attachment["hash"]?.string == Base64.encode(Array(Insecure.SHA1.hash(data: document.bytes))))
                    #expect(document.header("content-type") == attachment["contentType"]?.string)
                    let binary = try await client.send(.get, place)
                    #expect(try binary.json["data"]?.string.flatMap { Base64.decode($0) } == document.bytes)
                }
                #expect(missing.isEmpty, "lost: \(missing.values.flatMap(\.self).sorted())")
                #expect(references.count == sent.count)
                print("round trip: \(sent.count) documents by \(Set(sent.map(\.door)).count) doors")
            }
        }

        @Test(.enabled(Interop.missing) { await Interop.isReady() })
        func `fhir.resources takes the metadata of every one of them`() async throws {
            try await Self.run { sent, references, _ in
                let kept = FileManager.default.temporaryDirectory.appendingPathComponent("round-trip-\(ProcessInfo.processInfo.processIdentifier)")
                defer { try? FileManager.default.removeItem(at: kept) }
                try FileManager.default.createDirectory(at: kept, withIntermediateDirectories: true)
                for (number, reference) in references.enumerated() {
                    try Data(JSONWriter.bytes(reference)).write(to: kept.appendingPathComponent("\(number).json"))
                }
                let script = Repository.root.appendingPathComponent("Deploy/interop/clients.py").path
                let validated = try await Subprocess.run(Interop.program("python"), [script, "validate", kept.path])
                #expect(validated.code == 0, "\(validated.errors.suffix(4000))")
                #expect(try JSONReader.read(Array(validated.text.utf8))["DocumentReference"]?.integer == sent.count)
                print("interop: round trip \(validated.text.trimmingCharacters(in: .whitespacesAndNewlines))")
            }
        }
    }
}
