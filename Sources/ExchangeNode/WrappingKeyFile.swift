import Crypto
import ExchangeCore
import Foundation
import Storage

/// The file of the key that wraps patients' keys, and how it is exchanged for another without a moment in which the
/// keyring cannot be opened.
///
/// A rotation writes the new key beside the old one (`wrapping.key.next`), replaces the keyring as a whole by one wrapped by
/// the new key, and then gives the new key its name. Cut off anywhere, the keyring itself says which of the two keys is
/// right.
package enum WrappingKeyFile {
    /// The key that opens the keyring; ends a rotation that was cut off.
    static func settle(_ home: NodeHome) throws(ExchangeError) -> SymmetricKey {
        let current = SymmetricKey(data: try SecretFile.read(home.wrappingKey))
        guard FileManager.default.fileExists(atPath: home.nextWrappingKey.path) else { return current }
        let next = SymmetricKey(data: try SecretFile.read(home.nextWrappingKey))
        guard try FileKeyring.isWrapped(home.keyring.path, by: next) else {
            unlink(home.nextWrappingKey.path)
            return current
        }
        try adopt(home)
        return next
    }

    /// Wraps every patient's key by a new key, while the node runs; durable when it returns. How many keys were wrapped.
    package static func rotate(
        _ home: NodeHome, keyring: FileKeyring, world: World,
    ) async throws(ExchangeError) -> Int {
        let current = SymmetricKey(data: try SecretFile.read(home.wrappingKey))
        if !FileManager.default.fileExists(atPath: home.indexKey.path) {
            // The index of patients keeps its key: nobody is looked up anew because keys were wrapped anew.
            let index = derivedIndexKey(current).withUnsafeBytes { Array($0) }
            try SecretFile.replace(home.indexKey, index, mode: 0o600)
        }
        let bytes = world.randomBytes(32)
        unlink(home.nextWrappingKey.path)
        try SecretFile.create(home.nextWrappingKey, bytes)
        try DurableFolder(home.wrappingKey.deletingLastPathComponent().path).sync()
        let count = try await keyring.rewrap(by: SymmetricKey(data: bytes))
        try adopt(home)
        return count
    }

    /// The key of the patient index.
    static func indexKey(_ home: NodeHome, _ wrapping: SymmetricKey) throws(ExchangeError) -> SymmetricKey {
        guard FileManager.default.fileExists(atPath: home.indexKey.path) else { return derivedIndexKey(wrapping) }
        return SymmetricKey(data: try SecretFile.read(home.indexKey))
    }

    private static func derivedIndexKey(_ wrapping: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: wrapping, info: Array("concordat patient index".utf8), outputByteCount: 32)
    }

    private static func adopt(_ home: NodeHome) throws(ExchangeError) {
        guard rename(home.nextWrappingKey.path, home.wrappingKey.path) == 0 else {
            throw ExchangeError(.unavailable, "cannot replace \(home.wrappingKey.path)")
        }
        try DurableFolder(home.wrappingKey.deletingLastPathComponent().path).sync()
    }
}
