import ExchangeCore
import Foundation
import Synchronization
import Trust

/// The clients' certificates that are not believed any more, though the facility's authority signed them.
///
/// A text file beside the certificates, a line each: the certificate's thumbprint (SHA-256, base64url), whose it was, when
/// it was revoked. A running node reads it at its start and when it is told to; the newest set judges every request.
package final class RevokedClients: Sendable {
    private let file: URL
    private let thumbprints: Mutex<Set<Thumbprint>>

    /// Reads the file of a node; no file means nobody. `.badRequest` names the first line that is none: a list that is read
    /// in part would let somebody in.
    package init(_ home: NodeHome) throws(ExchangeError) {
        file = home.revokedClients
        thumbprints = Mutex(Set(try Self.read(home.revokedClients).keys))
    }

    /// Who is not believed now.
    var all: Set<Thumbprint> { thumbprints.withLock { $0 } }

    /// Reads the file again; what was in force stays when it cannot be read.
    func reload() throws(ExchangeError) {
        let newest = Set(try Self.read(file).keys)
        thumbprints.withLock { $0 = newest }
    }

    /// Adds a certificate to a node's file; false when it stands there already.
    package static func add(_ thumbprint: Thumbprint, name: String, of home: NodeHome, at now: Timestamp)
        throws(ExchangeError) -> Bool
    {
        var lines = try read(home.revokedClients)
        guard lines[thumbprint] == nil else { return false }
        lines[thumbprint] = "\(name) \(now)"
        let text = lines.sorted { $0.key < $1.key }.map { "\($0.key.text) \($0.value)\n" }.joined()
        try SecretFile.replace(home.revokedClients, Array(text.utf8), mode: 0o600)
        return true
    }

    /// What a node's file says, by certificate.
    package static func read(_ url: URL) throws(ExchangeError) -> [Thumbprint: String] {
        guard FileManager.default.fileExists(atPath: url.path) else { return [:] }
        var found: [Thumbprint: String] = [:]
        for (number, line) in try PlainFile.text(url).split(separator: "\n").enumerated() {
            let words = line.split(separator: " ", maxSplits: 1)
            guard let thumbprint = words.first.flatMap({ Thumbprint(String($0)) }) else {
                throw ExchangeError(
                    .badRequest, "not a certificate's thumbprint; see hie certificate show", at: "\(url.path), line \(number + 1)")
            }
            found[thumbprint] = words.count > 1 ? String(words[1]) : ""
        }
        return found
    }
}
