/// A code of a code system (FHIR `Coding`, XDS coded attribute).
///
/// Two coded values are the same when system and code are: the display is for people.
package struct CodedValue: Hashable, Sendable {
    /// The code, as in `18842-5`.
    package let code: String
    /// The code system's URI, as in `http://loinc.org`.
    package let system: String
    /// What a person reads; never decides anything.
    package let display: String?

    /// A code, its system's URI, and what a person reads.
    package init(code: String, system: String, display: String? = nil) {
        self.code = code
        self.system = system
        self.display = display
    }

    package static func == (left: CodedValue, right: CodedValue) -> Bool {
        left.code.utf8.elementsEqual(right.code.utf8) && left.system.utf8.elementsEqual(right.system.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(system)
    }
}

/// URIs of the code systems the exchange itself decides by.
package enum CodeSystems {
    /// Confidentiality codes N, R, V, ... (HL7 v3).
    package static let confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    /// Sensitivity labels ETH, PSY, HIV, ... (HL7 v3 ActCode).
    package static let actCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    /// Purposes of use TREAT, HPAYMT, ... (HL7 v3 ActReason).
    package static let actReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    /// LOINC, for document classes and types.
    package static let loinc = "http://loinc.org"
    /// SNOMED CT, for facility types and practice settings.
    package static let snomed = "http://snomed.info/sct"
    /// HL7 and IHE document format codes.
    package static let documentFormat = "http://terminology.hl7.org/CodeSystem/v3-HL7DocumentFormatCodes"
}
