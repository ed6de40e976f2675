import Crypto
import ExchangeCore
import Foundation
import JSON
import Journal
import Storage

/// The file of the key that signs the journal's heads, the public halves of those it had before, and how it is exchanged.
///
/// The log goes on under its name: an entry names both keys, signed by the old one, before the new one is used. Other nodes
/// take the new key from the signed directory record, and ask for the proof that the log merely grew as before.
package enum LogKeyFile {
    /// The key in use and those before it, the newest first, under a log's name.
    package static func keys(_ home: NodeHome, origin: String) throws(ExchangeError) -> [NoteVerifier] {
        let former = try formerKeys(home).compactMap { NoteVerifier(name: origin, publicKey: $0) }
        return [try signer(home, origin: origin).verifier] + former.reversed()
    }

    /// What signs now.
    package static func signer(_ home: NodeHome, origin: String) throws(ExchangeError) -> NoteSigner {
        try NoteSigner(name: origin, privateKey: SecretFile.read(home.logKey))
    }

    /// Exchanges the key: the entry first, then the public half of the old key, then the new key in the old one's place. It
    /// signs from the next opening of the store on. The public half of the new key.
    ///
    /// Safe to repeat after a crash: an entry whose key never came into use is followed by another.
    package static func rotate(_ home: NodeHome, store: NodeStore, user: String, world: World)
        async throws(ExchangeError) -> NoteVerifier
    {
        let origin = store.store.origin
        let old = try signer(home, origin: origin)
        let secret = world.randomBytes(32)
        let new = try NoteSigner(name: origin, privateKey: secret).verifier
        let note = try old.sign("\(origin)\nlog-key \(new.text)\n")
        let payload: JSONValue = [
            "act": "journal/rotate-key", "log": .string(origin), "former": .string(old.verifier.text),
            "key": .string(new.text), "signed": .string(note.description), "user": .string(user),
        ]
        _ = try await store.writer.append(
            EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
        var former = try formerKeys(home)
        if former.last != old.verifier.publicKey { former.append(old.verifier.publicKey) }
        let lines = former.map { Hexadecimal.encode($0) + "\n" }.joined()
        try SecretFile.replace(home.formerLogKeys, Array(lines.utf8))
        try SecretFile.replace(home.logKey, secret, mode: 0o600)
        try DurableFolder(home.logKey.deletingLastPathComponent().path).sync()
        return new
    }

    private static func formerKeys(_ home: NodeHome) throws(ExchangeError) -> [[UInt8]] {
        guard let bytes = FileManager.default.contents(atPath: home.formerLogKeys.path) else { return [] }
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { (line) throws(ExchangeError) in
            guard let key = Hexadecimal.decode(line), key.count == 32 else {
                throw ExchangeError(.corrupted, "a former key of the log cannot be read", at: home.formerLogKeys.path)
            }
            return key
        }
    }
}

extension NodeHome {
    /// Public halves of the keys that signed the journal's heads before, in hexadecimal, one a line, the newest last.
    var formerLogKeys: URL { logKey.deletingPathExtension().appendingPathExtension("former") }
}
