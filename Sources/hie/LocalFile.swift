import Glibc

/// Files named on the command line: read with a limit, written for the owner alone.
enum LocalFile {
    /// The path from the root; `~` is the shell's business.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        return String(cString: buffer) + "/" + path
    }

    /// A path named in a file, as seen from that file's folder.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : folder + "/" + path
    }

    /// Whether there is a file or folder of that name.
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The bytes of a file, or of stdin for `-`.
    static func read(_ path: String, atMost limit: Int = 64 << 20) throws(CommandFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        try pieces(path, atMost: limit) { piece throws(CommandFailure) in bytes += piece }
        return bytes
    }

    /// The bytes of a file, or of stdin for `-`, as they are read.
    static func pieces(
        _ path: String, atMost limit: Int, _ take: (ArraySlice<UInt8>) throws(CommandFailure) -> Void,
    ) throws(CommandFailure) {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw refusal("cannot read", path) }
        defer { if path != "-" { close(file) } }
        var total = 0
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw refusal("cannot read", path)
            }
            if count == 0 { return }
            total += count
            guard total <= limit else {
                throw CommandFailure(
                    .failed, "\(name(path)) is larger than \(limit) bytes", hint: "give a smaller file")
            }
            try take(chunk.prefix(count))
        }
    }

    /// The text of a file, which must be UTF-8.
    static func text(_ path: String, atMost limit: Int = 1 << 20) throws(CommandFailure) -> String {
        guard let text = String(validating: try read(path, atMost: limit), as: UTF8.self) else {
            throw CommandFailure(.failed, "\(name(path)) is not UTF-8 text")
        }
        return text
    }

    /// Writes a file of mode 0600 at once: the name never stands for half of it.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws(CommandFailure) {
        let draft = path + ".part"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw refusal("cannot write", path) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                let failure = refusal("cannot write", path)
                close(file)
                unlink(draft)
                throw failure
            }
            rest = rest.dropFirst(count)
        }
        let isWritten = fsync(file) == 0
        close(file)
        guard isWritten, rename(draft, path) == 0 else {
            let failure = refusal("cannot write", path)
            unlink(draft)
            throw failure
        }
    }

    /// Makes a folder for the owner alone; one that is there already is left as it is.
    static func makeFolder(_ path: String) throws(CommandFailure) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw refusal("cannot create", path) }
    }

    private static func name(_ path: String) -> String { path == "-" ? "stdin" : path }

    private static func refusal(_ deed: String, _ path: String) -> CommandFailure {
        let isMissing = errno == ENOENT
        let reason = String(cString: strerror(errno)).lowercased()
        return CommandFailure(
            isMissing ? .notFound : .failed, "\(deed) \(name(path)): \(reason)",
            hint: "check the path and its permissions")
    }
}
