import ExchangeCore
import FoundationEssentials
import Glibc
import Synchronization

/// A program started by the benchmark: a process of its own, so that its time and its memory are its own.
final class ChildProcess: Sendable {
    /// The process id.
    let id: pid_t
    private let status = Mutex<Int32?>(nil)

    /// Starts a program; both its outputs go to a file.
    init(_ program: String, _ arguments: [String], log: String) throws(ExchangeError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Threads of Swift's pool block most signals, and a child inherits that: it would never hear SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] =
            ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + environment { free(word) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, program, &actions, &attributes, &words, &environment)
        guard code == 0 else {
            throw ExchangeError(.unavailable, "cannot start \(program): \(String(cString: strerror(code)))")
        }
        id = child
    }

    /// Whether it has ended.
    var hasEnded: Bool { reap(WNOHANG) != nil }

    /// Sends it a signal, unless it has ended.
    func signal(_ number: Int32) {
        if !hasEnded { kill(id, number) }
    }

    /// How it ended, in words; nil while it runs.
    var ending: String? {
        reap(WNOHANG).map { status in
            status & 0x7F == 0 ? "it exited with \(status >> 8 & 0xFF)" : "signal \(status & 0x7F) ended it"
        }
    }

    /// Waits until it ends.
    func wait() { _ = reap(0) }

    private func reap(_ options: Int32) -> Int32? {
        status.withLock { status in
            if let status { return status }
            var found: Int32 = 0
            var answer: pid_t
            repeat { answer = waitpid(id, &found, options) } while answer < 0 && errno == EINTR
            if answer == id { status = found }
            if answer < 0 { status = -1 }
            return status
        }
    }
}
