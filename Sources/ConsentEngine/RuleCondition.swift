import ExchangeCore

/// The kinds of condition a rule can have, in the order they are looked at.
enum RuleCondition: Sendable {
    case purpose, actor, classCode, typeCode, data, time, labels

    /// Why a rule with such a condition does not apply, for people.
    func reason(_ request: AccessContext, _ document: DocumentFacts) -> String {
        switch self {
        case .purpose: "the purpose is \(request.purpose ?? "not stated")"
        case .actor:
            "user \(request.user), role \(request.role ?? "none"), of \(request.organization) is none it names"
        case .classCode: "the document's class is \(document.classCode?.code ?? "not said")"
        case .typeCode: "the document's type is \(document.typeCode?.code ?? "not said")"
        case .data: "it names other documents or authors"
        case .time: "the care was given at another time"
        case .labels:
            "the document's labels are \(([document.labels.confidentiality.rawValue] + document.labels.sensitivities).joined(separator: ", "))"
        }
    }
}
