import ExchangeCore
import NIOCore
import Synchronization
import Testing
import Trust

@testable import PeerTransport

@Suite struct HTTPConnectionTests {
    let scene: TransportScene

    init() throws { scene = try TransportScene() }

    private func echo(_ request: SeenRequest) -> CannedAnswer {
        .answer(200, headers: [("X-Method", request.method)], body: request.body)
    }

    @Test func `requests follow each other on one connection, in clear and over mutual TLS`() async throws {
        for isSecret in [false, true] {
            let server = try await LoopbackServer.start(tls: isSecret ? scene.peerListener() : nil, echo)
            let connection = try await HTTPConnection.connect(
                to: server.destination, tls: isSecret ? scene.caller(scene.westNode, .peer(scene.east)) : nil)
            for size in [0, 1, 8192, 1 << 20] {
                let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                let response = try await connection.send(
                    ClientRequest(.post, "/echo?\(size)", headers: [("X-A", "b")], body: body), timeout: .seconds(20))
                #expect(response.status == 200)
                #expect(response.body == body)
                #expect(response.header("x-method") == "POST")
            }
            #expect(server.connections.withLock { $0 } == 1)
            let seen = server.seen.withLock { $0 }
            #expect(seen.map(\.target) == ["/echo?0", "/echo?1", "/echo?8192", "/echo?1048576"])
            #expect(seen.first?.header("Host") == "127.0.0.1:\(server.port)")
            #expect(seen.first?.header("Content-Length") == "0")
            #expect(connection.certificate?.community == (isSecret ? scene.east : nil))
            connection.close()
            try await server.stop()
        }
    }

    @Test func `chunked answers and HEAD are read rightly`() async throws {
        let server = try await LoopbackServer.start { request in
            request.method == "HEAD"
                ? .answer(200, headers: [("X-Length", "5")]) : .chunked([[1, 2], [3], [UInt8](repeating: 4, count: 9000)])
        }
        let connection = try await HTTPConnection.connect(to: server.destination)
        let head = try await connection.send(ClientRequest(.head, "/"), timeout: .seconds(5))
        #expect(head.body.isEmpty)
        let chunked = try await connection.send(ClientRequest(.get, "/"), timeout: .seconds(5))
        #expect(chunked.body.count == 9003)
        connection.close()
        try await server.stop()
    }

