import ExchangeCore
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// What a caller got of one answer.
struct Received: Sendable {
    /// 0 when nothing came.
    var status = 0
    /// In the order they were sent.
    var headers: [String] = []
    var body: [UInt8] = []
    /// Whether its end came.
    var isWhole = false
    /// From the request to its end, in virtual time.
    var duration = Duration.zero
}

/// How a caller reads: in how many pieces a write leaves, and how long each takes.
struct Pace: Sendable {
    let pieces: ClosedRange<Int>
    let microseconds: ClosedRange<Int>

    /// As fast as a network is.
    static let brisk = Pace(pieces: 1...3, microseconds: 5...2000)
    /// So slow that a revocation does not wait for it.
    static let stalled = Pace(pieces: 1...3, microseconds: 5...5_000_000)
    /// Steadily a little, for longer than a revocation waits.
    static let trickling = Pace(pieces: 40...80, microseconds: 5...120_000)
}

/// The end of a simulated connection where a kernel takes bytes: at its own pace, piece by piece, until it is closed.
///
/// As on a real socket, a write is done when its last byte was taken, and what waits when the channel closes is gone.
final class SlowKernel: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = HTTPResponsePart

    /// What was flushed together.
    struct Group: Sendable {
        let parts: [HTTPResponsePart]
        let promises: [EventLoopPromise<Void>]
    }

    private struct State {
        var written: [(HTTPResponsePart, EventLoopPromise<Void>?)] = []
        var outstanding: [EventLoopPromise<Void>] = []
        var isClosed = false
        var received = Received()
    }

    private let groups: AsyncStream<Group>
    private let hand: AsyncStream<Group>.Continuation
    private let state = Mutex(State())

    /// A connection on which nothing was sent yet.
    init() { (groups, hand) = AsyncStream.makeStream() }

    /// What has been taken until now.
    var received: Received { state.withLock { $0.received } }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        state.withLock { $0.written.append((part, promise)) }
    }

    func flush(context: ChannelHandlerContext) {
        let group: Group? = state.withLock { state in
            guard !state.isClosed, !state.written.isEmpty else { return nil }
            let group = Group(parts: state.written.map(\.0), promises: state.written.compactMap(\.1))
            state.outstanding += group.promises
            state.written = []
            return group
        }
        if let group { hand.yield(group) } else { dropWritten() }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        let lost = state.withLock { state in
            state.isClosed = true
            defer { state.outstanding = [] }
            return state.outstanding
        }
        for promise in lost { promise.fail(ChannelError.ioOnClosedChannel) }
        dropWritten()
        hand.finish()
        context.close(mode: mode, promise: promise)
    }

    private func dropWritten() {
        let lost = state.withLock { state in
            defer { state.written = [] }
            return state.written.compactMap(\.1)
        }
        for promise in lost { promise.fail(ChannelError.ioOnClosedChannel) }
    }

    /// Nothing more will be written.
    func finish() { hand.finish() }

    /// Takes what is flushed until the connection ends.
    ///
    /// - Parameter leaving: called at the moment a piece has left, with all that was flushed with it.
    func take(world: World, pace: Pace, leaving: @Sendable (Group) -> Void) async {
        var random = world.random
        for await group in groups {
            for _ in 0..<Int.random(in: pace.pieces, using: &random) {
                try? await world.sleep(.microseconds(Int.random(in: pace.microseconds, using: &random)))
                guard !state.withLock(\.isClosed) else { return }
                leaving(group)
            }
            let done = state.withLock { state in
                for part in group.parts { state.received.add(part) }
                let done = state.outstanding.prefix(group.promises.count)
                state.outstanding.removeFirst(done.count)
                return Array(done)
            }
            for promise in done { promise.succeed() }
        }
    }
}

extension Received {
    fileprivate mutating func add(_ part: HTTPResponsePart) {
        switch part {
        case .head(let head):
            status = head.status.code
            headers = head.headerFields.map { "\($0.name.canonicalName): \($0.value)" }
        case .body(let bytes): body += bytes.readableBytesView
        case .end: isWhole = true
        }
    }
}
