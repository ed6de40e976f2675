import ConsentEngine
import ExchangeCore
import ExchangeNode
import Foundation
import HL7v2
import JSON
import PatientIndex
import PeerTransport
import Storage
import Testing
import Transactions

extension RealNodes {
    /// Documents out, as MDM messages: in order, by the consent in force when they leave, whoever dies in between.
    @Suite struct ReceiverTests {
        private static func section(_ port: ReservedPort, _ more: String = "") -> String {
            "receivers:\n  - {name: inbox, send: '127.0.0.1:\(port.number)', in-clear: true, role: physician\(more)}\n"
        }

        private static func one(_ more: String = "", _ body: (RunningNode, ReceiverStub, ReservedPort) async throws -> Void) async throws {
            try await Network.run { network in
                let node = try network.add()
                let port = try ReservedPort()
                try node.reconfigure { $0 + section(port, more) }
                let stub = ReceiverStub()
                try await node.start()
                try await body(node, stub, port)
                try await stub.stop()
            }
        }

        private static func publish(_ number: Int, _ node: RunningNode, _ client: NodeClient, of patient: String = Canary.number) async throws {
            let answer = try await client.post(
                "/DocumentReference",
                Submissions.simplified(
                    Array(Canary.document(number).utf8), at: node, of: patient, uniqueID: "urn:oid:1.2.3.4.\(number)"))
            try #require(answer.status == 201, "\(answer.text)")
        }

        private static func state(_ node: RunningNode) async throws -> JSONValue {
            try #require(try await node.home.ask("feed/status")["receivers"]?[0])
        }

        private static func name(_ number: Int) -> String { "urn:oid:1.2.3.4.\(number)" }

