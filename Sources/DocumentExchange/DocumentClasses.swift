import ExchangeCore

/// The class of a document from its type: the few broad kinds a registry lists by (LOINC, US `document-classcodes`).
package enum DocumentClasses {
    /// The class of a type; a type we do not know is its own class.
    package static func category(of type: CodedValue) -> CodedValue { classCode(of: type) ?? type }

    /// Nil for a type we do not know; its class is then its type.
    static func classCode(of type: CodedValue) -> CodedValue? {
        guard same(type.system, CodeSystems.loinc), let (code, display) = byType[type.code] else { return nil }
        return CodedValue(code: code, system: CodeSystems.loinc, display: display)
    }

    private static let summary = ("34133-9", "Summarization of episode note")
    private static let discharge = ("18842-5", "Discharge summary")
    private static let consult = ("11488-4", "Consult note")
    private static let history = ("34117-2", "History and physical note")
    private static let progress = ("11506-3", "Progress note")
    private static let procedure = ("28570-0", "Procedure note")
    private static let operation = ("11504-8", "Surgical operation note")
    private static let referral = ("57133-1", "Referral note")
    private static let transfer = ("18761-7", "Transfer summary note")
    private static let plan = ("56447-6", "Plan of care note")
    private static let imaging = ("18748-4", "Diagnostic imaging study")
    private static let laboratory = ("26436-6", "Laboratory studies (set)")

    private static let byType: [String: (String, String)] = [
        "34133-9": summary, "60591-5": summary, "11490-0": discharge, "18842-5": discharge, "28655-9": discharge,
        "34105-7": discharge, "34106-5": discharge, "11488-4": consult, "34099-2": consult, "34100-8": consult,
        "34104-0": consult, "51845-6": consult, "34117-2": history, "34095-0": history, "34096-8": history,
        "47039-3": history, "11492-6": history, "11506-3": progress, "28569-4": progress, "34130-5": progress,
        "34131-3": progress, "34108-1": progress, "34109-9": progress, "28570-0": procedure, "11505-5": procedure,
        "18744-3": procedure, "18745-0": procedure, "18746-8": procedure, "18751-8": procedure, "18753-4": procedure,
        "11504-8": operation, "34137-0": operation, "28583-3": operation, "57133-1": referral, "57134-9": referral,
        "57170-3": referral, "34140-4": referral, "18761-7": transfer, "28616-1": transfer, "52521-2": plan,
        "18776-5": plan, "56447-6": plan, "18748-4": imaging, "18747-6": imaging, "11525-3": imaging,
        "11502-2": laboratory,
        "26436-6": laboratory,
    ]
}
