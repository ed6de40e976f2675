package import ExchangeCore
package import JSON

/// FHIR `Consent` (IHE PCF 1.1, ITI-108) to a directive and back.
package enum ConsentMapping {
    /// The directive a `Consent` states, to be recorded: anything not understood is refused.
    ///
    /// - Throws: `.badRequest` naming the element.
    package static func directive(
        recording consent: JSONObject, id: DirectiveID, patient: PatientID, recorded: Timestamp,
    ) throws(ExchangeError) -> ConsentDirective {
        throw ExchangeError(.unavailable, "not yet")
    }

    /// The directive a stored or foreign `Consent` states: what is not understood makes it deny (`doubts`).
    ///
    /// - Throws: `.badRequest` when it is no Consent, or its own id or patient is not one of this node's.
    package static func directive(reading consent: JSONObject) throws(ExchangeError) -> ConsentDirective {
        throw ExchangeError(.unavailable, "not yet")
    }

    /// The `Consent` of a directive; `directive(reading:)` gives the directive back.
    package static func json(_ directive: ConsentDirective) -> JSONObject { [:] }
}
