import Dispatch
import ExchangeCore
import Glibc
import NIOCore
import NIOPosix

/// Resolves a host and leaves only addresses that may be connected to. What is judged is what is connected to: a name that
/// means another address a moment later gains nothing (DNS rebinding, security.md T23).
final class GuardedResolver: Resolver, Sendable {
    /// Finds all addresses of a host; none when it has none.
    typealias Lookup = @Sendable (_ host: String) -> [IPAddress]

    /// What a host is refused with whose addresses may all not be connected to.
    static let refused = ExchangeError(
        .unavailable,
        "the host leads to an address that this node does not connect to for others; where it is yours, name it under seeds in node.yaml")

    private let loop: any EventLoop
    private let rule: DialRule
    private let lookup: Lookup

    /// A resolver for one connection.
    init(loop: any EventLoop, rule: DialRule, lookup: @escaping Lookup = GuardedResolver.system) {
        self.loop = loop
        self.rule = rule
        self.lookup = lookup
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { query(host, port, bytes: 4) }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { query(host, port, bytes: 16) }

    func cancelQueries() {}

    private func query(_ host: String, _ port: Int, bytes count: Int) -> EventLoopFuture<[SocketAddress]> {
        let promise = loop.makePromise(of: [SocketAddress].self)
        // The C library blocks while it asks; a slow name must not hold up others.
        DispatchQueue.global().async { [rule, lookup] in
            promise.completeWith(Result {
                let found = lookup(host)
                let permitted = found.filter { rule.permits($0, found: lookup) }
                if permitted.isEmpty, !found.isEmpty { throw Self.refused }
                return try permitted.filter { $0.bytes.count == count }.map { address in
                    try SocketAddress(packedIPAddress: ByteBuffer(bytes: address.bytes), port: port)
                }
            })
        }
        return promise.futureResult
    }

    /// By the C library: `/etc/hosts`, DNS, and whatever else this machine asks.
    static let system: Lookup = { host in
        if let address = IPAddress(host) { return [address] }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        return sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { entry in
            guard let raw = UnsafeRawPointer(entry?.pointee.ai_addr) else { return nil }
            switch entry?.pointee.ai_family {
            case AF_INET:
                return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { IPAddress(bytes: Array($0)) }
            case AF_INET6:
                return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { IPAddress(bytes: Array($0)) }
            default: return nil
            }
        }
    }
}
