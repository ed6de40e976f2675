import ExchangeCore

/// Keeps a folder for one process: held as long as the value lives, released by the system when the process dies.
package final class StoreLock: Sendable {
    private let file: DurableFile

    /// Takes the lock of a folder. Throws `.conflict` when another process has it, `.notFound` when there is no folder.
    package init(folder: String) throws(ExchangeError) {
        let path = folder + "/lock"
        file = try DurableFile(path, .updateOrCreate)
        guard file.lockExclusively() else {
            throw ExchangeError(
                .conflict, "store locked by another process; is a node running on this folder?", at: path)
        }
    }

    /// Gives the folder free before the value is released.
    package func release() { file.unlock() }
}
