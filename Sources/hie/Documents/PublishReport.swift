import Crypto
import ExchangeCore
import FHIRModel
import Foundation
import JSON

/// What became of one document, as a publisher reads it.
struct PublishedFile: Sendable {
    let path: String
    /// SHA-256 of the file as it was, in hexadecimal; nil when it could not be read.
    let digest: String?
    let outcome: DocumentPublisher.Outcome

    /// One line of JSON, or words for people.
    func show(on terminal: Terminal, asJSON: Bool) {
        if asJSON { return terminal.resultLine(.object(json)) }
        switch outcome {
        case .published(let id, let preview):
            terminal.result("\(path): published \(id)", .good)
            for finding in preview?.findings ?? [] where finding.severity != .information && finding.rule == "patient" {
                terminal.result("  \(finding.severity.rawValue)  \(finding.path): \(finding.message)", .doubtful)
            }
        case .known(let id, _): terminal.result("\(path): there already as \(id)", .quiet)
        case .looked(let preview):
            terminal.result("\(path): could be published", .good)
            preview.show(on: terminal)
        case .refused(let reason, let preview):
            terminal.result("\(path): refused: \(reason)", .bad)
            for finding in preview?.findings ?? [] where finding.severity == .error {
                terminal.result("  error  \(finding.path): \(finding.message)", .bad)
            }
        }
    }

    var json: JSONObject {
        var object: JSONObject = ["file": .string(path)]
        object["sha256"] = digest.map { .string($0) }
        switch outcome {
        case .published(let id, let preview):
            object["published"] = true
            object["id"] = .string(id)
            if let preview { object["findings"] = .array(preview.findings.map(\.json)) }
        case .known(let id, _):
            object["published"] = true
            object["known"] = true
            object["id"] = .string(id)
        case .looked(let preview):
            object["published"] = false
            object["publishable"] = true
            for member in preview.json.members { object[member.name] = member.value }
        case .refused(let reason, let preview):
            object["published"] = false
            object["reason"] = .string(reason)
            if let preview { object["findings"] = .array(preview.findings.map(\.json)) }
        }
        return object
    }
}

/// A file of JSON lines that a run writes and the next run goes on from: what was published is not looked at again.
final class PublishJournal {
    private let file: FileHandle
    private var done: [String: String]

    /// Opens a report, made when it is not there. A last line that was cut off is left out.
    init(_ path: String) throws(CommandFailure) {
        done = [:]
        if LocalFile.exists(path) {
            for line in try LocalFile.read(path, atMost: 1 << 30).split(separator: 0x0A) {
                guard let json = try? JSONReader.read(Array(line)), json["published"] == true,
                    let name = json["file"]?.string, let digest = json["sha256"]?.string
                else { continue }
                done[name] = digest
            }
        } else {
            try LocalFile.write([], to: path)
        }
        guard let file = FileHandle(forWritingAtPath: path), let end = try? file.seekToEnd() else {
            throw CommandFailure(.failed, "cannot write the report \(path)", hint: "check its permissions")
        }
        self.file = file
        // A line that was cut off must not run into the next one.
        if end > 0 { try? file.write(contentsOf: Data([0x0A])) }
    }

    /// Whether a file was published just so.
    func has(_ path: String, _ digest: String) -> Bool { done[path] == digest }

    /// Writes down what became of a file.
    func add(_ published: PublishedFile) throws(CommandFailure) {
        do {
            try file.write(contentsOf: Data(JSONWriter.bytes(.object(published.json)) + [0x0A]))
        } catch {
            throw CommandFailure(.failed, "the report cannot be written", hint: "make room, then run the command again")
        }
        switch published.outcome {
        case .published, .known: if let digest = published.digest { done[published.path] = digest }
        case .looked, .refused: break
        }
    }

    /// The digest a report has for a file's bytes.
    static func digest(_ bytes: [UInt8]) -> String { Hexadecimal.encode(Array(SHA256.hash(data: bytes))) }
}
