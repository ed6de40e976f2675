import ExchangeCore
import FHIRModel
import Transactions

/// The completeness receipt as an OperationOutcome: one issue for each community (ihe.md 9.2).
enum CompletenessOutcome {
    /// What a community said, as a code; ours.
    static let answerCodes = "https://concordat.example/fhir/CodeSystem/community-answer"
    /// The extension that names an issue's community; ours.
    static let communityExtension = "https://concordat.example/fhir/StructureDefinition/community"

    /// The extension of the outcome that holds the receipt as the node signed it, a JWS as `valueString`; ours.
    static let receiptExtension = "https://concordat.example/fhir/StructureDefinition/completeness-receipt"

    /// The issues of a receipt, in its order.
    static func issues(_ receipt: CompletenessReceipt) -> [OperationOutcome.Issue] { receipt.communities.map(issue) }

    /// The issue of a parameter that this node does not know.
    static func leftOut(_ name: String) -> OperationOutcome.Issue {
        .init(
            .warning, "not-supported",
            details: "a search parameter is not known here and was left out; see metadata and the self link",
            diagnostics: name)
    }

    private static func issue(_ answer: CommunityAnswer) -> OperationOutcome.Issue {
        let (severity, code) = mapped(answer.state)
        var codings = [CodedValue(code: answer.word, system: answerCodes)]
        switch answer.state {
        case .timedOut, .unreachable, .breakerOpen:
            codings.append(CodedValue(code: "XDSUnavailableCommunity", system: OutcomeMapping.errorCodes))
        case .answered, .incomplete, .none, .denied, .ambiguous, .skipped: break
        }
        return .init(
            severity, code, details: answer.sentence, codings: codings,
            diagnostics: "elapsed=\(answer.elapsed.wholeMilliseconds)ms",
            extensions: [.init(url: communityExtension, value: .oid(answer.community.urn))])
    }

    private static func mapped(_ state: CommunityAnswer.State) -> (OperationOutcome.Severity, String) {
        switch state {
        case .answered, .none: (.information, "informational")
        case .incomplete, .timedOut, .unreachable, .breakerOpen: (.warning, "incomplete")
        case .ambiguous: (.warning, "multiple-matches")
        case .denied: (.warning, "suppressed")
        // Whoever asked ruled the community out, or it was to be asked and was not.
        case .skipped(let reason): reason.isGap ? (.warning, "incomplete") : (.information, "informational")
        }
    }
}
