import ExchangeCore
import HTTPTypes
import HummingbirdCore
import NIOCore

/// A request's body, read against a limit and a minimum speed (security.md T14, T104).
struct BodyReading: Sendable {
    /// Bytes at the most; one more is 413, before the rest is read.
    let bytesMax: Int
    /// Seconds before the speed counts.
    let graceSeconds: Int
    /// Bytes a second at the least, on average.
    let bytesPerSecondMin = 1024
    /// The monotonic clock.
    let uptime: @Sendable () -> Duration

    /// Limits of a node; a route that needs less may set its own.
    init(limits: ExchangeLimits, bytesMax: Int? = nil, uptime: @escaping @Sendable () -> Duration) {
        self.bytesMax = min(bytesMax ?? limits.requestBytesMax, limits.requestBytesMax)
        graceSeconds = limits.idleSecondsMax
        self.uptime = uptime
    }

    /// Refuses by `Content-Length` alone what is too large, before a byte of it is read.
    func demandLength(_ headers: HTTPFields) throws(EdgeRefusal) {
        guard let text = headers[.contentLength], let length = Int(text), length > bytesMax else { return }
        throw .bodyTooLarge(bytesMax)
    }

    /// Whether a request announces a body that is not worth reading for the sake of the next request.
    static func isLong(_ headers: HTTPFields) -> Bool {
        if headers[.transferEncoding] != nil { return true }
        return headers[.contentLength].flatMap { Int($0) }.map { $0 > 64 * 1024 } ?? false
    }

    /// The whole body.
    func read(_ request: Request) async throws(EdgeRefusal) -> [UInt8] {
        try demandLength(request.headers)
        var bytes: [UInt8] = []
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > 0 {
            bytes.reserveCapacity(min(length, 1024 * 1024))
        }
        let started = uptime()
        var iterator = request.body.makeAsyncIterator()
        while let chunk = try await next(&iterator) {
            guard bytes.count + chunk.readableBytes <= bytesMax else { throw .bodyTooLarge(bytesMax) }
            bytes.append(contentsOf: chunk.readableBytesView)
            let seconds = Int(clamping: (uptime() - started).components.seconds)
            if seconds > graceSeconds, bytes.count / seconds < bytesPerSecondMin { throw .slowBody }
        }
        return bytes
    }

    private func next(_ iterator: inout RequestBody.AsyncIterator) async throws(EdgeRefusal) -> ByteBuffer? {
        do {
            return try await iterator.next()
        } catch {
            throw .exchange(ExchangeError(.badRequest, "the request body ended early"))
        }
    }
}
