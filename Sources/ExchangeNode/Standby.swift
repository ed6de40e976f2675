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

    /// What a promotion has taken over.
    package struct Promotion: Sendable {
        /// Entries of the followed node.
        package let entries: UInt64
        /// Entries that node had when it was last heard; nil where an earlier version followed it.
        package let known: UInt64?

        /// Entries that it had and this one has not.
        package var missing: UInt64 { known.map { $0 > entries ? $0 - entries : 0 } ?? 0 }
    }

    /// The standby's folder.
    package let home: NodeHome

    /// A standby in a folder, made already or not.
    package init(_ path: String) { home = NodeHome(path) }

    private var state: URL { home.standby }

    /// How far it is, and how many entries the followed node had when it was last heard; the start for a new one.
    private func standing() throws(ExchangeError) -> (place: CopyPlace, known: UInt64?) {
        guard let bytes = FileManager.default.contents(atPath: state.path) else { return (CopyPlace(), nil) }
        let words = String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }.map(String.init)
        guard (4...5).contains(words.count), let segment = UInt32(words[0]), let offset = UInt64(words[1]), let size = UInt64(words[2]),
            let frontier = MerkleFrontier(
                size: size, peaks: words[3] == "-" ? [] : words[3].split(separator: ",").compactMap { Hexadecimal.decode($0) })
        else { throw ExchangeError(.corrupted, "the standby does not know how far it is; begin it anew", at: state.path) }
        let place = CopyPlace(segment: segment, offset: offset, frontier: frontier)
        return (place, words.count == 5 ? UInt64(words[4]) : nil)
    }

    private func keep(_ place: CopyPlace, known: UInt64) throws(ExchangeError) {
        let peaks = place.frontier.peaks.map { Hexadecimal.encode($0) }.joined(separator: ",")
        let text = "\(place.segment) \(place.offset) \(place.frontier.size) \(peaks.isEmpty ? "-" : peaks) \(known)\n"
        try DurableFolder(home.store.path).replace(home.standby.lastPathComponent, with: Array(text.utf8))
    }

    /// Brings it up to an end of the source's journal; durable when it returns. The folder must be the standby's own.
    ///
    /// Throws `.conflict` when the folder holds a node or follows another one, `.corrupted` when the source's journal does not verify or does not
    /// continue what was copied before.
    package func catchUp(_ source: NodeHome, to end: JournalEnd) throws(ExchangeError) -> Pass {
        if !FileManager.default.fileExists(atPath: state.path) {
            guard !home.isInitialised, !FileManager.default.fileExists(atPath: home.store.path) else {
                throw ExchangeError(.conflict, "\(home.folder.path) holds a node; a standby needs a folder of its own")
            }
            try SecretFile.makeFolder(home.folder)
            try SecretFile.makeFolder(home.store)
            try keep(CopyPlace(), known: end.entries)
        }
        let start = try standing().place
        try demandSame(source, start)
        try keep(start, known: end.entries)
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
        try keep(reached, known: end.entries)
        return Pass(entries: reached.frontier.size, added: reached.frontier.size - start.frontier.size, bytes: bytes)
    }

    /// Refuses a journal that is not the one followed so far, before anything of it is written here.
    private func demandSame(_ source: NodeHome, _ start: CopyPlace) throws(ExchangeError) {
        guard home.isInitialised else { return }
        let own = NodeStore.origin(of: try NodeConfiguration(of: home), in: home)
        let other = NodeStore.origin(of: try NodeConfiguration(of: source), in: source)
        guard LogOrigin.mayPrecede(own, other) else {
            throw ExchangeError(
                .conflict,
                "\(home.folder.path) follows the log \(own), and this node's is \(other); follow it into a folder of its own")
        }
        guard start.frontier.size > 0 else { return }
        let journals = [source, home].map { $0.store.appendingPathComponent("journal").path }
        guard try FileJournalStore.agree(journals[0], journals[1], at: start) else {
            throw ExchangeError(
                .conflict,
                "the node's journal does not continue the \(start.frontier.size) entries that \(home.folder.path) has: it was "
                    + "restored, or is damaged (hie audit verify); follow it into a folder of its own")
        }
    }

    /// Makes a node of it: verifies everything, makes the tables, and leaves the trace of a restore. It is a standby until
    /// all of that is done, so that a promotion that failed or was cut off can be done again.
    ///
    /// Throws `.notFound` when it is none, `.conflict` when it never caught up, `.corrupted` when its journal is damaged.
    package func promote(world: World, logger: Logger) async throws(ExchangeError) -> Promotion {
        guard FileManager.default.fileExists(atPath: state.path) else {
            throw ExchangeError(.notFound, "\(home.folder.path) is no standby")
        }
        let (place, known) = try standing()
        guard place.frontier.size > 0 else {
            throw ExchangeError(
                .conflict,
                "\(home.folder.path) never caught up with the node it follows, and has no entry to take over; run hie journal "
                    + "follow again, or hie backup restore")
        }
        let entries = try whole(to: place)
        try await RestoreMark.leave(
            in: home, source: "standby", taken: world.now(), takesOver: true, world: world, logger: logger)
        guard unlink(state.path) == 0 else { throw ExchangeError(.unavailable, "cannot remove \(state.path)") }
        return Promotion(entries: entries, known: known)
    }

    /// How many whole entries it has, those up to a place among them; reads alone. Behind the place a pass may have been cut
    /// off.
    private func whole(to place: CopyPlace) throws(ExchangeError) -> UInt64 {
        let origin = NodeStore.origin(of: try NodeConfiguration(of: home), in: home)
        let head = Checkpoint(origin: origin, size: place.frontier.size, root: place.frontier.root)
        var walk = try JournalWalk(
            home.store.appendingPathComponent("journal").path, origin: origin, checkpoints: [head], isLive: true)
        while !walk.isDone { try walk.step() }
        return try walk.finish().entries
    }
}
