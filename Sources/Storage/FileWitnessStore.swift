import ExchangeCore
import Journal

/// What a node witnessed of others' logs, a small file for each, replaced as a whole and synced before it is relied on.
package struct FileWitnessStore: WitnessStore {
    private let folder: DurableFolder
    private let threads: BlockingThreads
    private static let filesMax = 20_000
    private static let bytesMax = 1 << 18

    /// The memory in a folder; made when it is not there. Throws `.unavailable`.
    package init(_ path: String) throws(ExchangeError) {
        folder = DurableFolder(path)
        try folder.create()
        threads = BlockingThreads(count: 1)
    }

    package func texts() async throws(ExchangeError) -> [String: String] {
        try await threads.run { [folder] () throws(ExchangeError) in
            var texts: [String: String] = [:]
            for name in try folder.names().prefix(Self.filesMax) where !name.hasSuffix(".new") {
                guard let bytes = try folder.contents(name, bytesMax: Self.bytesMax) else { continue }
                texts[name] = String(decoding: bytes, as: UTF8.self)
            }
            return texts
        }
    }

    package func keep(_ text: String, as name: String) async throws(ExchangeError) {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isPlain), name.utf8.first != UInt8(ascii: ".") else {
            throw ExchangeError(.internal, "a witnessed head has no name a file could bear")
        }
        try await threads.run { [folder] () throws(ExchangeError) in
            try folder.replace(name, with: Array(text.utf8))
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
