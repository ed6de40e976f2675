import Foundation

/// The folder of real documents and messages that lies beside a developer's checkout; absent elsewhere.
///
/// Tests that need it are `.enabled(if: SharedData.isPresent, ...)`, so that they are skipped with a word.
package enum SharedData {
    /// `../shared/data` beside the checkout, or what `HIE_SHARED_DATA` names.
    package static let root: URL = {
        if let named = ProcessInfo.processInfo.environment["HIE_SHARED_DATA"] { return URL(fileURLWithPath: named) }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data")
    }()

    /// Whether the folder is there.
    package static var isPresent: Bool { FileManager.default.fileExists(atPath: root.path) }

    /// The bytes of one file below the folder, such as `hostile/xml/xxe-file.xml`.
    package static func bytes(_ path: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: root.appendingPathComponent(path)))
    }

    /// The bytes of one file; those of a `.gz` inflated.
    package static func inflated(_ path: String) throws -> [UInt8] {
        guard path.hasSuffix(".gz") else { return try bytes(path) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", root.appendingPathComponent(path).path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        return bytes
    }

    /// Paths (relative to the folder) of the files below a subfolder, sorted.
    package static func files(_ folder: String) -> [String] {
        let base = root.appendingPathComponent(folder)
        let found = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
        return (found?.allObjects as? [URL] ?? []).filter { !$0.hasDirectoryPath }
            .map { folder + $0.path.dropFirst(base.path.count) }.sorted()
    }
}
