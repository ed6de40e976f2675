import CDA
import ExchangeCore
import Terminology

/// What a clinical documentation specialist would ask: is there more that is known and not said?
enum SpecificityRules {
    static func findings(_ subject: ReviewSubject) throws(ExchangeError) -> [ReviewFinding] {
        var findings: [ReviewFinding] = []
        var seen: Set<String> = []
        for section in subject.sections(.dischargeDiagnosis, .problems, .admissionDiagnosis, .encounters) {
            let isFinal = section.kind == .dischargeDiagnosis
            for code in section.statements.lazy.flatMap(\.codes) where code.value.system == CodeSystem.icd10cm.uri {
                let key = CodeSystem.key(code.value.code, system: CodeSystem.icd10cm.uri)
                guard seen.insert(key).inserted, let question = try question(key, code.value, isFinal: isFinal, subject)
                else { continue }
                findings.append(
                    ReviewFinding(
                        .advice, .specificity, "ClinicalDocument/\(code.path)", "\(CodeRules.shown(code.value.code)): \(question)",
                        basis: "ICD-10-CM Official Guidelines, I.B.2: code to the highest level of detail"))
            }
        }
        return findings + uncoded(subject)
    }

    private static func question(
        _ key: String, _ code: CodedValue, isFinal: Bool, _ subject: ReviewSubject,
    ) throws(ExchangeError) -> String? {
        if let question = questions[key] { return question }
        if isFinal, key.hasPrefix("R"), key != "R6521", key != "R6520" {
            return "a symptom as the final diagnosis; if its cause is known, or probable, name it"
        }
        let name = try subject.releases.release(of: CodeSystem.icd10cm.uri, on: nil)?.find(key)?.display ?? code.display
        guard let name, name.lowercased().contains("unspecified") else { return nil }
        let isSided = ["side", "limb", "eye", "ear", "leg", "arm", "hand", "foot", "knee", "hip", "shoulder", "breast"].contains {
            name.lowercased().contains("unspecified " + $0)
        }
        return isSided ? "say which side" : "is an \"unspecified\" code; if more is known, a more specific one says it"
    }

    /// By ICD-10-CM code without dot: what to ask.
    private static let questions: [String: String] = [
        "I509": "heart failure: systolic, diastolic or both, and acute, chronic or acute on chronic (I50.2- to I50.4-)",
        "J189": "pneumonia: the organism, or aspiration, where known or probable (J13 to J16, J69.0)",
        "N179": "acute kidney failure: tubular necrosis (N17.0) or another cause, where known",
        "N189": "chronic kidney disease: the stage (N18.1 to N18.6)",
        "A419": "sepsis: the organism, and whether organs failed (R65.20, R65.21)",
        "E119": "diabetes without complications: are there kidney, eye, nerve or vessel complications (E11.2- to E11.6-)?",
        "E109": "diabetes without complications: are there kidney, eye, nerve or vessel complications (E10.2- to E10.6-)?",
        "D649": "anemia: the kind and cause (D50 to D63), acute blood loss (D62) included",
        "D62": "acute blood loss anemia: name the bleeding as well",
        "J9690": "respiratory failure: acute or chronic, with hypoxia or hypercapnia (J96.0- to J96.2-)",
        "J9600": "acute respiratory failure: with hypoxia (J96.01) or hypercapnia (J96.02)?",
        "J449": "COPD: with exacerbation (J44.1) or infection (J44.0)?",
        "I4891": "atrial fibrillation: paroxysmal, persistent or permanent (I48.0 to I48.2-)",
        "I639": "stroke: the vessel and the cause (I63.0- to I63.8-)",
        "I219": "myocardial infarction: STEMI with its wall, NSTEMI (I21.4), or type 2 (I21.A1)",
        "G9340": "encephalopathy: metabolic (G93.41), toxic (G92.8) or another kind",
        "E46": "malnutrition: mild, moderate or severe, with the findings that show it (E43, E44.-)",
        "L8990": "pressure ulcer: the place and the stage (L89.-)",
        "F329": "depression: single or recurrent, and how severe (F32.0 to F33.9)",
        "F0390": "dementia: the kind, where known (F01, G30, G31)",
        "R4182": "altered mental status: delirium, encephalopathy or another cause?",
        "E876": "hypokalemia is often a finding within another illness: is that named?",
        "E669": "obesity: the class and the body mass index (E66.81-, Z68.-)",
        "T8149XA": "wound infection: how deep (T81.41 to T81.44)",
        "N390": "urinary infection: the place, the organism, and whether a catheter caused it",
        "I10": "hypertension: with heart failure or kidney disease it is coded as one (I11 to I13)",
    ]

    /// Final diagnoses in words or SNOMED CT alone.
    private static func uncoded(_ subject: ReviewSubject) -> [ReviewFinding] {
        subject.sections(.dischargeDiagnosis).compactMap { section in
            let codes = section.statements.flatMap(\.codes)
            guard !codes.isEmpty, !codes.contains(where: { $0.value.system == CodeSystem.icd10cm.uri }) else { return nil }
            return ReviewFinding(
                .advice, .specificity, "ClinicalDocument/\(section.path)",
                "no final diagnosis has an ICD-10-CM code; add one as a translation for those who count and bill")
        }
    }
}
