import ExchangeCore
import Synchronization

/// Says that something long is going on, once it has taken two seconds.
final class Progress: Sendable {
    private let counted = Mutex<String>("")

    /// What has been done so far, such as `12 of 80`.
    func note(_ text: String) { counted.withLock { $0 = text } }

    /// Does the work; from the third second on, a line on stderr says what, how far and for how long.
    static func during<Value: Sendable>(
        _ deed: String, world: World, on terminal: Terminal,
        _ work: @escaping @Sendable (Progress) async throws -> Value,
    ) async throws -> Value {
        let progress = Progress()
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work(progress) }
            group.addTask {
                try? await progress.tick(deed, world: world, on: terminal)
                return nil
            }
            defer { terminal.endProgress() }
            while let next = try await group.next() {
                guard let value = next else { continue }
                group.cancelAll()
                return value
            }
            throw CancellationError()
        }
    }

    private func tick(_ deed: String, world: World, on terminal: Terminal) async throws {
        let began = world.uptime()
        try await world.sleep(.seconds(2))
        if !terminal.isErrTerminal { terminal.words("\(deed) ...") }
        while true {
            let seconds = (world.uptime() - began).components.seconds
            let detail = counted.withLock { $0 }
            terminal.progress("\(deed) ... \(detail.isEmpty ? "" : detail + ", ")\(seconds) s")
            try await world.sleep(.milliseconds(250))
        }
    }
}
