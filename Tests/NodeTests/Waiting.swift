import ExchangeCore
import ExchangeNode

/// Asks again and again, a few milliseconds apart, until something holds; throws when it does not in time.
func until(
    _ what: String, within limit: Duration = .seconds(30), _ holds: () async throws -> Bool,
) async throws {
    let end = World.system.uptime() + limit
    while try await !holds() {
        guard World.system.uptime() < end else { throw ExchangeError(.timeout, "waited \(limit) in vain: \(what)") }
        try await World.system.sleep(.milliseconds(10))
    }
}

/// How long something took.
func timing<Value>(_ work: () async throws -> Value) async rethrows -> (value: Value, took: Duration) {
    let started = World.system.uptime()
    let value = try await work()
    return (value, World.system.uptime() - started)
}

extension Duration {
    /// For lines of results.
    var milliseconds: Int64 { wholeMilliseconds }
}
