/// What a message is answered with (HL7 table 0008).
package enum AcknowledgementCode: String, Sendable, CaseIterable {
    case applicationAccept = "AA"
    case applicationError = "AE"
    case applicationReject = "AR"
    case commitAccept = "CA"
    case commitError = "CE"
    case commitReject = "CR"
}

/// Makes acknowledgements: original or enhanced mode, errors with their place, in the form of the sender's version.
package struct Acknowledgement: Sendable {
    /// What is known of the message that is answered, however broken it was.
    private let glimpse: HeaderGlimpse

    /// An acknowledgement for a message, or for bytes that are none.
    package init(answering bytes: some Collection<UInt8>) { glimpse = HeaderGlimpse(bytes) }

    /// MSH-3 and MSH-4 of the message, as far as they are short and plain; for lists that people read.
    package var sender: String {
        [3, 4].map { String(decoding: glimpse.raw($0), as: UTF8.self) }.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// MSH-10 of the message, as far as it is short and plain.
    package var controlID: String { String(decoding: glimpse.raw(10), as: UTF8.self) }

    /// MSH-9.1 and MSH-9.2 of the message, such as `ADT^A01`; empty when they are no plain words.
    package var kind: String { [glimpse.type, glimpse.event].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "^") }

    /// The code that answers: nil when the sender asked for none.
    ///
    /// Original mode has the application's codes. Enhanced mode (MSH-15 or MSH-16 filled) has the commit codes, sent as
    /// MSH-15 asks: what is answered is durable here, and that is what commit means.
    package static func code(_ header: MessageHeader?, errors: [HL7Error]) -> AcknowledgementCode? {
        let isRejected = errors.contains { $0.condition.isRejection }
        guard let header, header.isEnhanced else {
            return errors.isEmpty ? .applicationAccept : isRejected ? .applicationReject : .applicationError
        }
        guard (header.acceptAcknowledgement ?? .never).isMet(isSuccess: errors.isEmpty) else { return nil }
        return errors.isEmpty ? .commitAccept : isRejected ? .commitReject : .commitError
    }

    /// The bytes of an acknowledgement.
    ///
    /// `time` is MSH-7 in HL7's form, `controlID` our own name for it. Before version 2.5 an error is ERR-1, from then
    /// on ERR-2 to ERR-4 and ERR-8; MSA-3 has the first error's text where the version still has that field. `omissions` are
    /// what was left out of a message that was taken: ERR with severity `W` from 2.5 on; before, where ERR knows no severity,
    /// MSA-3 alone says it. `expected` is MSA-4, the number that the sender's next message is to have.
    package func bytes(
        _ code: AcknowledgementCode, errors: [HL7Error] = [], omissions: [HL7Error] = [], time: String, controlID: String,
        expected: Int? = nil,
    ) -> [UInt8] {
        let delimiters = glimpse.delimiters
        let version = glimpse.version.flatMap { HL7Version.supported.contains($0) ? $0 : nil } ?? "2.5.1"
        var header = SegmentWriter("MSH", delimiters, characterSet: glimpse.characterSet)
        for field in [5, 6, 3, 4] { header.raw(glimpse.raw(field)) }
        header.field(time)
        header.field(nil)
        header.field(components: kind(version))
        header.field(controlID)
        header.raw(glimpse.raw(11).isEmpty ? Array("P".utf8) : Array(glimpse.raw(11)))
        header.field(version)
        for _ in 13...17 { header.field(nil) }
        header.raw(glimpse.namesCharacterSet ? Array(glimpse.characterSet.name.utf8) : [])
        var bytes = header.finished()
        var answer = SegmentWriter("MSA", delimiters, characterSet: glimpse.characterSet)
        answer.field(code.rawValue)
        answer.raw(glimpse.raw(10))
        let text = HL7Version.isAtLeast(version, "2.7") ? nil : (errors.first ?? omissions.first)?.description
        if text != nil || expected != nil || !HL7Version.isAtLeast(version, "2.7") { answer.field(text) }
        if let expected { answer.field(String(expected)) }
        bytes += answer.finished()
        for error in errors.prefix(Self.errorsMax) { bytes += segment(error, version, severity: "E") }
        guard HL7Version.isAtLeast(version, "2.5") else { return bytes }
        for omission in omissions.prefix(Self.errorsMax) { bytes += segment(omission, version, severity: "W") }
        return bytes
    }

    /// Errors named in one acknowledgement at most.
    package static let errorsMax = 20

    private func kind(_ version: String) -> [String?] {
        guard let event = glimpse.event, !event.isEmpty else { return ["ACK"] }
        return HL7Version.isAtLeast(version, "2.4") ? ["ACK", event, "ACK"] : ["ACK", event]
    }

    private func segment(_ error: HL7Error, _ version: String, severity: String) -> [UInt8] {
        let delimiters = glimpse.delimiters
        var writer = SegmentWriter("ERR", delimiters, characterSet: glimpse.characterSet)
        let place = error.position
        let code = String(error.condition.rawValue)
        guard HL7Version.isAtLeast(version, "2.5") else {
            // ELD: segment, sequence, field, and the code with its text as subcomponents.
            let text = EscapeSequences.escape(Array(error.condition.text.utf8), delimiters)
            var field: [UInt8] = []
            for part in [place?.segment, place.map { String($0.sequence) }, place?.field.map(String.init)] {
                field += EscapeSequences.escape(Array((part ?? "").utf8), delimiters) + [delimiters.component]
            }
            field += Array(code.utf8)
            if let subcomponent = delimiters.subcomponent {
                field += [subcomponent] + text + [subcomponent] + Array("HL70357".utf8)
            }
            writer.raw(field)
            return writer.finished()
        }
        writer.field(nil)
        writer.field(
            components: [
                place?.segment, place.map { String($0.sequence) }, place?.field.map(String.init),
                place?.repetition.map(String.init), place?.component.map(String.init),
                place?.subcomponent.map(String.init),
            ])
        writer.field(components: [code, error.condition.text, "HL70357"])
        writer.field(severity)
        for _ in 5...7 { writer.field(nil) }
        writer.field(error.message)
        return writer.finished()
    }
}