        @Test func `documents wait for their receiver, arrive in order as published, and each disclosure stands in the journal`() async throws {
            try await Self.one { node, stub, port in
                let patient = try await node.register().id
                let client = try node.client()
                for number in 1...3 { try await Self.publish(number, node, client) }
                try await until("the receiver is said to be away") { try await Self.state(node)["failure"] != nil }
                let quiet = try node.journalSize
                try await until("it is tried again") { try await Self.state(node)["failure"] != nil }
                #expect(try node.journalSize == quiet, "nothing is decided and written down for a receiver that is not there")
                #expect(try await Self.state(node)["lag"]?.integer ?? 0 >= 3)
                let health = try await node.home.ask("node/health")
                #expect(String(decoding: JSONWriter.bytes(health), as: UTF8.self).contains("receiver inbox"))
                try await stub.start(port.number)
                try await until("three arrive", within: .seconds(20)) { stub.numbers.count == 3 }
                #expect(stub.numbers == (1...3).map(Self.name))
                let message = try #require(stub.received.first)
                let header = try MessageHeader(message)
                #expect(header.type == "MDM" && header.event == "T02" && header.structure == "MDM_T02" && header.version == "2.5.1")
                #expect(header.controlID.utf8.count == 20)
                let identification = try PatientIdentification(try #require(message.first("PID")))
                #expect(identification.demographics.names.first == Canary.demographics.names.first)
                #expect(identification.demographics.birthDate == Canary.demographics.birthDate)
                #expect(identification.demographics.addresses == Canary.demographics.addresses)
                #expect(identification.identifiers.map(\.value) == [Canary.number])
                #expect(identification.identifiers.first?.authority.uri == node.numbers)
                let document = try #require(try EncapsulatedDocument.read(message.all("OBX")))
                #expect(document.mediaType == "text/plain" && document.bytes == Array(Canary.document(1).utf8))
                try await until("it is all said to be delivered") { try await Self.state(node)["delivered"] == .number("3") }
                #expect(try await Self.state(node)["failure"] == nil)
                let accesses = try await node.node.store.projection.accesses(to: patient, limit: 50).map(\.record)
                let sent = accesses.filter { $0.transaction == "MDM" }
                #expect(sent.count == 3 && sent.allSatisfy { $0.user == "receiver inbox" && $0.decisions.allSatisfy(\.isPermitted) })
                let replay = try await node.exchange.replayJournal(for: node.administrator)
                #expect(replay.findings.isEmpty && replay.decisions >= 3, "\(replay.findings)")
            }
        }

        @Test func `T95 what is revoked before it leaves does not leave, and what replaces a document says so`() async throws {
            try await Self.one { node, stub, port in
                let hidden = try await node.register("HIDDEN-1", Demographics(names: [PersonName(family: "Zweig", given: ["Bo"])])).id
                let patient = try await node.register().id
                let client = try node.client()
                try await Self.publish(1, node, client, of: "HIDDEN-1")
                try await Self.publish(2, node, client)
                try await until("the receiver is said to be away") { try await Self.state(node)["failure"] != nil }
                _ = try await node.refuse(hidden)
                let found = try await client.send(.get, "/DocumentReference?patient=\(patient)").matches
                let target = try #require(found.first?["resource"]?["id"]?.string)
                var next = Submissions.reference(at: node, uniqueID: Self.name(3))
                next["content"] = [["attachment": ["contentType": "text/plain", "data": .string(Base64.encode(Array("3".utf8)))]]]
                next["relatesTo"] = [["code": "replaces", "target": ["reference": .string("DocumentReference/\(target)")]]]
                let answer = try await client.post("/DocumentReference", .object(next))
                try #require(answer.status == 201, "\(answer.text)")
                try await stub.start(port.number)
                try await until("two arrive", within: .seconds(20)) { stub.numbers.count == 2 }
                #expect(stub.numbers == [2, 3].map(Self.name), "nothing of whom consent hides")
                let last = try #require(stub.received.last)
                #expect(try MessageHeader(last).event == "T10")
                #expect(try last.first("TXA")?.field(13).text() == Self.name(2))
                try await until("all of it is passed") { try await Self.state(node)["lag"] == .number("0") }
                let accesses = try await node.node.store.projection.accesses(to: hidden, limit: 50).map(\.record)
                #expect(accesses.contains { $0.transaction == "MDM" && $0.decisions.contains { !$0.isPermitted } })
                #expect(!accesses.contains { $0.transaction == "MDM" && $0.decisions.contains(where: \.isPermitted) })
            }
        }

        @Test func `what the receiver refuses for good is kept by its place, and sent again when it is asked for`() async throws {
            try await Self.one { node, stub, port in
                try await node.register()
                let client = try node.client()
                stub.reply { message in
                    let number = (try? message.first("TXA")?.field(12).text()).flatMap(\.self)
                    return number == Self.name(1) ? .init(code: .applicationError, condition: .unknownKey) : .init()
                }
                try await stub.start(port.number)
                for number in 1...2 { try await Self.publish(number, node, client) }
                try await until("the second arrives", within: .seconds(20)) { stub.numbers.count == 2 }
                let list = try await node.home.ask("feed/undelivered")["undelivered"]
                let parcel = try #require(list?[0])
                #expect(list?.items.count == 1 && parcel["receiver"] == "inbox")
                #expect(parcel["reason"]?.string?.contains("Unknown key identifier") == true)
                #expect(Canary.found(in: [String(decoding: JSONWriter.bytes(parcel), as: UTF8.self)]).isEmpty)
                await #expect(throws: ExchangeError.self) { try await node.home.ask("feed/send-again", ["receiver": "inbox", "id": "0.0"]) }
                stub.reply { _ in .init() }
                let id = try #require(parcel["id"])
                _ = try await node.home.ask("feed/send-again", ["receiver": "inbox", "id": id])
                try await until("it is delivered") { try await node.home.ask("feed/undelivered")["undelivered"]?.items.isEmpty == true }
                #expect(try await Self.state(node)["delivered"] == .number("2"))
                let ids = try stub.received.filter { try $0.first("TXA")?.field(12).text() == Self.name(1) }.map { try MessageHeader($0).controlID }
                #expect(ids.count == 2 && Set(ids).count == 1, "under the same control id")
                // Busy is not refused: it comes again, and nothing overtakes it.
                let before = stub.received.count
                stub.reply { _ in .init(code: .applicationError, condition: .recordLocked) }
                for number in 3...4 { try await Self.publish(number, node, client) }
                try await until("it was told to come again", within: .seconds(20)) { stub.received.count > before }
                stub.reply { _ in .init() }
                try await until("both arrive", within: .seconds(20)) { stub.numbers.count == 4 }
                #expect(stub.numbers.suffix(2) == [3, 4].map(Self.name)[...])
            }
        }

        @Test(.enabled(if: HieProcess.executable != nil, "the program hie was not built"))
        func `nothing that was published is missing after SIGKILL, and the order is kept`() async throws {
            try await Self.one { node, stub, port in
                try await node.register()
                let client = try node.client()
                try await node.stop()
                let process = HieProcess(node)
                try await process.start()
                for number in 1...3 { try await Self.publish(number, node, client) }
                await process.end(SIGKILL)
                try await process.start()
                for number in 4...6 { try await Self.publish(number, node, client) }
                // The third answer is lost: the message comes again, and is the same.
                stub.reply { _ in .init(isDropped: stub.received.count == 3) }
                try await stub.start(port.number)
                try await until("some arrive", within: .seconds(30)) { stub.numbers.count >= 4 }
                await process.end(SIGKILL)
                try await process.start()
                try await until("all arrive", within: .seconds(30)) { stub.numbers.count == 6 }
                #expect(stub.numbers == (1...6).map(Self.name))
                var contents: [String: Set<String>] = [:]
                for message in stub.received {
                    contents[try MessageHeader(message).controlID, default: []].insert(try message.first("TXA")?.field(12).text() ?? "")
                }
                #expect(contents.count == 6 && contents.values.allSatisfy { $0.count == 1 })
                await process.end(SIGTERM)
                #expect(Canary.found(in: process.lines).isEmpty)
            }
        }

        @Test func `another node's feed takes what is sent, byte for byte, and what it brought itself does not go back`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let other = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11", seeds: [node]))
                let port = try ReservedPort()
                let lines = [
                    "feeds:", "  - name: in", "    listen: 127.0.0.1:\(port.number)", "    in-clear: true", "    authorities:",
                    "      - {system: '\(node.numbers)'}",
                ]
                try other.reconfigure { $0 + lines.map { $0 + "\n" }.joined() }
                let feed = try node.addFeed("ehr")
                try node.reconfigure { $0 + Self.section(port, ", not-from: [ehr]") }
                try await other.start()
                try await node.start()
                try await node.register()
                try await other.register(Canary.number, of: node.numbers)
                try await until("the feeds listen") { try other.node.bound["feed in"] != nil && node.node.bound["feed ehr"] != nil }
                let own = FeedMessages.document("T02", "1", number: "D-1", text: "its own")
                #expect(try await FeedClient(feed.number).ask(own).code == "AA")
                let bytes = Array("<html>ä|^~\\&\r\n</html>".utf8)
                let client = try node.client()
                let sent = try await client.post(
                    "/DocumentReference", Submissions.simplified(bytes, at: node, uniqueID: Self.name(1), type: "text/html"))
                try #require(sent.status == 201, "\(sent.text)")
                try await until("it arrives", within: .seconds(20)) { try await other.counts().documents == 1 }
                let there = try other.client()
                let identifier = "\(node.numbers)|\(Canary.number)"
                let found = try await there.send(.get, "/DocumentReference?patient.identifier=\(identifier)&status=current").matches
                let url = try #require(found.first?["resource"]?["content"]?[0]?["attachment"]?["url"]?.string)
                let place = try #require(url.firstRange(of: "/Binary/"))
                #expect(try await there.document(String(url[place.lowerBound...])).bytes == bytes)
                try await until("all of it is passed") { try await Self.state(node)["lag"] == .number("0") }
                #expect(try await other.counts().documents == 1, "what the receiver sent does not go back to it")
            }
        }

