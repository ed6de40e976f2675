import Crypto
import ExchangeCore
import Terminology

/// The releases of code systems that were imported: one file each (`CodeTable`), versions side by side.
///
/// A file is replaced as a whole; who has the old one open goes on with it.
package struct TerminologyFolder: Sendable {
    private let folder: DurableFolder

    /// Where it lies.
    package var path: String { folder.path }

    /// A folder that need not be there yet.
    package init(_ path: String) { folder = DurableFolder(path) }

    private static let ending = ".codes"

    /// Every release; none where nothing was ever imported. Throws `.corrupted` naming the file that is damaged.
    package func releases() throws(ExchangeError) -> TerminologyReleases {
        var tables: [CodeTable] = []
        for name in try names() {
            do throws(ExchangeError) {
                tables.append(try CodeTable(MappedCodeTableStore(folder.file(name))))
            } catch {
                throw ExchangeError(error.code, error.message, at: folder.file(name))
            }
        }
        return TerminologyReleases(tables)
    }

    /// Adds a release, or the same again; whole or not at all.
    ///
    /// Throws `.conflict` when the system has a release of that version with other content, unless it is to be replaced;
    /// `.badRequest` for a version that makes no file name.
    package func add(_ concepts: [Concept], label: ReleaseLabel, replacing: Bool = false) throws(ExchangeError) {
        let name = try Self.name(label)
        let bytes = try CodeTableWriter.bytes(concepts, label: label)
        try folder.create()
        if !replacing, try folder.contains(name) {
            let present = try? CodeTable(MappedCodeTableStore(folder.file(name)))
            guard present?.label == label else {
                throw ExchangeError(
                    .conflict, "\(label.title) \(label.version) is here already, from another file or for other days; "
                        + "replace it (--replace), or give the release another name")
            }
        }
        try folder.replace(name, with: bytes)
    }

    private func names() throws(ExchangeError) -> [String] {
        do throws(ExchangeError) {
            return try folder.names().filter { $0.hasSuffix(Self.ending) }
        } catch where error.code == .notFound {
            return []
        }
    }

    private static func name(_ label: ReleaseLabel) throws(ExchangeError) -> String {
        let isPlain = label.version.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || "-._".utf8.contains($0)
        }
        guard isPlain, label.version.utf8.count <= 64 else {
            throw ExchangeError(.badRequest, "a release's name has at most 64 letters, digits, '.', '-' and '_'")
        }
        let system = CodeSystem(uri: label.system)?.rawValue
            ?? Hexadecimal.encode(Array(SHA256.hash(data: Array(label.system.utf8)).prefix(8)))
        return system + "@" + label.version + ending
    }
}
