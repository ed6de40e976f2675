import ExchangeCore
import Journal

extension FileJournalStore {
    /// What is being erased: written before the first byte is overwritten, removed behind the last sync, so that a start
    /// finishes what was cut off.
    private static let removalsName = "removals"

    package func remove(_ contents: [ContentReference]) async throws(ExchangeError) {
        try await writing.run { () throws(ExchangeError) in
            try Self.remove(contents, in: self.folder, calls: self.options.calls)
        }
    }

    /// Overwrites documents' sealed bytes in a journal's folder, which may be a standby's; those that are gone already are
    /// left. Throws `.corrupted`, before anything is overwritten, where something else lies.
    package static func remove(
        _ contents: [ContentReference], in folder: DurableFolder, calls: FileCalls = .system,
    ) throws(ExchangeError) {
        var pending: [ContentReference] = []
        for reference in contents {
            let file = try DurableFile(folder.file(segmentName(reference.location.segment)), .read)
            if try isRemoved(reference, in: file) { continue }
            let place = reference.location
            let bytes = try file.read(at: place.offset, count: Int(place.length))
            guard EntrySeal.digest(of: bytes) == reference.sealedDigest else {
                throw ExchangeError(
                    .corrupted, "the bytes to be erased are not those their entry names; run `hie audit verify`",
                    at: "segment \(place.segment), offset \(place.offset), document \(reference.document)")
            }
            pending.append(reference)
        }
        guard !pending.isEmpty else { return }
        let lines = pending.map { "\($0.location.segment) \($0.location.offset) \($0.location.length)\n" }
        try folder.replace(removalsName, with: Array(lines.joined().utf8))
        try finishRemovals(folder, calls: calls)
    }

    /// Overwrites what an earlier process had begun to; nothing when it had not.
    static func finishRemovals(_ folder: DurableFolder, calls: FileCalls) throws(ExchangeError) {
        guard let list = try folder.contents(removalsName, bytesMax: 16 << 20) else { return }
        var files: [UInt32: DurableFile] = [:]
        for line in String(decoding: list, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let segment = UInt32(words[0]), let offset = UInt64(words[1]),
                let length = UInt32(words[2]), offset > EntryFrame.headerBytes, length <= EntryFrame.bodyBytesMax
            else { throw ExchangeError(.corrupted, "the list of what is being erased is damaged", at: folder.file(removalsName)) }
            if files[segment] == nil {
                files[segment] = try DurableFile(folder.file(segmentName(segment)), .update, calls: calls)
            }
            try files[segment]?.write(EntryFrame.removed(length), at: offset - UInt64(EntryFrame.headerBytes))
        }
        for segment in files.keys.sorted() { try files[segment]?.sync() }
        try folder.remove(removalsName)
        try folder.sync()
    }

    /// Whether zeros stand where a document's sealed bytes lay.
    static func isRemoved(_ reference: ContentReference, in file: DurableFile) throws(ExchangeError) -> Bool {
        let place = reference.location
        guard place.offset > EntryFrame.headerBytes, place.length <= UInt32(EntryFrame.bodyBytesMax) else { return false }
        let frame = EntryFrame.removed(place.length)
        return try file.read(at: place.offset - UInt64(EntryFrame.headerBytes), count: frame.count) == frame
    }
}
