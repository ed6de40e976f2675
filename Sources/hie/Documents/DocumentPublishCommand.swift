import ArgumentParser
import ExchangeCore
import ExchangeNode
import FHIRModel
import JSON

/// `hie document publish`.
struct DocumentPublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish C-CDA documents at a node (ITI-106, then ITI-105).",
        discussion: """
            Each document is looked at here first (hie document check), the node derives its \
            metadata, and it is published: acknowledged means durable. A folder stands for \
            the .xml files in it. Exits 1 when any was refused; the others are published.

            EXAMPLE
              hie document publish --as ./registry-feed discharge.xml
              hie document publish --as ./registry-feed ./outbox --json > report.jsonl
            """)

    @Argument(help: "Files or folders; - reads stdin.") var files: [String]
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    /// What became of one document.
    private enum Outcome {
        case published(String)
        case refused(String)
    }

    func run() async throws {
        let terminal = Terminal()
        let paths = try DocumentFiles.paths(files)
        let client = try FHIRClient(server)
        let began = World.system.uptime()
        var refused = 0
        for (index, path) in paths.enumerated() {
            if World.system.uptime() - began > .seconds(2) {
                terminal.progress("publishing \(index + 1) of \(paths.count)")
            }
            let outcome = try await publish(path, to: client)
            terminal.endProgress()
            if case .refused = outcome { refused += 1 }
            show(path, outcome, on: terminal)
        }
        let published = paths.count - refused
        terminal.words("\(Words.count(published, "document")) published, \(refused) refused")
        if refused > 0 { throw ExitStatus.failed.exit }
    }

    private func show(_ path: String, _ outcome: Outcome, on terminal: Terminal) {
        switch (outcome, output.json) {
        case (.published(let id), true):
            terminal.resultLine(["file": .string(path), "published": true, "id": .string(id)])
        case (.refused(let reason), true):
            terminal.resultLine(["file": .string(path), "published": false, "reason": .string(reason)])
        case (.published(let id), false): terminal.result("\(path): published \(id)", .good)
        case (.refused(let reason), false): terminal.result("\(path): refused: \(reason)", .bad)
        }
    }

    /// Publishes one document; a node that cannot be reached, or does not know us, ends the command.
    private func publish(_ path: String, to client: FHIRClient) async throws -> Outcome {
        let findings: DocumentFindings
        do { findings = try DocumentFindings(path) } catch { return .refused(error.line) }
        if let fault = findings.fault { return .refused(fault) }
        do {
            var reference = try await metadata(of: findings.bytes, from: client)
            reference["content"] = try content(of: reference, with: findings.bytes)
            let created = try await client.post("/DocumentReference", .resource(reference), isRepeatable: false)
            guard let id = created["id"]?.string else {
                throw CommandFailure(.failed, "the node published the document and did not say its id")
            }
            return .published(id)
        } catch let failure as CommandFailure {
            switch failure.status {
            case .unreachable, .unauthenticated, .refused: throw failure
            default: return .refused(failure.line)
            }
        }
    }

    /// ITI-106: what the node makes of the document.
    private func metadata(of bytes: [UInt8], from client: FHIRClient) async throws -> JSONObject {
        let binary: JSONObject = [
            "resourceType": "Binary", "contentType": "text/xml", "data": .string(Base64.encode(bytes)),
        ]
        let answer = try await client.post(
            "/DocumentReference/$generate-metadata",
            .resource(Parameters([.init(name: "document", resource: binary)]).json))
        if answer["resourceType"]?.string == "DocumentReference" { return answer }
        let candidates = Parameters(json: answer)?.parameters.compactMap(\.resource) ?? []
        guard let reference = candidates.first(where: { $0["resourceType"]?.string == "DocumentReference" }) else {
            throw CommandFailure(.failed, "the node derived no metadata")
        }
        return reference
    }

    /// ITI-105: the metadata's content with the document itself in it.
    private func content(of reference: JSONObject, with bytes: [UInt8]) throws -> JSONValue {
        guard case .array(var items) = reference["content"], var first = items.first?.object,
            var attachment = first["attachment"]?.object
        else { throw CommandFailure(.failed, "the node's metadata has no attachment") }
        attachment["url"] = nil
        attachment["data"] = .string(Base64.encode(bytes))
        first["attachment"] = .object(attachment)
        items[0] = .object(first)
        return .array(items)
    }
}
