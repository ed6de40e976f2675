import ExchangeCore
import JSON

/// `Coding` and `CodeableConcept` <-> `CodedValue` (FHIR R4, 2.24.0.4).
extension CodedValue {
    /// A `Coding`; nil without a code. A missing system is the empty string.
    package init?(coding: JSONValue?) {
        guard let code = coding?["code"]?.string else { return nil }
        self.init(code: code, system: coding?["system"]?.string ?? "", display: coding?["display"]?.string)
    }

    /// The first coding of a `CodeableConcept` that has a code.
    package init?(concept: JSONValue?) {
        guard let first = Self.codings(inConcept: concept).first else { return nil }
        self = first
    }

    /// All codings of a `CodeableConcept` that have a code.
    package static func codings(inConcept concept: JSONValue?) -> [CodedValue] {
        (concept?["coding"]?.items ?? []).compactMap { CodedValue(coding: $0) }
    }

    /// All codings of an array of `CodeableConcept`.
    package static func codings(inConcepts concepts: JSONValue?) -> [CodedValue] {
        (concepts?.items ?? []).flatMap { codings(inConcept: $0) }
    }

    /// As `Coding`.
    package var coding: JSONValue {
        var object = JSONObject()
        if !system.isEmpty { object["system"] = .string(system) }
        object["code"] = .string(code)
        if let display { object["display"] = .string(display) }
        return .object(object)
    }

    /// As `CodeableConcept` with one coding.
    package var concept: JSONValue { ["coding": .array([coding])] }
}
