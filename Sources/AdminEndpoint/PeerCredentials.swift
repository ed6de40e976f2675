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

/// Refuses everybody but the node's own user and root, whatever the socket's file mode says.
struct OwnerOnly: RouterMiddleware {
    typealias Context = AdminContext

    func handle(
        _ request: Request, context: AdminContext, next: (Request, AdminContext) async throws -> Response,
    ) async throws -> Response {
        // A test drives the router without a socket: no kernel to ask, and no file to have opened either.
        if let user = await context.peerUser(), user != 0, user != geteuid() {
            throw ExchangeError(.forbidden, "only the node's own user may administer it; use sudo -u")
        }
        return try await next(request, context)
    }
}
