import ExchangeCore
import ExchangeNode
import Glibc

/// Ports on loopback that nobody listens at.
enum DemoPorts {
    /// Below the range from which the system takes the ports of outgoing connections, so that none is taken meanwhile.
    private static let range: ClosedRange<UInt16> = 20_000...32_000

    /// As many free ports as asked for, all different.
    static func free(_ count: Int, world: World) throws(CommandFailure) -> [Int] {
        var random = world.random
        var found: [Int] = []
        for _ in 0..<1000 where found.count < count {
            let port = UInt16.random(in: range, using: &random)
            if !found.contains(Int(port)), isFree(port) { found.append(Int(port)) }
        }
        guard found.count == count else {
            throw CommandFailure(
                .failed,
                "there are no \(count) free ports on 127.0.0.1 from \(range.lowerBound) to \(range.upperBound)",
                hint: "see ss -ltn")
        }
        return found
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { return false }
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
