import ExchangeCore
import Journal
import Storage

/// What a backup's folder holds, and how far it reaches: a text that the log's key signs (C2SP signed-note).
///
/// Lines: `concordat-backup-1`; `origin`; `created`; `recovery`, the recovery key's name; `log`, the log's public key;
/// `end SEGMENT OFFSET ENTRIES PEAKS`, where the next backup goes on; then `piece NAME BYTES SHA256` for each file.
package struct BackupManifest: Sendable, Equatable {
    /// One file of the backup.
    package struct Piece: Sendable, Equatable {
        /// Its name in the folder.
        package let name: String
        /// How long it is.
        package let bytes: UInt64
        /// SHA-256 of the file as it lies there.
        package let digest: [UInt8]
    }

    /// The log that was copied.
    package var origin: String
    /// When the last run was.
    package var created: Timestamp
    /// The name of the recovery key (`RecoveryKey.Public.name`).
    package var recovery: String
    /// The log's public key, as a note verifier's text.
    package var log: String
    /// How far the journal was copied.
    package var end: CopyPlace
    /// The files, journal parts in order.
    package var pieces: [Piece]

    static let name = "manifest"
    private static let mark = "concordat-backup-1"

    /// The names of journal parts, in order.
    var parts: [Piece] { pieces.filter { $0.name.hasPrefix("journal-") } }

    /// The text that is signed.
    var text: String {
        let peaks = end.frontier.peaks.map { Hexadecimal.encode($0) }.joined(separator: ",")
        var lines = [
            Self.mark, "origin \(origin)", "created \(created.milliseconds) \(created)", "recovery \(recovery)", "log \(log)",
            "end \(end.segment) \(end.offset) \(end.frontier.size) \(peaks.isEmpty ? "-" : peaks)",
        ]
        lines += pieces.map { "piece \($0.name) \($0.bytes) \(Hexadecimal.encode($0.digest))" }
        return lines.joined(separator: "\n") + "\n"
    }

    init(
        origin: String, created: Timestamp, recovery: String, log: String, end: CopyPlace, pieces: [Piece],
    ) {
        self.origin = origin
        self.created = created
        self.recovery = recovery
        self.log = log
        self.end = end
        self.pieces = pieces
    }

    /// Reads a signed manifest and checks its signature with the key it names, which must be `expected` when that is given.
    ///
    /// Throws `.corrupted`.
    package init(signed text: String, expected: NoteVerifier? = nil) throws(ExchangeError) {
        let damage = ExchangeError(.corrupted, "the backup's manifest is damaged, or not signed by its log's key")
        let note: SignedNote
        do throws(ExchangeError) { note = try SignedNote(parsing: text) } catch { throw damage }
        let lines = note.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count >= 7, lines[0] == Self.mark, lines.last == "" else { throw damage }
        func value(_ index: Int, _ word: String) throws(ExchangeError) -> String {
            guard lines[index].hasPrefix(word + " ") else { throw damage }
            return String(lines[index].dropFirst(word.count + 1))
        }
        origin = try value(1, "origin")
        guard let moment = try value(2, "created").split(separator: " ").first.flatMap({ Int64($0) }) else { throw damage }
        created = Timestamp(milliseconds: moment)
        recovery = try value(3, "recovery")
        log = try value(4, "log")
        guard let end = Self.place(try value(5, "end")) else { throw damage }
        self.end = end
        pieces = []
        for index in 6..<lines.count - 1 {
            let words = try value(index, "piece").split(separator: " ").map(String.init)
            guard words.count == 3, let bytes = UInt64(words[1]), let digest = Hexadecimal.decode(words[2]),
                words[0].utf8.allSatisfy({ $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 < 0x7F }), words[0].first != "."
            else { throw damage }
            pieces.append(Piece(name: words[0], bytes: bytes, digest: digest))
        }
        guard let verifier = NoteVerifier(text: log), verifier.verifies(note), expected == nil || expected == verifier
        else { throw damage }
    }

    private static func place(_ text: String) -> CopyPlace? {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 4, let segment = UInt32(words[0]), let offset = UInt64(words[1]), let size = UInt64(words[2])
        else { return nil }
        let peaks = words[3] == "-" ? [] : words[3].split(separator: ",").compactMap { Hexadecimal.decode(String($0)) }
        return MerkleFrontier(size: size, peaks: peaks).map { CopyPlace(segment: segment, offset: offset, frontier: $0) }
    }
}
