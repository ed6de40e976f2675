import ExchangeCore

/// A text and the signatures on it (C2SP signed-note).
package struct SignedNote: Sendable, Equatable {
    /// One line under the text.
    package struct Signature: Sendable, Equatable {
        /// The name of the key.
        package let name: String
        /// The first four bytes of the key's id hash.
        package let keyID: [UInt8]
        /// What the key made of the text; its form depends on the key's type.
        package let bytes: [UInt8]

        /// A signature from its parts.
        package init(name: String, keyID: [UInt8], bytes: [UInt8]) {
            self.name = name
            self.keyID = keyID
            self.bytes = bytes
        }
    }

    /// The signed text, with the newline it ends in.
    package let text: String
    /// The signatures, in the order of their lines.
    package let signatures: [Signature]

    private static let noteBytesMax = 65_536
    private static let signaturesMax = 64
    private static let dash = "\u{2014} "

    /// A note from its parts; the text must end in a newline.
    package init(text: String, signatures: [Signature]) {
        precondition(text.utf8.last == 0x0A)
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note; throws `.badRequest` saying what is not as the specification wants it.
    package init(parsing note: String) throws(ExchangeError) {
        let bytes = Array(note.utf8)
        guard bytes.count <= Self.noteBytesMax else { throw ExchangeError(.tooLarge, "note exceeds 65536 bytes") }
        guard bytes.last == 0x0A else { throw ExchangeError(.badRequest, "note does not end in a newline") }
        guard bytes.allSatisfy({ $0 == 0x0A || ($0 >= 0x20 && $0 != 0x7F) }) else {
            throw ExchangeError(.badRequest, "note contains control characters")
        }
        guard let gap = bytes.indices.dropLast().last(where: { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A }) else {
            throw ExchangeError(.badRequest, "note has no empty line before its signatures")
        }
        text = String(decoding: bytes[...gap], as: UTF8.self)
        var signatures: [Signature] = []
        for line in bytes[(gap + 2)...].dropLast().split(separator: 0x0A, omittingEmptySubsequences: false) {
            guard signatures.count < Self.signaturesMax else {
                throw ExchangeError(.tooLarge, "note has more than \(Self.signaturesMax) signatures")
            }
            signatures.append(try Self.signature(line))
        }
        guard !signatures.isEmpty else { throw ExchangeError(.badRequest, "note has no signature") }
        self.signatures = signatures
    }

    /// The note as it is exchanged.
    package var description: String {
        text + "\n"
            + signatures.map { "\(Self.dash)\($0.name) \(Base64.encode($0.keyID + $0.bytes))\n" }.joined()
    }

    private static func signature(_ line: ArraySlice<UInt8>) throws(ExchangeError) -> Signature {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, Array(parts[0]) == Array("\u{2014}".utf8), isName(parts[1]),
            let value = Base64.decode(String(decoding: parts[2], as: UTF8.self)), value.count > 4
        else { throw ExchangeError(.badRequest, "note has a malformed signature line") }
        return Signature(
            name: String(decoding: parts[1], as: UTF8.self), keyID: Array(value[..<4]), bytes: Array(value[4...]))
    }

    static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.count <= 256 && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "+") }
    }
}