/// What an acknowledgement needs of a header, read from any bytes: a broken message is answered by its own name.
struct HeaderGlimpse: Sendable {
    private(set) var delimiters = Delimiters.standard
    private(set) var characterSet = HL7CharacterSet.ascii
    private(set) var namesCharacterSet = false
    private var fields: [[UInt8]] = []

    /// Bytes of a header looked at, and bytes of one field repeated, at most.
    private static let bytesMax = 4096
    private static let fieldBytesMax = 250

    init(_ bytes: some Collection<UInt8>) {
        var head = Array(bytes.prefix(Self.bytesMax))
        if head.starts(with: [0xEF, 0xBB, 0xBF]) { head.removeFirst(3) }
        head = Array(head.prefix { $0 != 0x0D && $0 != 0x0A })
        guard head.starts(with: Array("MSH".utf8)),
            let found = try? head.withUnsafeBytes({ raw throws(HL7Error) in
                try Delimiters.read(raw, at: 0, segment: "MSH")
            })
        else { return }
        delimiters = found
        fields = head.split(separator: found.field, omittingEmptySubsequences: false).map { field in
            // What is repeated is short ASCII: an answer must be readable whatever the question was.
            field.count <= Self.fieldBytesMax && field.allSatisfy { (0x20..<0x7F).contains($0) } ? Array(field) : []
        }
        let name = raw(18).prefix { $0 != found.repetition }
        if let set = HL7CharacterSet(name: String(decoding: name, as: UTF8.self)) {
            characterSet = set
            namesCharacterSet = true
        }
    }

    /// A field as it stands; empty when it is not there or cannot be repeated.
    func raw(_ field: Int) -> [UInt8] { fields.indices.contains(field - 1) ? fields[field - 1] : [] }

    /// MSH-9.1.
    var type: String? { part(9, 1) }

    /// MSH-9.2.
    var event: String? { part(9, 2) }

    /// MSH-12.1.
    var version: String? { part(12, 1) }

    private func part(_ field: Int, _ component: Int) -> String? {
        let parts = raw(field).split(separator: delimiters.component, omittingEmptySubsequences: false)
        guard parts.indices.contains(component - 1) else { return nil }
        let part = parts[component - 1]
        // Names of events and versions are plain words; anything else is not repeated.
        let isPlain = part.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
        }
        return isPlain ? String(decoding: part, as: UTF8.self) : nil
    }
}
