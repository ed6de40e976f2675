import ExchangeNode
import Foundation
import Testing

/// What stands between a node's process and its disk (`Tests/shims/store_shim.c`): counts, kills, and refuses.
struct StoreShim: Sendable {
    /// The built library; nil where there is no C compiler.
    static let library: String? = {
        let process = Process()
        process.executableURL = Repository.root.appendingPathComponent("Deploy/shims")
        process.arguments = [FileManager.default.temporaryDirectory.appendingPathComponent("hie-shims").path]
        let out = Pipe()
        process.standardOutput = out
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil, let bytes = try? out.fileHandleForReading.readToEnd() else { return nil }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }()

    private let folder: String
    private let faults: URL
    private let counter: URL

    /// A shim over one node's store.
    init(_ node: RunningNode) {
        folder = node.home.store.resolvingSymlinksInPath().path
        let beside = node.home.folder.deletingLastPathComponent()
        faults = beside.appendingPathComponent("\(node.name).faults")
        counter = beside.appendingPathComponent("\(node.name).count")
    }

    /// The environment of a process that is counted and can be refused.
    var environment: [String: String] {
        [
            "LD_PRELOAD": Self.library ?? "", "STORE_SHIM_FOLDER": folder, "STORE_SHIM_FAULT": faults.path,
            "STORE_SHIM_COUNT": counter.path,
        ]
    }

    /// The environment of a process that ends instead of its `call`-th change of the store.
    func killing(at call: Int, tears: Bool) -> [String: String] {
        var all = environment
        all["STORE_SHIM_KILL"] = String(call)
        if tears { all["STORE_SHIM_TEAR"] = "1" }
        return all
    }

    /// How many changes the process has made, or tried.
    var count: Int {
        let bytes = (try? Data(contentsOf: counter)).map { [UInt8]($0) } ?? []
        return bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Begins to count anew.
    func reset() { try? FileManager.default.removeItem(at: counter) }

    /// Makes calls fail from now on, such as `sync EIO`.
    func refuse(_ rules: String) throws {
        // Whole at once: the shim must not read half a rule.
        try Data((rules + "\n").utf8).write(to: faults, options: .atomic)
    }

    /// Lets every call through again.
    func relent() throws { try FileManager.default.removeItem(at: faults) }
}
