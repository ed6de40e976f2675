import FHIRModel
import Transactions

/// The facility's word that lists may be incomplete by consent: a setting, and the same in every list to everyone.
///
/// It is decided before anybody asks and knows nothing of the answer, so that it tells nothing about it.
enum WithheldNotice {
    /// The issue: informational, since nothing went wrong; FHIR's code for what policy keeps back.
    static let issue = OperationOutcome.Issue(
        .information, "suppressed",
        details: "a patient may have records withheld from this list; this notice stands in every list")
}

extension FHIRService {
    /// The outcome of a list: the issues about it, and the notice where the facility wants it; nil when there is neither.
    func outcome(_ issues: [OperationOutcome.Issue]) -> OperationOutcome? {
        let all = issues + (exchange.settings.withheldNotice ? [WithheldNotice.issue] : [])
        return all.isEmpty ? nil : OperationOutcome(all)
    }
}