        @Test func `a receiver in clear is on this machine, and every other is checked against an authority`() throws {
            func problem(_ line: String) -> String? {
                let yaml = NodeSetup.yaml(
                    name: "n", community: "1.2.3", clients: "127.0.0.1:1", peers: "127.0.0.1:2", consent: "opt-out", seeds: [])
                do throws(ExchangeError) {
                    _ = try NodeConfiguration(yaml: yaml + "receivers:\n  - {\(line)}\n")
                    return nil
                } catch { return error.message }
            }
            #expect(problem("name: a, send: '127.0.0.1:1', in-clear: true, role: physician") == nil)
            #expect(problem("name: a, send: 'h.example.org:1', authority: a.pem, role: physician, give-up-hours: 1") == nil)
            #expect(problem("name: a, send: 'h.example.org:1', in-clear: true, role: physician")?.contains("in-clear") == true)
            #expect(problem("name: a, send: 'h.example.org:1', role: physician")?.contains("authority") == true)
            #expect(problem("name: a, send: '127.0.0.1:1', in-clear: true, role: phisician")?.contains("did you mean physician") == true)
            #expect(problem("name: a, send: '127.0.0.1:1', in-clear: true, role: auditor")?.contains("may not read documents") == true)
            #expect(problem("name: a, send: 'h.example.org:1', authority: a.pem")?.contains("role") == true)
            #expect(problem("name: A, send: 'nowhere', authority: a.pem, role: r, give-up-hours: 0")?.contains("send") == true)
        }

        @Test(arguments: [
            "user@h.example:1", "h.example/x:1", "h.example?x:1", "h.example#x:1", "h.example\\x:1", "h example:1", "0x7f.1:1", "2130706433:1", "0177.0.0.1:1",
            "127.1:1", "127.0.0.1.:1", "h.example.:1", "*.example:1", "h_x:1", "[::1:1", "::ffff:127.0.0.1%lo:1", "[fe80::1%25lo]:1", "h%2eexample:1",
            "\u{FF11}27.0.0.1:1", "127\u{3002}0.0.1:1", "h\u{F6}st:1", "h:1:1", "https://h:1", ":1", "h:", "h:-1", "h:65536", "h:0x1", "h\r\nx:1", "h\u{0}:1",
        ])
        func `T23 an address of the configuration is a name or an IP address in its usual form, and a port`(_ text: String) {
            #expect(NodeConfiguration.Address(text) == nil)
        }

        @Test(arguments: ["h:1", "h.example.org:65535", "H-1.Example:443", "127.0.0.1:0", "0.0.0.0:443", "::1:1", "[::1]:1", "[2001:db8::7]:443", "[::]:443"])
        func `an address in its usual form is taken`(_ text: String) {
            #expect(NodeConfiguration.Address(text)?.description == text)
        }
    }
}
