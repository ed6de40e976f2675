import DocumentExchange
import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import Transactions
import XDSMetadata

extension FHIRService {
    /// ITI-65 Provide Document Bundle: `POST [base]` with a transaction Bundle; 200 once everything is durable.
    func provideBundle(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let limits = exchange.settings.limits
        let bundle = try await exchanged.resource(bodies, limits: limits)
        guard bundle.type == "Bundle" else {
            throw .exchange(ExchangeError(.badRequest, "send a Bundle of type transaction (ITI-65)", at: "resourceType"))
        }
        let request = try exchanged.reading { () throws(ExchangeError) in
            try ProvideDocumentBundle.read(bundle.json, limits: limits)
        }
        // A condition that was passed over would register twice what was meant once.
        guard exchanged.request.headers[.ifNoneExist] == nil else {
            throw .exchange(
                ExchangeError(.badRequest, "If-None-Exist goes with a single DocumentReference (ITI-105)", at: "If-None-Exist"))
        }
        let submission = try await asking { () throws(ExchangeError) in
            try await exchange.provideAndRegister(request, for: context)
        }
        let form: ProvideDocumentBundle.AnswerForm =
            switch Negotiation.preference("return", exchanged.request.headers) {
            case "representation": .representation(base: exchange.settings.clientBase)
            case "OperationOutcome": .outcome
            default: .minimal
            }
        let versions = await exchange.folderVersions(request, submission, for: context)
        return Answer(
            .ok, resource: ProvideDocumentBundle.answer(request, submission, form, folderTags: versions.tags),
            tickets: versions.tickets)
    }

    /// ITI-105 Simplified Publish: `POST DocumentReference` with its bytes inside; 201 once it is durable.
    func simplifiedPublish(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let limits = exchange.settings.limits
        let reference = try await exchanged.resource(bodies, limits: limits)
        guard reference.type == "DocumentReference" else {
            throw .exchange(ExchangeError(.badRequest, "send a DocumentReference (ITI-105)", at: "resourceType"))
        }
        let request = try exchanged.reading { () throws(ExchangeError) in
            try SimplifiedPublish.read(reference.json, limits: limits)
        }
        if let condition = exchanged.request.headers[.ifNoneExist] {
            return try await publishUnlessFound(condition, request, for: context, exchanged)
        }
        let submission = try await asking { () throws(ExchangeError) in
            try await exchange.provideAndRegister(request, for: context)
        }
        return try published(submission, exchanged)
    }

    /// The answer to a document published by itself.
    func published(_ submission: Submission, _ exchanged: EdgeRequest) throws(EdgeRefusal) -> Answer {
        guard let entry = submission.documents.first?.entry else {
            throw .exchange(ExchangeError(.internal, "a submission was registered without its document"))
        }
        var answer: Answer
        switch Negotiation.preferredReturn(exchanged.request.headers) {
        case .minimal: answer = Answer(empty: .created)
        case .representation:
            answer = Answer(
                .created, resource: DocumentReferenceMapping.json(entry, base: exchange.settings.clientBase))
        case .outcome: answer = Answer(.created, outcome: Self.outcome(of: submission))
        }
        answer.headers[.location] = "\(base)/DocumentReference/\(entry.id)/_history/1"
        answer.headers[.eTag] = "W/\"1\""
        return answer
    }

    /// What was accepted in part, or that all is well.
    private static func outcome(of submission: Submission) -> OperationOutcome {
        guard !submission.warnings.isEmpty else {
            return OperationOutcome([.init(.information, "informational", details: "published")])
        }
        return OperationOutcome(
            submission.warnings.map { warning in
                let word = warning.split(separator: ":").first.map(String.init)
                return .init(
                    .warning, "incomplete", details: warning,
                    codings: word.map { [CodedValue(code: $0, system: OutcomeMapping.errorCodes)] } ?? [])
            })
    }

    /// ITI-106 Generate Metadata: `POST DocumentReference/$generate-metadata` with a Binary; nothing is stored.
    ///
    /// The generated DocumentReference comes as the parameter `DocumentReference`, the review as `outcome`, and who could
    /// read the document as one `reader` for each role at each community.
    func generateMetadata(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let resource = try await exchanged.resource(bodies, limits: exchange.settings.limits)
        guard let binary = Parameters(json: resource.json)?.parameter(named: "document")?.resource else {
            throw .exchange(
                ExchangeError(.badRequest, "send Parameters with a document (ITI-106)", at: "Parameters.parameter"))
        }
        guard binary["resourceType"]?.string == "Binary" else {
            throw .exchange(
                ExchangeError(
                    .badRequest, "FHIRDocumentNotSupported: metadata is generated from a Binary",
                    at: "Parameters.parameter.resource"))
        }
        guard let bytes = binary["data"]?.string.flatMap({ Base64.decode($0) }) else {
            throw .exchange(
                ExchangeError(.badRequest, "the Binary needs its data in base64", at: "Parameters.parameter.resource"))
        }
        let generated = try await asking { () throws(ExchangeError) in
            try await exchange.generateMetadata(bytes, for: context)
        }
        var answer = Answer(.ok, resource: GeneratedMetadataForm.parameters(generated).json)
        answer.tickets = [generated.ticket]
        return answer
    }
}
