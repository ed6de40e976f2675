import Crypto
import ExchangeCore
import Foundation
import Journal
import Storage

/// The keyring with the key that wraps it: what has to lie elsewhere for the journal to be readable after a loss.
package enum KeyringBackup {
    private static let name = "keyring"

    /// Seals keyring and wrapping key of a node into one file. Throws `.conflict` when the file is there.
    package static func create(_ home: NodeHome, to path: String, for key: RecoveryKey.Public) throws(ExchangeError) -> Int {
        let bundle = try bundle(home)
        let count = try check(bundle)
        var writer = try SealedPiece.Writer(path, name: name, for: key)
        try writer.append(bundle)
        _ = try writer.end()
        return count
    }

    /// Puts keyring and wrapping key back into a node that is stopped; what lies there is kept beside it, with `.lost` behind
    /// its name. Returns how many patients' keys it holds.
    ///
    /// - Parameter path: a file of `create`, or the keyring's piece in the folder of a backup.
    package static func restore(_ path: String, to home: NodeHome, key: RecoveryKey) throws(ExchangeError) -> Int {
        let lock = try StoreLock(folder: home.store.appendingPathComponent("journal").path)
        defer { lock.release() }
        let file = URL(fileURLWithPath: path)
        let isPiece = file.lastPathComponent.hasPrefix("keyring-")
        var bundle: [UInt8] = []
        try SealedPiece.read(path, name: isPiece ? file.lastPathComponent : name, key: key) { bundle += $0 }
        let count = try check(bundle)
        for lost in [home.keyring, home.wrappingKey] where FileManager.default.fileExists(atPath: lost.path) {
            guard rename(lost.path, lost.path + ".lost") == 0 else {
                throw ExchangeError(.unavailable, "cannot move \(lost.path) out of the way")
            }
        }
        unlink(home.nextWrappingKey.path)
        try unpack(bundle, to: home)
        return count
    }

    /// Keyring and keys as they are now; the keyring is copied as a whole even while it is written.
    static func bundle(_ home: NodeHome) throws(ExchangeError) -> [UInt8] {
        for _ in 0..<5 {
            let before = try SecretFile.read(home.wrappingKey)
            let keyring = try SecretFile.read(home.keyring)
            var bundle: [UInt8] = []
            FileBundle.append("store/keyring", keyring, to: &bundle)
            FileBundle.append("keys/wrapping.key", before, to: &bundle)
            if FileManager.default.fileExists(atPath: home.indexKey.path) {
                FileBundle.append("keys/index.key", try SecretFile.read(home.indexKey), to: &bundle)
            }
            // A rotation may have come between the two reads: then they do not fit, and are read again.
            if FileKeyring.isWrapped(keyring, by: SymmetricKey(data: before)) { return bundle }
        }
        throw ExchangeError(.corrupted, "the keyring is damaged, or not wrapped by wrapping.key", at: home.keyring.path)
    }

    /// How many keys a bundle holds, each opened. Throws `.corrupted`.
    static func check(_ bundle: [UInt8]) throws(ExchangeError) -> Int {
        let files = try FileBundle.unpack(bundle)
        guard let keyring = files.first(where: { $0.path == "store/keyring" }),
            let wrapping = files.first(where: { $0.path == "keys/wrapping.key" })
        else { throw ExchangeError(.corrupted, "there is no keyring in this file") }
        return try FileKeyring.check(keyring.bytes, wrappingKey: SymmetricKey(data: wrapping.bytes))
    }

    static func unpack(_ bundle: [UInt8], to home: NodeHome) throws(ExchangeError) {
        for file in try FileBundle.unpack(bundle) {
            let url = home.folder.appendingPathComponent(file.path)
            try SecretFile.makeFolder(url.deletingLastPathComponent())
            try SecretFile.replace(url, file.bytes, mode: 0o600)
        }
    }
}
