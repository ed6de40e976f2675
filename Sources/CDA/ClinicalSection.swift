import ExchangeCore

/// What a coded section is about.
package enum SectionKind: String, Sendable, CaseIterable {
    case problems
    case dischargeDiagnosis = "discharge-diagnosis"
    case admissionDiagnosis = "admission-diagnosis"
    case procedures
    case medications
    case dischargeMedications = "discharge-medications"
    case allergies
    case results
    case immunizations
    case encounters
    case hospitalCourse = "hospital-course"
    case dischargeInstructions = "discharge-instructions"
    case planOfTreatment = "plan-of-treatment"
    case socialHistory = "social-history"
    case vitalSigns = "vital-signs"
    case functionalStatus = "functional-status"
    case reasonForVisit = "reason-for-visit"
    case dischargePhysical = "discharge-physical"
    case familyHistory = "family-history"

    /// LOINC codes of sections (C-CDA R1.1 and R2.1, section templates).
    private static let codes: [String: SectionKind] = [
        "11450-4": .problems, "11535-2": .dischargeDiagnosis, "78375-3": .dischargeDiagnosis, "46241-6": .admissionDiagnosis,
        "42347-5": .admissionDiagnosis, "47519-4": .procedures, "29554-3": .procedures, "10160-0": .medications,
        "10183-2": .dischargeMedications, "75311-1": .dischargeMedications, "48765-2": .allergies, "30954-2": .results,
        "11369-6": .immunizations, "46240-8": .encounters, "8648-8": .hospitalCourse, "8653-8": .dischargeInstructions,
        "69730-0": .dischargeInstructions, "18776-5": .planOfTreatment, "61146-7": .planOfTreatment,
        "29762-2": .socialHistory, "8716-3": .vitalSigns, "47420-5": .functionalStatus, "29299-5": .reasonForVisit,
        "46239-0": .reasonForVisit, "10154-3": .reasonForVisit, "10184-0": .dischargePhysical,
        "10157-6": .familyHistory,
    ]

    /// Section templates, for documents that leave the code out or use another (C-CDA R1.1 and R2.1).
    private static let templates: [String: SectionKind] = [
        "5": .problems, "5.1": .problems, "24": .dischargeDiagnosis, "43": .admissionDiagnosis, "7": .procedures,
        "7.1": .procedures, "1": .medications, "1.1": .medications, "11": .dischargeMedications,
        "11.1": .dischargeMedications, "6": .allergies, "6.1": .allergies, "3": .results, "3.1": .results,
        "2": .immunizations, "2.1": .immunizations, "22": .encounters, "22.1": .encounters, "41": .dischargeInstructions,
        "10": .planOfTreatment, "17": .socialHistory, "4": .vitalSigns, "4.1": .vitalSigns, "14": .functionalStatus,
        "12": .reasonForVisit, "13": .reasonForVisit, "26": .dischargePhysical, "15": .familyHistory,
    ]

    /// By the section's code, else by its templates; nil for sections of other kinds.
    init?(code: CodedValue?, templates: [InstanceIdentifier]) {
        if let code, let kind = Self.codes[code.code] {
            self = kind
            return
        }
        let root = "2.16.840.1.113883.10.20.22.2."
        let own = templates.compactMap { $0.root.hasPrefix(root) ? Self.templates[String($0.root.dropFirst(root.count))] : nil }
        if let kind = own.first {
            self = kind
        } else if templates.contains(where: { $0.root == "1.3.6.1.4.1.19376.1.5.3.1.3.5" }) {
            self = .hospitalCourse
        } else {
            return nil
        }
    }
}

/// A section with what its entries say (C-CDA R1.1, R2.1). Printing one prints its kind alone.
package struct ClinicalSection: Hashable, Sendable, CustomStringConvertible {
    /// What it is about; nil for kinds that are not listed.
    package let kind: SectionKind?
    /// Its code, mostly LOINC.
    package let code: CodedValue?
    /// What people read above it.
    package let title: String?
    /// Characters of its narrative, white space collapsed; the sections within it not counted.
    package let narrativeLength: Int
    /// The narrative says in so many words that there is nothing, or `nullFlavor` does.
    package let saysNothing: Bool
    /// What its entries state, in document order.
    package let statements: [ClinicalStatement]
    /// Where it is.
    package let path: ElementPath

    package var description: String { kind?.rawValue ?? "section" }
}

/// One act, observation, substance, procedure or encounter of an entry. Printing one prints its kind alone.
package struct ClinicalStatement: Hashable, Sendable, CustomStringConvertible {
    /// The element: `act`, `observation`, `substanceAdministration`, `supply`, `procedure`, `encounter`, `organizer`.
    package let element: String
    /// `EVN` happened, `INT` intended, `RQO` requested, ...
    package let mood: String?
    /// The statement is denied: no known allergy, a medicine not given.
    package let isNegated: Bool
    /// What was done, seen or given: `code`, `value`, and the code of the substance, translations included.
    package let codes: [StatedCode]
    /// `active`, `completed`, `aborted`, ...
    package let status: String?
    /// When it began.
    package let start: PartialDate?
    /// When it ended.
    package let end: PartialDate?
    /// A measured value's unit, or a dose's.
    package let units: [StatedUnit]
    /// Where it is.
    package let path: ElementPath

    package var description: String { element }
}

/// A code of a statement, and which of its elements said so.
package struct StatedCode: Hashable, Sendable {
    /// What it stands for.
    package enum Part: String, Sendable { case code, value, substance, reaction, route, translation }

    /// What it stands for.
    package let part: Part
    /// The code with its name.
    package let value: CodedValue
    /// Where it is.
    package let path: ElementPath
}

/// A unit of a statement.
package struct StatedUnit: Hashable, Sendable {
    /// As written; UCUM by the standard.
    package let unit: String
    /// Where it is.
    package let path: ElementPath
}
