import Foundation

/// One Swift file, read once and cut into tokens.
struct SourceFile {
    /// From the top of the repository: `Sources/XML/Tree.swift`.
    let path: String
    let text: String
    let tokens: [Token]
    /// The tokens without comments.
    let code: [Token]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        tokens = SwiftTokens.read(text)
        code = tokens.filter { $0.kind != .comment && $0.kind != .documentation }
    }

    /// The folder below `Sources` or `Tests`: the module.
    var module: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var lineCount: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }
}

/// The repository this suite was built from.
enum Checkout {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let sources = swiftFiles(below: "Sources")
    static let tests = swiftFiles(below: "Tests")

    static func text(_ path: String) -> String? {
        try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    /// Every file of the repository by its path from the top; build products and git's own files left out.
    static let everyPath: [String] = {
        let skipped: Set<String> = [".git", ".build", ".venv", ".swiftpm", "__pycache__"]
        var found: [String] = []
        let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey])
        while let url = walk?.nextObject() as? URL {
            if skipped.contains(url.lastPathComponent) {
                walk?.skipDescendants()
            } else if (try? url.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true {
                found.append(String(url.path.dropFirst(root.path.count + 1)))
            }
        }
        return found.sorted()
    }()

    private static func swiftFiles(below folder: String) -> [SourceFile] {
        everyPath.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(".swift") }.compactMap { path in
            text(path).map { SourceFile(path: path, text: $0) }
        }
    }
}
