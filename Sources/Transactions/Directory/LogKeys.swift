import ExchangeCore
import GossipDirectory
import Journal

/// How communities tell each other the public keys of their logs: as a capability in the signed directory record.
extension DirectoryBook {
    private static let capability = "log-key:"

    /// The capability by which a community states its log's key.
    package static func capability(_ key: NoteVerifier) -> String { capability + key.text }

    /// The key of a log as its community states it now; nil when it states none of that name.
    package func logKey(_ log: LogOrigin, at now: Timestamp) -> NoteVerifier? {
        communities(at: now).first { $0.community == log.community }.flatMap(Self.key).flatMap {
            $0.name.utf8.elementsEqual(log.text.utf8) ? $0 : nil
        }
    }

    /// The keys of every community's log, as stated now: those that may cosign.
    package func logKeys(at now: Timestamp) -> [NoteVerifier] { communities(at: now).compactMap(Self.key) }

    /// A key speaks for the community whose record states it, and for no other's log.
    private static func key(_ row: DirectoryCommunity) -> NoteVerifier? {
        guard row.standing != .unadmitted, row.standing != .quarantined else { return nil }
        for text in row.record?.statement.profile.capabilities ?? [] where text.utf8.starts(with: capability.utf8) {
            if let key = NoteVerifier(text: String(text.dropFirst(capability.count))),
                LogOrigin(key.name)?.community == row.community
            {
                return key
            }
        }
        return nil
    }
}
