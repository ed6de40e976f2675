import DocumentReview
import ExchangeCore
import FHIRModel
import JSON
import Transactions

/// ITI-106's answer as `Parameters`: the DocumentReference, the review, and who could read the document.
enum GeneratedMetadataForm {
    /// The rules that findings are coded by.
    static let rules = "https://concordat.example/fhir/CodeSystem/document-review"

    static func parameters(_ generated: GeneratedMetadata) -> Parameters {
        var parameters = Parameters([.init(name: "DocumentReference", resource: generated.reference)])
        if !generated.findings.isEmpty {
            parameters.parameters.append(
                .init(name: "outcome", resource: OperationOutcome(generated.findings.map(issue)).json))
        }
        if let id = generated.registered {
            parameters.parameters.append(
                .init("registered", "valueReference", ["reference": .string("DocumentReference/\(id)")]))
        }
        let readers = generated.readers
        parameters.parameters += readers.labels.map { .init("label", "valueCode", .string($0)) }
        parameters.parameters += readers.readers.map(reader)
        if readers.left > 0 {
            parameters.parameters.append(.init("communitiesLeft", "valueInteger", .number(String(readers.left))))
        }
        return parameters
    }

    private static func issue(_ finding: ReviewFinding) -> OperationOutcome.Issue {
        let severity: OperationOutcome.Severity =
            switch finding.grade {
            case .error: .error
            case .warning: .warning
            case .advice: .information
            }
        return .init(
            severity, finding.grade == .advice ? "informational" : "business-rule", details: finding.message,
            codings: [CodedValue(code: finding.rule.rawValue, system: rules)],
            diagnostics: finding.path + (finding.basis.map { " [\($0)]" } ?? ""))
    }

    private static func reader(_ reader: ProspectiveReaders.Reader) -> Parameters.Parameter {
        .init(
            name: "reader",
            parts: [
                .init("community", "valueUri", .string(reader.community.urn)),
                .init("name", "valueString", .string(reader.name)), .init("role", "valueCode", .string(reader.role)),
                .init("treatment", "valueBoolean", .bool(reader.isPermitted)),
                .init("emergency", "valueBoolean", .bool(reader.isPermittedInEmergency)),
            ])
    }
}
