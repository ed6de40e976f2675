import ExchangeCore
import ExchangeNode
import Glibc
import Synchronization

/// A child process of the demonstration: this same program with other arguments, its words going to files.
///
/// Each is the head of a process group of its own, so that Ctrl-C at the keyboard reaches the demonstration alone,
/// which then ends its children in order.
final class DemoProcess: Sendable {
    /// How a process ended.
    enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(Int32)
    }

    let pid: pid_t
    private let known = Mutex<End?>(nil)

    private init(pid: pid_t) { self.pid = pid }

    /// Starts this program with arguments, in our own folder; what it prints is appended to two files.
    static func start(_ arguments: [String], out: String, errors: String) throws(CommandFailure) -> DemoProcess {
        var attributes = posix_spawnattr_t()
        var actions = posix_spawn_file_actions_t()
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let words = strings([executable] + arguments)
        let variables = strings(environment)
        defer { for text in words + variables { free(text) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, executable, &actions, &attributes, words, variables)
        guard failure == 0 else {
            throw CommandFailure(
                .failed, "cannot start \(executable): \(String(cString: strerror(failure)).lowercased())",
                hint: "check memory and the limit of processes")
        }
        DemoChildren.all.add(pid)
        return DemoProcess(pid: pid)
    }

    /// How it ended; nil while it runs.
    var end: End? {
        known.withLock { known in
            guard known == nil else { return known }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            DemoChildren.all.remove(pid)
            known = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .killed(status & 0x7F)
            return known
        }
    }

    /// Sends it a signal while it runs.
    func signal(_ number: Int32) {
        if end == nil { kill(pid, number) }
    }

    /// Waits for its end; nil when the time is over before.
    func ended(within limit: Duration, looking pause: Duration = .milliseconds(5)) async throws -> End? {
        let began = World.system.uptime()
        while true {
            if let end { return end }
            guard World.system.uptime() - began < limit else { return nil }
            try await World.system.sleep(pause)
        }
    }

    /// This program, under its own name where it has one still.
    static let executable: String = {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "/proc/self/exe" }
        let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return access(path, X_OK) == 0 ? path : "/proc/self/exe"
    }()

    /// Our environment without what would point the commands at somebody else's node.
    private static var environment: [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !text.hasPrefix("HIE_") { variables.append(text) }
            next += 1
        }
        return variables
    }

    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }
}

/// The children that run, where a signal handler can read them: nothing of the demonstration outlives it.
final class DemoChildren: Sendable {
    /// Those of this process.
    static let all = DemoChildren()

    private final class Slot: Sendable {
        let pid = Atomic<pid_t>(0)
    }
    private let slots = (0..<64).map { _ in Slot() }

    /// Notes a child.
    func add(_ pid: pid_t) {
        for slot in slots where slot.pid.compareExchange(expected: 0, desired: pid, ordering: .relaxed).exchanged {
            return
        }
    }

    /// Forgets a child that has ended.
    func remove(_ pid: pid_t) {
        for slot in slots where slot.pid.compareExchange(expected: pid, desired: 0, ordering: .relaxed).exchanged {
            return
        }
    }

    /// Forgets every child: they may go on without us.
    func release() { for slot in slots { slot.pid.store(0, ordering: .relaxed) } }

    /// Tells every child to stop.
    func stop() {
        for slot in slots {
            let pid = slot.pid.load(ordering: .relaxed)
            if pid > 0 { kill(pid, SIGTERM) }
        }
    }

    /// From now on children are stopped however this process ends, a reader of stdout that goes away included.
    static func watch() {
        _ = all
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in
                DemoChildren.all.stop()
                _exit(ExitStatus.interrupted.rawValue)
            }
        }
        atexit { DemoChildren.all.stop() }
    }
}
