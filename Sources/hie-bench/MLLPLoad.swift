import ExchangeCore
import HL7v2
import NIOCore
import NIOPosix

/// What a feed answered while it was loaded.
struct MLLPLoad: Sendable {
    /// Messages answered with AA.
    var done = 0
    /// Messages answered with anything else.
    var refused = 0
    /// The first such answer's MSA and ERR.
    var fault: String?
    /// How long it took.
    var seconds = 0.0

    /// Sends messages over so many connections, on each the next when the last is answered; patients count from `first`.
    static func run(port: Int, senders: Int, seconds: Double, first: Int) async throws -> MLLPLoad {
        let watch = Stopwatch()
        let loads = try await withThrowingTaskGroup { group in
            for sender in 0..<senders {
                group.addTask {
                    let ended = Load.eventLoops.next().makePromise(of: MLLPLoad.self)
                    do {
                        _ = try await ClientBootstrap(group: Load.eventLoops)
                            .channelInitializer { channel in
                                channel.eventLoop.makeCompletedFuture {
                                    try channel.pipeline.syncOperations.addHandler(
                                        MLLPSender(first: first + sender * 50_000, until: seconds, watch: watch, ended: ended))
                                }
                            }.connect(host: "127.0.0.1", port: port).get()
                    } catch {
                        ended.fail(error)
                    }
                    return try await ended.futureResult.get()
                }
            }
            var loads: [MLLPLoad] = []
            for try await load in group { loads.append(load) }
            return loads
        }
        var total = MLLPLoad()
        for load in loads {
            total.done += load.done
            total.refused += load.refused
            total.fault = total.fault ?? load.fault
        }
        total.seconds = watch.seconds
        return total
    }
}

/// One connection of the load: the next message goes out when the last is answered.
private final class MLLPSender: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let first: Int
    private let until: Double
    private let watch: Stopwatch
    private let ended: EventLoopPromise<MLLPLoad>
    private var decoder = MLLPDecoder()
    private var load = MLLPLoad()
    private var sent = 0

    /// Updates of each patient after its registration.
    private static let updates = 3

    init(first: Int, until: Double, watch: Stopwatch, ended: EventLoopPromise<MLLPLoad>) {
        self.first = first
        self.until = until
        self.watch = watch
        self.ended = ended
    }

    func channelActive(context: ChannelHandlerContext) { send(context) }

    func channelInactive(context: ChannelHandlerContext) { ended.succeed(load) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        load.fault = load.fault ?? "\(error)"
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for event in decoder.feed(unwrapInboundIn(data).readableBytesView) {
            guard case .message(let answer) = event else { continue }
            let text = String(decoding: answer, as: UTF8.self)
            if text.contains("\rMSA|AA|") {
                load.done += 1
            } else {
                load.refused += 1
                load.fault = load.fault ?? text.split(separator: "\r").dropFirst().joined(separator: " ")
            }
            if watch.seconds < until { send(context) } else { context.close(promise: nil) }
        }
    }

    private func send(_ context: ChannelHandlerContext) {
        let patient = first + sent / (Self.updates + 1)
        let frame = MLLPFrame.encode(IngestMessages.admission(patient, update: sent % (Self.updates + 1)))
        sent += 1
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: frame)), promise: nil)
    }
}