    @Test func `T13 an answer that does not come in time is given up, and the connection with it`() async throws {
        let server = try await LoopbackServer.start { _ in .silence }
        let connection = try await HTTPConnection.connect(to: server.destination)
        await #expect(throws: ExchangeError(.timeout, "")) {
            try await connection.send(ClientRequest(.get, "/"), timeout: .milliseconds(50))
        }
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await connection.send(ClientRequest(.get, "/"), timeout: .seconds(5))
        }
        await #expect(throws: ExchangeError(.timeout, "")) {
            try await connection.send(ClientRequest(.get, "/"), timeout: .zero)
        }
        try await server.stop()
    }

    @Test func `T12 an answer larger than asked for is cut at the limit`() async throws {
        let server = try await LoopbackServer.start { request in
            request.target == "/headers"
                ? .answer(200, headers: (0..<64).map { ("X-\($0)", String(repeating: "h", count: 1100)) })
                : .answer(200, body: [UInt8](repeating: 7, count: 100_001))
        }
        for target in ["/body", "/headers"] {
            let connection = try await HTTPConnection.connect(to: server.destination)
            let error = await #expect(throws: ExchangeError.self) {
                try await connection.send(
                    ClientRequest(.get, target, responseBytesMax: 100_000), timeout: .seconds(5))
            }
            #expect(error?.code == .tooLarge || error?.code == .badRequest, "\(target)")
        }
        let connection = try await HTTPConnection.connect(to: server.destination)
        let response = try await connection.send(
            ClientRequest(.get, "/", responseBytesMax: 100_001), timeout: .seconds(5))
        #expect(response.body.count == 100_001)
        try await server.stop()
    }

    @Test func `a connection that breaks before or within an answer is unavailable`() async throws {
        let server = try await LoopbackServer.start { _ in .hangUp }
        let connection = try await HTTPConnection.connect(to: server.destination)
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await connection.send(ClientRequest(.get, "/"), timeout: .seconds(5))
        }
        try await server.stop()
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await HTTPConnection.connect(to: server.destination)
        }
    }

    @Test func `a request that is given up ends by itself, not by the other side's goodbye`() async throws {
        let server = try await LoopbackServer.start(tls: scene.peerListener()) { _ in .silence }
        let connection = try await HTTPConnection.connect(
            to: server.destination, tls: scene.caller(scene.westNode, .peer(scene.east)))
        let error = await withTaskGroup(of: ExchangeError?.self) { group in
            group.addTask {
                do throws(ExchangeError) {
                    _ = try await connection.send(ClientRequest(.get, "/silence"), timeout: .seconds(60))
                    return nil
                } catch { return error }
            }
            while server.seen.withLock({ $0.isEmpty }) { await Task.yield() }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error?.message == "nobody waits for the answer any more")
        try await server.stop()
    }

    @Test func `a cancelled request ends at once and closes its connection`() async throws {
        let server = try await LoopbackServer.start { _ in .silence }
        let connection = try await HTTPConnection.connect(to: server.destination)
        let result = await withTaskGroup(of: ExchangeError.Code?.self) { group in
            group.addTask {
                do {
                    _ = try await connection.send(ClientRequest(.get, "/"), timeout: .seconds(60))
                    return nil
                } catch { return (error as? ExchangeError)?.code }
            }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(result == .unavailable)
        try await server.stop()
    }

    @Test(arguments: ["", "x", "/a b", "/a\r\nX: y", "/\u{0}", "/ä"])
    func `T107 what cannot be said in HTTP is not sent`(target: String) async throws {
        let server = try await LoopbackServer.start { _ in .answer(200) }
        let connection = try await HTTPConnection.connect(to: server.destination)
        await #expect(throws: ExchangeError(.badRequest, "")) {
            try await connection.send(ClientRequest(.get, target), timeout: .seconds(5))
        }
        for header in [("A", "b\r\nC: d"), ("A\r\nB", "c"), ("", "x"), ("A:", "x"), ("A", "\u{0}")] {
            await #expect(throws: ExchangeError(.badRequest, "")) {
                try await connection.send(ClientRequest(.get, "/", headers: [header]), timeout: .seconds(5))
            }
        }
        #expect(server.seen.withLock { $0 }.isEmpty)
        connection.close()
        try await server.stop()
    }

    @Test func `a large answer can be read while it comes`() async throws {
        let parts = (0..<200).map { [UInt8](repeating: UInt8($0), count: 10_000) }
        let server = try await LoopbackServer.start { _ in .chunked(parts) }
        let connection = try await HTTPConnection.connect(to: server.destination)
        let answer = try await connection.stream(ClientRequest(.get, "/"), timeout: .seconds(20))
        #expect(answer.head.status == 200)
        var count = 0
        for try await part in answer.body { count += part.readableBytes }
        #expect(count == 2_000_000)
        let limited = try await HTTPConnection.connect(to: server.destination)
        let cut = try await limited.stream(ClientRequest(.get, "/", responseBytesMax: 500_000), timeout: .seconds(20))
        await #expect(throws: ExchangeError(.tooLarge, "")) {
            for try await _ in cut.body {}
        }
        try await server.stop()
    }

    @Test func `a pool keeps connections, replaces closed ones, and refuses beyond its limit`() async throws {
        let server = try await LoopbackServer.start { request in
            switch request.target {
            case "/close": .answer(200, headers: [("Connection", "close")])
            case "/silence": .silence
            default: .answer(200)
            }
        }
        let uptime = scene.world.uptime
        let pool = HTTPConnectionPool(destination: server.destination, uptime: uptime, connectionsMax: 2)
        for target in ["/", "/", "/close", "/", "/"] {
            #expect(try await pool.send(ClientRequest(.get, target), deadline: uptime() + .seconds(5)).status == 200)
        }
        #expect(server.connections.withLock { $0 } == 2)
        let late = ClientRequest(.get, "/")
        await #expect(throws: ExchangeError(.timeout, "")) { try await pool.send(late, deadline: uptime()) }
        await withTaskGroup(of: ExchangeError.Code?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do {
                        _ = try await pool.send(ClientRequest(.get, "/silence"), deadline: uptime() + .milliseconds(300))
                        return nil
                    } catch { return (error as? ExchangeError)?.code }
                }
            }
            var codes: [ExchangeError.Code?] = []
            for await code in group { codes.append(code) }
            #expect(codes.filter { $0 == .unavailable }.count == 1)
            #expect(codes.filter { $0 == .timeout }.count == 2)
        }
        pool.close()
        try await server.stop()
    }
}
