import CDA
import ExchangeCore
import Foundation
import XML

/// The documents a command was given: files, and the XML files below folders, in order of their names.
enum DocumentFiles {
    /// The most files one command takes.
    static let countMax = 100_000

    /// Every file that is meant; `-` is stdin.
    static func paths(_ arguments: [String]) throws(CommandFailure) -> [String] {
        var paths: [String] = []
        for argument in arguments {
            var isFolder = false
            if argument != "-", FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder), isFolder {
                let folder = URL(fileURLWithPath: argument).resolvingSymlinksInPath().path
                guard let below = try? FileManager.default.subpathsOfDirectory(atPath: folder) else {
                    throw CommandFailure(.failed, "cannot read the folder \(argument)", hint: "check its permissions")
                }
                paths += below.filter { $0.lowercased().hasSuffix(".xml") }.sorted().map { argument + "/" + $0 }
            } else {
                paths.append(argument)
            }
        }
        guard !paths.isEmpty else { throw CommandFailure(.notFound, "there is no .xml file there", hint: "name files") }
        guard paths.count <= countMax else {
            throw CommandFailure(.failed, "more than \(countMax) files at once", hint: "give fewer")
        }
        return paths
    }
}

/// What a local look at one document found.
struct DocumentFindings: Sendable {
    /// The bytes as they are.
    let bytes: [UInt8]
    /// The document; nil when it cannot be read as one.
    let document: ClinicalDocument?
    /// Its root element, for who looks beyond the header.
    let root: XMLElement?
    /// Why it cannot be read; nil when it can.
    let refusal: ExchangeError?

    /// Reads one file; only a file that cannot be opened throws.
    init(_ path: String) throws(CommandFailure) {
        let limits = ExchangeLimits()
        bytes = try LocalFile.read(path, atMost: limits.documentBytesMax)
        do {
            let read = try ClinicalDocument.root(bytes, limits: XMLLimits())
            document = try ClinicalDocument.read(read)
            root = read
            refusal = nil
        } catch {
            document = nil
            root = nil
            refusal = error
        }
    }

    /// What is missing or doubtful.
    var problems: [Problem] { document?.problems ?? [] }

    /// Why the document cannot be published; nil when it can.
    var fault: String? {
        refusal?.description ?? problems.first { $0.severity == .error }.map { "\($0.message) (\($0.path))" }
    }
}
