import ExchangeCore
import Storage

/// Files that something else takes away from a running node: noticed, and put back from what the node holds.
extension NodeStore {
    /// What is done about a file that was taken away.
    static let nextAfterLoss = "leave the node running: it writes the file anew from what it holds, and goes on by itself; "
        + "then find out what took it away"

    /// Whether a file of the store was taken away, and what it held is in this process alone.
    var isLost: Bool { keyring.isLost || store.isLost }

    /// Looks whether keyring and segments are still there; `failure` says so when they are not.
    package func watch() async {
        await store.watch()
        await keyring.watch()
    }

    /// Writes what was taken away anew; the names of the files. Throws `.unavailable` when the disk refuses.
    package func putBack() async throws(ExchangeError) -> [String] {
        var names: [String] = []
        if try await keyring.putBack() { names.append("keyring") }
        return names + (try await store.putBack())
    }
}
