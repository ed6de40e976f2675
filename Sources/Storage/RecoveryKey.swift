import Crypto
import ExchangeCore

/// The key backups are sealed for: X25519, its public half on the node, its private half held elsewhere.
package struct RecoveryKey: Sendable {
    /// The public half: enough to make backups.
    package struct Public: Sendable, Equatable {
        /// 32 raw bytes.
        package let bytes: [UInt8]

        /// Reads the line of a public key's file. Throws `.badRequest`.
        package init(text: String) throws(ExchangeError) {
            bytes = try RecoveryKey.read(text, RecoveryKey.publicMark)
        }

        init(bytes: [UInt8]) { self.bytes = bytes }

        /// The line for its file.
        package var text: String { "\(RecoveryKey.publicMark) \(Base64.encode(bytes))\n" }

        /// The first bytes of its SHA-256, to tell keys apart.
        package var name: String { Hexadecimal.encode(Array(SHA256.hash(data: bytes).prefix(8))) }
    }

    private static let publicMark = "concordat-recovery-public-1"
    private static let privateMark = "concordat-recovery-private-1"
    let privateKey: Curve25519.KeyAgreement.PrivateKey

    /// A new key.
    package init(world: World) throws(ExchangeError) {
        try self.init(bytes: world.randomBytes(32))
    }

    /// Reads the line of a private key's file. Throws `.badRequest`.
    package init(text: String) throws(ExchangeError) { try self.init(bytes: try Self.read(text, Self.privateMark)) }

    private init(bytes: [UInt8]) throws(ExchangeError) {
        do {
            privateKey = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
        } catch {
            throw ExchangeError(.badRequest, "this is no recovery key")
        }
    }

    /// The line for its file, which goes to a place of its own.
    package var text: String { "\(Self.privateMark) \(Base64.encode(Array(privateKey.rawRepresentation)))\n" }

    /// Its public half.
    package var publicHalf: Public { Public(bytes: Array(privateKey.publicKey.rawRepresentation)) }

    private static func read(_ text: String, _ mark: String) throws(ExchangeError) -> [UInt8] {
        let words = text.split { $0 == " " || $0 == "\n" || $0 == "\r" }
        guard words.count == 2, words[0] == mark, let bytes = Base64.decode(String(words[1])), bytes.count == 32 else {
            throw ExchangeError(.badRequest, "the file does not hold one line that begins with \(mark)")
        }
        return bytes
    }
}
