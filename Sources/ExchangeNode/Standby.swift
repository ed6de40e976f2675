import ExchangeCore
import Foundation
import Journal
import Logging
import Storage

/// A folder that follows a node: its journal, checked group by group as it arrives, its keyring and its files, ready to take
/// the node's place.
package struct Standby: Sendable {
    /// How far a pass has brought it.
    package struct Pass: Sendable {
        /// Entries the standby has.
        package let entries: UInt64
        /// Entries this pass has brought.
        package let added: UInt64
        /// Bytes this pass has brought.
        package let bytes: UInt64
    }

    /// The standby's folder.
    package let home: NodeHome

    /// A standby in a folder, made already or not.
    package init(_ path: String) { home = NodeHome(path) }

    private var state: URL { home.standby }

    /// How far it is; the start for a new one.
    private func place() throws(ExchangeError) -> CopyPlace {
        guard let bytes = FileManager.default.contents(atPath: state.path) else { return CopyPlace() }
        let words = String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }.map(String.init)
        guard words.count == 4, let segment = UInt32(words[0]), let offset = UInt64(words[1]), let size = UInt64(words[2]),
            let frontier = MerkleFrontier(
                size: size, peaks: words[3] == "-" ? [] : words[3].split(separator: ",").compactMap { Hexadecimal.decode($0) })
        else { throw ExchangeError(.corrupted, "the standby does not know how far it is; begin it anew", at: state.path) }
        return CopyPlace(segment: segment, offset: offset, frontier: frontier)
    }

    private func keep(_ place: CopyPlace) throws(ExchangeError) {
        let peaks = place.frontier.peaks.map { Hexadecimal.encode($0) }.joined(separator: ",")
        let text = "\(place.segment) \(place.offset) \(place.frontier.size) \(peaks.isEmpty ? "-" : peaks)\n"
        try DurableFolder(home.store.path).replace(home.standby.lastPathComponent, with: Array(text.utf8))
    }

    /// Brings it up to an end of the source's journal; durable when it returns. The folder must be the standby's own.
    ///
    /// Throws `.conflict` when the folder holds a node, `.corrupted` when the source's journal does not verify or does not
    /// continue what was copied before.
    package func catchUp(_ source: NodeHome, to end: JournalEnd) throws(ExchangeError) -> Pass {
        if !FileManager.default.fileExists(atPath: state.path) {
            guard !home.isInitialised, !FileManager.default.fileExists(atPath: home.store.path) else {
                throw ExchangeError(.conflict, "\(home.folder.path) holds a node; a standby needs a folder of its own")
            }
            try SecretFile.makeFolder(home.folder)
            try SecretFile.makeFolder(home.store)
            try keep(CopyPlace())
        }
        let start = try place()
        // Keys and files first: nothing below the end is sealed under a key that was made later.
        try KeyringBackup.unpack(try KeyringBackup.bundle(source), to: home)
        for file in try FileBundle.unpack(try FileBundle.pack(source))
            + FileBundle.unpack(try FileBundle.pack(source.outboxes, of: source)) where file.path != "keys/wrapping.key"
        {
            let url = home.folder.appendingPathComponent(file.path)
            try SecretFile.makeFolder(url.deletingLastPathComponent())
            try SecretFile.replace(url, file.bytes, mode: 0o600)
        }
        let target = JournalTarget(home.store.appendingPathComponent("journal").path)
        try target.begin()
        var bytes: UInt64 = 0
        var erasures = CopiedErasures()
        let reached = try FileJournalStore.copy(
            source.store.appendingPathComponent("journal").path, from: start, to: end, erasures: &erasures,
        ) { (segment, offset, piece) throws(ExchangeError) in
            try target.write(segment, offset, piece)
            bytes += UInt64(piece.count)
        }
        try target.sync()
        // What was erased goes from here with the entry that says so, before the standby counts as having it.
        try FileJournalStore.remove(
            erasures.named, in: DurableFolder(home.store.appendingPathComponent("journal").path))
        try keep(reached)
        return Pass(entries: reached.frontier.size, added: reached.frontier.size - start.frontier.size, bytes: bytes)
    }

    /// Makes a node of it: verifies everything, makes the tables, and leaves the trace of a restore. How many entries it has.
    package func promote(world: World, logger: Logger) async throws(ExchangeError) -> UInt64 {
        guard FileManager.default.fileExists(atPath: state.path) else {
            throw ExchangeError(.notFound, "\(home.folder.path) is no standby")
        }
        let size = try place().frontier.size
        guard unlink(state.path) == 0 else { throw ExchangeError(.unavailable, "cannot remove \(state.path)") }
        try await RestoreMark.leave(in: home, source: "standby", taken: world.now(), world: world, logger: logger)
        return size
    }
}
