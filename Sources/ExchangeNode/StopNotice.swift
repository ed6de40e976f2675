import ServiceLifecycle
import Synchronization

/// Hears that the node goes down, before its listeners do: services end in the reverse of their order, and it is the last.
final class StopNotice: Service {
    private let heard = Atomic(false)

    /// True from the moment on that the node was told to stop.
    var isHeard: Bool { heard.load(ordering: .relaxed) }

    func run() async throws {
        try? await gracefulShutdown()
        heard.store(true, ordering: .relaxed)
    }
}
