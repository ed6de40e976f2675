import Glibc

/// What a process has used, from `/proc`.
struct ProcessUsage: Sendable {
    /// User and system time in seconds.
    let cpuSeconds: Double
    /// Resident memory in bytes.
    let residentBytes: Int
    /// The most resident memory it ever had, in bytes.
    let peakBytes: Int

    /// Reads a process; nil when it has ended.
    init?(of process: pid_t) {
        guard let stat = ProcFile.text("/proc/\(process)/stat"), let status = ProcFile.text("/proc/\(process)/status"),
            let close = stat.lastIndex(of: ")")
        else { return nil }
        // The command's name may hold blanks, so fields count from behind its bracket (proc(5): utime is field 14).
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        var kilobytes: [Substring: Int] = [:]
        for line in status.split(separator: "\n") {
            let parts = line.split(whereSeparator: { $0 == ":" || $0 == "\t" || $0 == " " })
            if parts.count > 1, let number = Int(parts[1]) { kilobytes[parts[0]] = number }
        }
        residentBytes = (kilobytes["VmRSS"] ?? 0) << 10
        peakBytes = (kilobytes["VmHWM"] ?? 0) << 10
    }
}

/// How much of the machine nobody used.
struct HostIdle: Sendable {
    private let all: Double
    private let idle: Double

    /// The counters now.
    init() {
        let line = ProcFile.text("/proc/stat")?.split(separator: "\n").first ?? ""
        let fields = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        all = fields.reduce(0, +)
        idle = fields.count > 3 ? fields[3] : 0
    }

    /// The idle share since an earlier reading, 0 to 1.
    func share(since earlier: HostIdle) -> Double {
        all > earlier.all ? (idle - earlier.idle) / (all - earlier.all) : 0
    }
}

/// The kernel's small text files, whose size is not known before they are read.
enum ProcFile {
    /// The file's text; nil when it cannot be read.
    static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = part.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            bytes += part.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
