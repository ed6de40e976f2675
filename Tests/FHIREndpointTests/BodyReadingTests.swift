import ExchangeCore
import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization
import Testing

@testable import FHIREndpoint

@Suite struct BodyReadingTests {
    /// Chunks that count how many were asked for, and let time pass with each.
    private final class Source: Sendable {
        let asked = Mutex(0)
        let elapsed = Mutex(Duration.zero)
        let perChunk: Duration

        init(perChunk: Duration = .zero) { self.perChunk = perChunk }

        func body(chunks: Int, of bytes: Int) -> RequestBody {
            let stream = AsyncStream<ByteBuffer> {
                let number = self.asked.withLock { asked -> Int in
                    asked += 1
                    return asked
                }
                self.elapsed.withLock { $0 += self.perChunk }
                return number > chunks ? nil : ByteBuffer(repeating: 0x20, count: bytes)
            }
            return RequestBody(asyncSequence: stream)
        }
    }

    private func request(_ body: RequestBody, length: String? = nil) -> Request {
        var headers = HTTPFields()
        headers[.contentLength] = length
        return Request(
            head: HTTPRequest(method: .post, scheme: "https", authority: "a", path: "/fhir", headerFields: headers),
            body: body)
    }

    private func limits(_ bytes: Int) -> ExchangeLimits {
        var limits = ExchangeLimits()
        limits.requestBytesMax = bytes
        return limits
    }

    private func status(_ work: () async throws(EdgeRefusal) -> [UInt8]) async -> Int {
        do {
            _ = try await work()
            return 200
        } catch {
            return OutcomeMapping.answer(to: error).status.code
        }
    }

    @Test func `a body within the limit is read whole`() async throws {
        let source = Source()
        let reading = BodyReading(limits: limits(100), uptime: { .zero })
        #expect(try await reading.read(request(source.body(chunks: 10, of: 10))).count == 100)
    }

    @Test func `T104 a body past the limit is 413 before it is read whole`() async {
        let source = Source()
        let reading = BodyReading(limits: limits(100), uptime: { .zero })
        let request = request(source.body(chunks: 1_000_000, of: 64))
        #expect(await status { () async throws(EdgeRefusal) in try await reading.read(request) } == 413)
        #expect(source.asked.withLock { $0 } == 2)
    }

    @Test func `a stated length past the limit is 413 before a byte is read`() async {
        let source = Source()
        let reading = BodyReading(limits: limits(100), uptime: { .zero })
        let request = request(source.body(chunks: 1, of: 1), length: "101")
        #expect(await status { () async throws(EdgeRefusal) in try await reading.read(request) } == 413)
        #expect(source.asked.withLock { $0 } == 0)
    }

    @Test func `T14 a body that drips is 408`() async {
        let source = Source(perChunk: .seconds(5))
        let reading = BodyReading(limits: limits(1_000_000), uptime: { source.elapsed.withLock { $0 } })
        let request = request(source.body(chunks: 1000, of: 100))
        #expect(await status { () async throws(EdgeRefusal) in try await reading.read(request) } == 408)
        #expect(source.asked.withLock { $0 } <= 8)
    }

    @Test func `a body that is slow but steady is read`() async {
        let source = Source(perChunk: .seconds(5))
        let reading = BodyReading(limits: limits(1_000_000), uptime: { source.elapsed.withLock { $0 } })
        let request = request(source.body(chunks: 100, of: 6000))
        #expect(await status { () async throws(EdgeRefusal) in try await reading.read(request) } == 200)
    }
}
