import ExchangeCore
import Glibc

/// A folder whose entries are made durable: new names, replaced files, removed ones.
package struct DurableFolder: Sendable {
    /// Where it lies.
    package let path: String
    private let calls: FileCalls

    /// A folder that is there, or will be once `create` was called.
    package init(_ path: String, calls: FileCalls = .system) {
        self.path = path
        self.calls = calls
    }

    /// Makes the folder with mode 0700, its parent excepted; nothing when it exists. Throws `.unavailable`.
    package func create() throws(ExchangeError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileErrors.error("make", path) }
    }

    /// The path of a file in it.
    package func file(_ name: String) -> String { path + "/" + name }

    /// The names in it, sorted as bytes. Throws `.notFound` or `.unavailable`.
    package func names() throws(ExchangeError) -> [String] {
        guard let stream = opendir(path) else { throw FileErrors.error("list", path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes names durable that were added or removed. Throws `.unavailable`.
    package func sync() throws(ExchangeError) {
        let descriptor = FileErrors.retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileErrors.error("open", path) }
        defer { close(descriptor) }
        guard FileErrors.retrying({ calls.syncFolder(descriptor) }) == 0 else { throw FileErrors.error("sync", path) }
    }

    /// Removes a file; nothing when it is not there. Throws `.unavailable`.
    package func remove(_ name: String) throws(ExchangeError) {
        guard unlink(file(name)) == 0 || errno == ENOENT else { throw FileErrors.error("remove", file(name)) }
    }

    /// Whether a file of that name is there.
    func contains(_ name: String) throws(ExchangeError) -> Bool {
        var status = stat()
        if lstat(file(name), &status) == 0 { return true }
        guard errno == ENOENT else { throw FileErrors.error("look at", file(name)) }
        return false
    }

    /// Takes a file into another folder of the same disk, under its own name; neither folder is synced yet. Throws
    /// `.unavailable`.
    func move(_ name: String, to other: DurableFolder) throws(ExchangeError) {
        guard Glibc.rename(file(name), other.file(name)) == 0 else { throw FileErrors.error("move", file(name)) }
    }

    /// Gives a file its name, and makes it durable. Throws `.unavailable`.
    func rename(_ old: String, _ new: String) throws(ExchangeError) {
        guard Glibc.rename(file(old), file(new)) == 0 else { throw FileErrors.error("rename", file(old)) }
        try sync()
    }

    /// The bytes of a small file; nil when it is not there. Throws `.tooLarge` beyond `bytesMax`, or `.unavailable`.
    package func contents(_ name: String, bytesMax: Int = 1 << 20) throws(ExchangeError) -> [UInt8]? {
        do throws(ExchangeError) {
            let bytes = try DurableFile(file(name), .read).read(at: 0, count: bytesMax + 1)
            guard bytes.count <= bytesMax else {
                throw ExchangeError(.tooLarge, "file exceeds \(bytesMax) bytes", at: file(name))
            }
            return bytes
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Replaces a file so that after any crash it holds either the old bytes or the new ones, never a mixture:
    /// write beside it, sync, rename, sync the folder (security.md L17). Throws `.unavailable`.
    package func replace(_ name: String, with bytes: [UInt8]) throws(ExchangeError) {
        let temporary = name + ".new"
        try remove(temporary)
        let new = try DurableFile(file(temporary), .create, calls: calls)
        try new.write(bytes, at: 0)
        try new.sync()
        guard Glibc.rename(file(temporary), file(name)) == 0 else { throw FileErrors.error("replace", file(name)) }
        try sync()
    }

    /// Replaces a file by a copy of an open one, which may have lost its name, as `replace` does. Throws `.unavailable`.
    func replace(_ name: String, from source: DurableFile) throws(ExchangeError) {
        let temporary = name + ".new"
        try remove(temporary)
        let new = try DurableFile(file(temporary), .create, calls: calls)
        try new.allocate(try source.size())
        var offset: UInt64 = 0
        while true {
            let piece = try source.read(at: offset, count: 1 << 20)
            if piece.isEmpty { break }
            try new.write(piece, at: offset)
            offset += UInt64(piece.count)
        }
        try new.sync()
        try rename(temporary, name)
    }
}
