import ExchangeCore

/// Right patient? What a comparison of a document's patient with the index means for who publishes it.
package enum PatientRules {
    /// What the index knows of the patient whom a document names.
    package enum Standing: Sendable, Hashable {
        /// A field says something else than the registration; `isGrave` when that speaks for another person.
        case differs(Field, isGrave: Bool)
        /// What is stated is too little to tell whether it is the registered person.
        case unconfirmed
        /// The registration, or the document, has no real name.
        case placeholder
        /// By its demographics the document is certainly about another registered person.
        case another
    }

    /// A field of a patient's demographics.
    package enum Field: String, Sendable, CaseIterable {
        case birthDate = "birth date"
        case firstName = "first name"
        case familyName = "family name"
        case suffix = "suffix of the name"
        case sex = "sex"
        case socialSecurity = "social security number"

        fileprivate var path: String {
            switch self {
            case .birthDate: "/patient/birthTime"
            case .firstName: "/patient/name/given"
            case .familyName: "/patient/name/family"
            case .suffix: "/patient/name/suffix"
            case .sex: "/patient/administrativeGenderCode"
            case .socialSecurity: "/id"
            }
        }
    }

    /// The findings, one for each difference; nothing of either registration is repeated.
    package static func findings(_ standings: [Standing]) -> [ReviewFinding] {
        standings.map { standing in
            switch standing {
            case .differs(let field, true):
                ReviewFinding(
                    .error, .patient, role + field.path,
                    "the \(field.rawValue) is not that of the patient registered under this number: is it the right patient?",
                    basis: basis)
            case .differs(let field, false):
                ReviewFinding(
                    .warning, .patient, role + field.path,
                    "the \(field.rawValue) differs from the registration; correct the one that is wrong")
            case .unconfirmed:
                ReviewFinding(
                    .warning, .patient, role + "/patient",
                    "name or birth date is missing, so nothing confirms that the number is the right patient's")
            case .placeholder:
                ReviewFinding(
                    .warning, .patient, role + "/patient/name",
                    "the name stands for nobody, so nothing confirms that the number is the right patient's")
            case .another:
                ReviewFinding(
                    .error, .patient, role,
                    "name and birth date are those of another registered patient: is the number right? hie patient match shows whom",
                    basis: basis)
            }
        }
    }

    private static let role = "ClinicalDocument/recordTarget/patientRole"
    private static let basis = "The Joint Commission, NPSG.01.01.01: two identifiers of the patient"
}
