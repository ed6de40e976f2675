import ExchangeCore
import Foundation
import Journal

/// The small files of a node in one run of bytes: path, length, bytes, one after the other.
enum FileBundle {
    private static let fileBytesMax = 64 << 20

    /// Everything below the folder but its store, its sockets and what others left there.
    static func pack(_ home: NodeHome) throws(ExchangeError) -> [UInt8] {
        var bundle: [UInt8] = []
        for path in try files(home) {
            let url = home.folder.appendingPathComponent(path)
            guard let bytes = FileManager.default.contents(atPath: url.path) else {
                throw ExchangeError(.unavailable, "cannot read the file", at: url.path)
            }
            append(path, [UInt8](bytes), to: &bundle)
        }
        return bundle
    }

    /// The files of one folder below the home; nothing where there is no such folder. One that goes meanwhile is left out.
    static func pack(_ folder: URL, of home: NodeHome) throws(ExchangeError) -> [UInt8] {
        var bundle: [UInt8] = []
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else { return bundle }
        for name in names.sorted() {
            guard let bytes = FileManager.default.contents(atPath: folder.appendingPathComponent(name).path) else { continue }
            guard bytes.count <= fileBytesMax, bundle.count + bytes.count <= folderBytesMax else {
                throw ExchangeError(.tooLarge, "the folder is too large for the backup", at: folder.path)
            }
            append(String(folder.path.dropFirst(home.folder.path.count + 1)) + "/" + name, [UInt8](bytes), to: &bundle)
        }
        return bundle
    }

    private static let folderBytesMax = 1 << 30

    static func append(_ path: String, _ bytes: [UInt8], to bundle: inout [UInt8]) {
        bundle.appendLittleEndian(UInt16(truncatingIfNeeded: path.utf8.count))
        bundle += Array(path.utf8)
        bundle.appendLittleEndian(UInt64(bytes.count))
        bundle += bytes
    }

    /// The files of a bundle. Throws `.corrupted` for what is none, and for a path that leads out of its folder.
    static func unpack(_ bundle: [UInt8]) throws(ExchangeError) -> [(path: String, bytes: [UInt8])] {
        let damage = ExchangeError(.corrupted, "the files in the backup cannot be told apart")
        var files: [(String, [UInt8])] = []
        var at = 0
        while at < bundle.count {
            guard bundle.count - at >= 2 else { throw damage }
            let length = Int(bundle.littleEndian(UInt16.self, at: at))
            guard bundle.count - at - 2 >= length + 8,
                let path = String(validating: bundle[(at + 2)..<(at + 2 + length)], as: UTF8.self)
            else { throw damage }
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { throw damage }
            at += 2 + length
            let count = bundle.littleEndian(UInt64.self, at: at)
            guard count <= UInt64(min(fileBytesMax, bundle.count - at - 8)) else { throw damage }
            at += 8
            files.append((path, Array(bundle[at..<at + Int(count)])))
            at += Int(count)
        }
        return files
    }

    /// Paths below the home, sorted: configuration, keys, certificates, clients, and whatever node.yaml may name.
    private static func files(_ home: NodeHome) throws(ExchangeError) -> [String] {
        let root = home.folder.path
        guard let walk = FileManager.default.enumerator(atPath: root) else {
            throw ExchangeError(.notFound, "there is no folder \(root)")
        }
        var found: [String] = []
        while let path = walk.nextObject() as? String {
            if path == "store" {
                walk.skipDescendants()
                continue
            }
            let attributes = try? FileManager.default.attributesOfItem(atPath: root + "/" + path)
            let size = (attributes?[.size] as? NSNumber)?.intValue ?? 0
            guard attributes?[.type] as? FileAttributeType == .typeRegular, !path.hasSuffix(".log"), size <= fileBytesMax
            else { continue }
            found.append(path)
        }
        return found.sorted()
    }
}
