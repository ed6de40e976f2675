import ExchangeCore
import Foundation
import Glibc

/// Files that hold keys: mode 0600 in folders of mode 0700; a looser one stops the node (security.md L17, T121).
package enum SecretFile {
    /// Makes a folder only its owner may enter; there already is fine.
    package static func makeFolder(_ url: URL) throws(ExchangeError) {
        do {
            try FileManager.default.createDirectory(
                at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ExchangeError(.unavailable, "cannot make the folder \(url.path); check its parent's permissions")
        }
    }

    /// Reads a secret; refuses a file that others may read or that belongs to somebody else.
    package static func read(_ url: URL) throws(ExchangeError) -> [UInt8] {
        guard let status = try? FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path),
            let mode = status[.posixPermissions] as? NSNumber, let owner = status[.ownerAccountID] as? NSNumber
        else { throw ExchangeError(.notFound, "there is no key file \(url.path)") }
        guard mode.intValue & 0o077 == 0 else {
            throw ExchangeError(.forbidden, "others may read \(url.path); run chmod 600 on it")
        }
        guard owner.uint32Value == geteuid() else {
            throw ExchangeError(.forbidden, "\(url.path) belongs to another user; run the node as its owner")
        }
        guard let bytes = FileManager.default.contents(atPath: url.path) else {
            throw ExchangeError(.unavailable, "cannot read \(url.path)")
        }
        return [UInt8](bytes)
    }

    /// Reads a secret as text.
    package static func text(_ url: URL) throws(ExchangeError) -> String {
        String(decoding: try read(url), as: UTF8.self)
    }

    /// Writes a new secret; never over an existing file.
    package static func create(_ url: URL, _ bytes: [UInt8]) throws(ExchangeError) {
        try write(url, bytes, flags: O_CREAT | O_EXCL | O_WRONLY, mode: 0o600)
    }

    /// Writes a file that holds no secret, such as a certificate; whole or not at all.
    package static func replace(_ url: URL, _ bytes: [UInt8], mode: mode_t = 0o644) throws(ExchangeError) {
        let fresh = url.appendingPathExtension("new")
        unlink(fresh.path)
        try write(fresh, bytes, flags: O_CREAT | O_EXCL | O_WRONLY, mode: mode)
        guard rename(fresh.path, url.path) == 0 else {
            throw ExchangeError(.unavailable, "cannot replace \(url.path)")
        }
    }

    private static func write(_ url: URL, _ bytes: [UInt8], flags: Int32, mode: mode_t) throws(ExchangeError) {
        let file = open(url.path, flags, mode)
        guard file >= 0 else {
            throw errno == EEXIST
                ? ExchangeError(.conflict, "\(url.path) is there already; move it away first")
                : ExchangeError(.unavailable, "cannot write \(url.path)")
        }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw ExchangeError(.unavailable, "cannot write \(url.path); is the disk full?") }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw ExchangeError(.unavailable, "cannot sync \(url.path)") }
    }
}
