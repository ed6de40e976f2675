import ExchangeCore
import NIOCore
import NIOPosix
import Synchronization
import Trust

/// Kept connections to one destination: the last used first, at the most so many, no queue.
package final class HTTPConnectionPool: Sendable {
    private struct State {
        var idle: [(connection: HTTPConnection, since: Duration)] = []
        var busy = 0
        var isClosed = false
    }

    /// Where its connections lead.
    package let destination: HTTPDestination
    private let tls: CallerTLS?
    private let uptime: @Sendable () -> Duration
    private let busyMax: Int
    private let idleMax: Duration
    private let group: any EventLoopGroup
    private let dial: DialRule?
    private let lost: @Sendable () -> Void
    private let state = Mutex(State())

    /// A pool without connections yet.
    ///
    /// - Parameters:
    ///   - uptime: the monotonic clock of deadlines (`World.uptime`).
    ///   - connectionsMax: requests under way at the same time; one more is `.unavailable` at once.
    ///   - lost: told when the other side closes a kept connection.
    ///   - idleMax: how long an unused connection is kept; shorter than servers keep theirs.
    ///   - dial: which addresses may be connected to, where somebody else has named the host.
    package init(
        destination: HTTPDestination, tls: CallerTLS? = nil, uptime: @escaping @Sendable () -> Duration,
        connectionsMax: Int = 32, idleMax: Duration = .seconds(20),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, dial: DialRule? = nil,
        lost: @escaping @Sendable () -> Void = {},
    ) {
        self.dial = dial
        self.lost = lost
        self.destination = destination
        self.tls = tls
        self.uptime = uptime
        busyMax = connectionsMax
        self.idleMax = idleMax
        self.group = group
    }

    /// Sends a request before a deadline on the monotonic clock, on a kept connection where there is one.
    ///
    /// A kept connection that turns out to be closed is replaced once, where nothing was sent or the request says that it
    /// may be repeated. Errors as `HTTPConnection.send`, and `.unavailable` when the pool is full.
    package func send(_ request: ClientRequest, deadline: Duration) async throws(ExchangeError) -> ClientResponse {
        try await exchange(request, deadline: deadline).response
    }

    func exchange(_ request: ClientRequest, deadline: Duration)
        async throws(ExchangeError) -> (response: ClientResponse, certificate: TrustedCertificate?)
    {
        try enter()
        defer { state.withLock { $0.busy -= 1 } }
        if let kept = takeIdle() {
            do {
                let response = try await kept.attempt(request, timeout: deadline - uptime())
                keep(kept)
                return (response, kept.certificate)
            } catch {
                switch error {
                case .notSent: break
                case .closed(let error): if !request.isRepeatable { throw error }
                case .failed(let error): throw error
                }
            }
        }
        let left = deadline - uptime()
        guard left > .zero else { throw ExchangeError(.timeout, "no time left to connect") }
        let fresh = try await HTTPConnection.connect(to: destination, tls: tls, timeout: left, group: group, dial: dial)
        fresh.whenClosed { [weak self] in self?.forget(fresh) }
        do {
            let response = try await fresh.attempt(request, timeout: deadline - uptime())
            keep(fresh)
            return (response, fresh.certificate)
        } catch {
            fresh.close()
            throw error.error
        }
    }

    /// Sends a request and hands its answer over while it comes, on a kept connection where there is one.
    ///
    /// The connection counts as busy until it is closed, which the end of the body does. Errors as `send`.
    func stream(_ request: ClientRequest, deadline: Duration)
        async throws(ExchangeError) -> (response: ClientStreamedResponse, certificate: TrustedCertificate?)
    {
        try enter()
        if let kept = takeIdle() {
            do {
                return (try await kept.attemptStream(request, timeout: deadline - uptime()), leave(kept).certificate)
            } catch {
                kept.close()
                switch error {
                case .notSent: break
                case .closed(let error): if !request.isRepeatable { throw left(error) }
                case .failed(let error): throw left(error)
                }
            }
        }
        let time = deadline - uptime()
        guard time > .zero else { throw left(ExchangeError(.timeout, "no time left to connect")) }
        let fresh: HTTPConnection
        do throws(ExchangeError) {
            fresh = try await HTTPConnection.connect(to: destination, tls: tls, timeout: time, group: group, dial: dial)
        } catch { throw left(error) }
        do {
            return (try await fresh.attemptStream(request, timeout: deadline - uptime()), leave(fresh).certificate)
        } catch {
            fresh.close()
            throw left(error.error)
        }
    }

    /// Counts a connection as busy until it closes.
    private func leave(_ connection: HTTPConnection) -> HTTPConnection {
        connection.whenClosed { [weak self] in self?.state.withLock { $0.busy -= 1 } }
        return connection
    }

    private func left(_ error: ExchangeError) -> ExchangeError {
        state.withLock { $0.busy -= 1 }
        return error
    }

    /// Closes every unused connection, and used ones when they are done.
    package func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for entry in idle { entry.connection.close() }
    }

    /// A connection was closed: if it was kept, not by us.
    private func forget(_ connection: HTTPConnection) {
        let wasKept = state.withLock { state in
            let before = state.idle.count
            state.idle.removeAll { $0.connection === connection }
            return state.idle.count < before
        }
        if wasKept { lost() }
    }

    private func enter() throws(ExchangeError) {
        let isFull = state.withLock { state in
            if state.busy >= busyMax { return true }
            state.busy += 1
            return false
        }
        if isFull { throw ExchangeError(.unavailable, "\(busyMax) requests to this node are under way already") }
    }

    private func takeIdle() -> HTTPConnection? {
        let now = uptime()
        var stale: [HTTPConnection] = []
        defer { for connection in stale { connection.close() } }
        return state.withLock { state in
            while let (connection, since) = state.idle.popLast() {
                if connection.isOpen, now - since <= idleMax, connection.refusal == nil { return connection }
                stale.append(connection)
            }
            return nil
        }
    }

    private func keep(_ connection: HTTPConnection) {
        let now = uptime()
        let isKept = state.withLock { state in
            guard !state.isClosed, connection.isOpen else { return false }
            state.idle.append((connection, now))
            return true
        }
        if !isKept { connection.close() }
    }
}
