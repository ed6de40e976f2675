import Crypto
import ExchangeCore
import JSON
import Journal
import PatientIndex

extension Exchange {
    /// ITI-20 Record Audit Event (RESTful feed): another system's event is kept as the claim of who sent it.
    ///
    /// Sealed under the key of the patient it names, where this node knows that patient; else under a key of the
    /// sending organisation, since nobody can say what stands in it. Returns the id under which it is found again.
    package func recordAuditEvent(_ event: JSONObject, for context: AccessContext) async throws(ExchangeError) -> String {
        guard context.door == .client, context.community == settings.community else {
            throw ExchangeError(.forbidden, "audit events are taken from this facility's own systems")
        }
        try Permissions.sendAudit.demand(context)
        var claim: JSONObject = [
            "user": .string(context.user), "organization": .string(context.organization),
            "trace": .string(context.traceID),
        ]
        claim["role"] = context.role.map { .string($0) }
        let payload: JSONValue = ["claim": .object(claim), "event": .object(event)]
        let receipt = try await journal.append(
            EntryDraft(
                kind: .administration, subject: try await subject(of: event, from: context),
                payload: JSONWriter.bytes(payload)))
        return "e\(receipt.position)-0"
    }

    private func subject(of event: JSONObject, from context: AccessContext) async throws(ExchangeError) -> PatientID {
        for entity in event["entity"]?.items ?? [] {
            guard let reference = entity["what"]?["reference"]?.string, let slash = reference.lastIndex(of: "/"),
                reference[..<slash].hasSuffix("Patient"), let id = PatientID(String(reference[reference.index(after: slash)...])),
                try await read({ try await projection.patient(id) }) != nil
            else { continue }
            return id
        }
        let name = Array("concordat/1/audit claims of/\(context.organization)".utf8)
        guard let handle = PatientID(bytes: Array(SHA256.hash(data: name)).prefix(16)) else {
            throw ExchangeError(.internal, "a hash has too few bytes")
        }
        return handle
    }
}
