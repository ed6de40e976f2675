import Glibc

/// How many files and sockets this process may have open.
enum FileLimit {
    /// As many as the system lets it: a connection to each of 200 endpoints, several at a time, on both sides.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
