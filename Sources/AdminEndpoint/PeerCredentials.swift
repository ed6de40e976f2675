import ExchangeCore
import Glibc
import Hummingbird
import NIOCore

/// A request on the administration socket, with the connection it came over.
package struct AdminContext: RequestContext {
    /// Hummingbird's own part.
    package var coreContext: CoreRequestContextStorage
    /// The connection.
    let channel: any Channel

    /// A context of a new request.
    package init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Whom the kernel says is at the other end of the socket (SO_PEERCRED); nil when it does not say.
    func peerUser() async -> UInt32? {
        guard let options = channel as? any SocketOptionProvider else { return nil }
        let asked: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return try? await asked.map(\.user).get()
    }

    /// `struct ucred` of unix(7), which Glibc's module does not show.
    private struct Credentials: Sendable {
        let process: Int32
        let user: UInt32
        let group: UInt32
    }
}
