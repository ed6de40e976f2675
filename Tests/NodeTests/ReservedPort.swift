import ExchangeCore
import Foundation

/// A loopback port that the system chose and that nobody else is given while this value lives.
///
/// Its socket is bound and never listens: a server that sets SO_REUSEADDR binds beside it, the system's own choice of
/// ports passes it by. So a node can be told its port before it starts, and find it again after it was killed.
final class ReservedPort: Sendable {
    /// The port.
    let number: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, size) == 0 ? getsockname(descriptor, address, &size) : -1
            }
        }
        guard descriptor >= 0, status == 0 else { throw ExchangeError(.unavailable, "no free port on loopback") }
        number = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
