import ExchangeCore
import Foundation
import Glibc
import Logging
import ServiceLifecycle

/// Tells systemd when the node serves, that it still answers, and that it goes down (`sd_notify(3)`, `Type=notify`).
///
/// Does nothing where `NOTIFY_SOCKET` is not set, so outside systemd.
struct SystemdNotice: Service {
    let world: World
    /// Whether every listener is bound.
    let isBound: @Sendable () -> Bool
    let socket: String?
    /// Half of the time systemd waits for a word; nil when it does not watch. The word comes from where requests are answered:
    /// when those threads are stuck, it stays away.
    let watchdogInterval: Duration?

    init(world: World, environment: [String: String], isBound: @escaping @Sendable () -> Bool) {
        self.world = world
        self.isBound = isBound
        socket = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        watchdogInterval = environment["WATCHDOG_USEC"].flatMap(Int64.init).flatMap { $0 > 0 ? .microseconds($0 / 2) : nil }
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while !isBound() { try await world.sleep(.milliseconds(20)) }
                tell("READY=1")
                while true {
                    try await world.sleep(watchdogInterval ?? .seconds(3600))
                    if watchdogInterval != nil { tell("WATCHDOG=1") }
                }
            }
        } catch is CancellationError {
            tell("STOPPING=1")
        }
    }

    /// Sends one datagram; a supervisor that has gone is no reason to stop.
    private func tell(_ words: String) {
        guard let socket else { return }
        let file = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard file >= 0 else { return }
        defer { close(file) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socket.utf8)
        // A name that begins with "@" lies in the abstract namespace, where that place holds a zero (unix(7)).
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(words.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(file, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
