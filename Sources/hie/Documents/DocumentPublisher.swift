import ExchangeCore
import FHIRModel
import JSON

/// Publishes documents at one node: a look here, ITI-106 there, then ITI-105.
struct DocumentPublisher: Sendable {
    /// What became of one document.
    enum Outcome {
        case published(String, PublishPreview?)
        /// The same document is there already, as this entry; nothing was published.
        case known(String, PublishPreview?)
        /// It could be published; nothing was.
        case looked(PublishPreview)
        case refused(String, PublishPreview?)

        var isRefused: Bool { if case .refused = self { true } else { false } }
    }

    let client: FHIRClient
    /// Nothing is published.
    var isDryRun = false
    /// Somebody has looked, and it is the right patient whatever differs.
    var isPatientConfirmed = false

    /// Publishes one document; a node that cannot be reached, or does not know us, ends the command.
    func publish(_ path: String) async throws -> Outcome {
        let findings: DocumentFindings
        do { findings = try DocumentFindings(path) } catch { return .refused(error.line, nil) }
        if let fault = findings.fault { return .refused(fault, nil) }
        do {
            let preview = try await preview(findings.bytes)
            if let refusal = preview.refusal { return .refused(refusal.message, preview) }
            if !isPatientConfirmed, let doubt = preview.wrongPatient {
                return .refused("\(doubt.message); --confirm-patient publishes it all the same", preview)
            }
            guard !isDryRun else { return .looked(preview) }
            if let id = preview.registered { return .known(id, preview) }
            var reference = preview.reference
            reference["content"] = try content(of: reference, with: findings.bytes)
            let created = try await client.post("/DocumentReference", .resource(reference), isRepeatable: false)
            guard let id = created["id"]?.string else {
                throw CommandFailure(.failed, "the node published the document and did not say its id")
            }
            return .published(id, preview)
        } catch let failure as CommandFailure {
            switch failure.status {
            case .unreachable, .unauthenticated, .refused: throw failure
            default: return .refused(failure.line, nil)
            }
        }
    }

    /// ITI-106: what the node makes of the document.
    private func preview(_ bytes: [UInt8]) async throws -> PublishPreview {
        let binary: JSONObject = [
            "resourceType": "Binary", "contentType": "text/xml", "data": .string(Base64.encode(bytes)),
        ]
        return try PublishPreview(
            await client.post(
                "/DocumentReference/$generate-metadata",
                .resource(Parameters([.init(name: "document", resource: binary)]).json)))
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
