import ExchangeCore
import ExchangeNode
import HL7v2
import NIOSSL
import Testing

/// A facility's system that sends HL7 v2 messages over MLLP and reads the answers.
final class FeedClient: Sendable {
    let connection: RawConnection

    /// Connects in clear, or with TLS.
    init(_ port: Int, tls: TLSConfiguration? = nil) async throws {
        var tls = tls
        tls?.applicationProtocols = []
        connection = try await RawConnection.open(port: port, tls: tls)
    }

    /// The answers so far.
    var answers: [HL7Message] {
        var decoder = MLLPDecoder()
        return decoder.feed(Array(connection.received.utf8)).compactMap { event in
            guard case .message(let bytes) = event else { return nil }
            return try? MessageReader.read(bytes)
        }
    }

    /// Sends a message and waits for its answer.
    func ask(_ message: [UInt8]) async throws -> Answer {
        let before = answers.count
        await connection.send(MLLPFrame.encode(message))
        try await until("an answer", within: .seconds(20)) { answers.count > before || !connection.isOpen }
        return try Answer(#require(answers.dropFirst(before).first, "the connection was closed"))
    }

    /// Sends a message written with line ends for people.
    func ask(_ message: String) async throws -> Answer { try await ask(message.utf8.map { $0 == 0x0A ? 0x0D : $0 }) }

    /// What a message was answered with.
    struct Answer: Sendable {
        let message: HL7Message
        /// MSA-1.
        let code: String?
        /// MSA-2.
        let controlID: String?
        /// ERR-2, as it stands.
        let place: String
        /// ERR-3.1.
        let condition: String?

        init(_ message: HL7Message) throws {
            self.message = message
            code = try message.first("MSA")?.field(1).text()
            controlID = try message.first("MSA")?.field(2).text()
            place = String(decoding: message.first("ERR")?.field(2).bytes ?? [], as: UTF8.self)
            condition = try message.first("ERR")?.field(3).text()
        }
    }
}

/// Messages about the canary.
enum FeedMessages {
    static let pid = "\(Canary.number)^^^ARH||\(Canary.family)^\(Canary.given)||19311207|F|||"
        + "48 \(Canary.street) Lane^^\(Canary.city)^VT^05999"

    static func header(_ type: String, _ id: String, modes: String = "|") -> String {
        "MSH|^~\\&|ADT1|ALDERBROOK|HIE|HIE|20260809120000||\(type)|\(id)|P|2.5.1|||\(modes)\n"
    }

    static func identity(
        _ event: String, _ id: String, _ pid: String = pid, _ more: String = "PV1|1|I", modes: String = "|",
    ) -> String {
        header("ADT^" + event, id, modes: modes) + "EVN|\(event)|20260809\nPID|1||\(pid)\n" + (more.isEmpty ? "" : more + "\n")
    }

    /// A document whose number and parent are the facility's own; nothing in it where the text is empty.
    static func document(
        _ event: String, _ id: String, number: String, parent: String = "", text: String, pid: String = pid,
    ) -> String {
        header("MDM^" + event, id) + "PID|1||\(pid)\nTXA|1|DS|TX|||20260809||||||\(number)^ARH|\(parent)|||||U\n"
            + (text.isEmpty ? "" : "OBX|1|TX|18842-5^Discharge summary^LN||\(text)\n")
    }
}

extension RunningNode {
    /// What a feed's section of `node.yaml` says unless told otherwise.
    static let feedKeys = ["in-clear: true"]

    /// Adds a feed to `node.yaml`; the next start listens at the port.
    func addFeed(_ name: String = "admissions", keys: [String] = feedKeys, authorities: [String] = ["ARH"]) throws -> ReservedPort {
        let port = try ReservedPort()
        let lines =
            ["  - name: \(name)", "    listen: 127.0.0.1:\(port.number)"] + keys.map { "    " + $0 } + ["    authorities:"]
            + authorities.map { "      - {name: \($0), system: '\(numbers)'}" }
        try reconfigure { $0 + "feeds:\n" + lines.map { $0 + "\n" }.joined() }
        return port
    }
}
