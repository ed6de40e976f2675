import CDA
import ExchangeCore
import Terminology

/// Do the codes exist, on their day, and do their names say the same?
enum CodeRules {
    static func findings(_ subject: ReviewSubject) throws(ExchangeError) -> [ReviewFinding] {
        var findings: [ReviewFinding] = []
        var seen: [Key: Int] = [:]
        let written = subject.header.effectiveTime
        func judge(_ code: CodedValue, _ path: @autoclosure () -> String, on date: PartialDate?) throws(ExchangeError) {
            guard !code.system.isEmpty else { return }
            let verdict = try subject.releases.judge(
                code.code, system: code.system, display: code.display, on: (date ?? written).flatMap(day))
            guard let grade = grade(verdict) else { return }
            let key = Key(code: code.code, system: code.system, verdict: verdict.name, display: code.display)
            seen[key, default: 0] += 1
            guard seen[key] == 1 else { return }
            let name = CodeSystem(uri: code.system)?.title ?? code.system
            findings.append(
                ReviewFinding(grade, .codes, "ClinicalDocument/" + path(), "\(name) \(shown(code.code)): \(verdict.sentence)"))
        }
        if let code = subject.header.code { try judge(code, "code", on: written) }
        for section in subject.sections {
            if let code = section.code { try judge(code, "\(section.path)/code", on: written) }
            for statement in section.statements {
                for code in statement.codes { try judge(code.value, "\(code.path)", on: statement.start) }
                for unit in statement.units { check(unit, &findings, &seen) }
            }
        }
        return findings
    }

    private struct Key: Hashable {
        let code: String
        let system: String
        let verdict: String
        let display: String?
    }

    private static func grade(_ verdict: CodeVerdict) -> ReviewFinding.Grade? {
        switch verdict {
        case .malformed, .unknown, .notOnDay: .error
        case .heading, .otherName: .warning
        case .withdrawn: .advice
        case .valid, .formOnly, .unjudged: nil
        }
    }

    private static func check(
        _ unit: StatedUnit, _ findings: inout [ReviewFinding], _ seen: inout [Key: Int],
    ) {
        guard let fault = CodeForm.fault(unit.unit, in: .ucum) else { return }
        let key = Key(code: unit.unit, system: CodeSystem.ucum.uri, verdict: "unit", display: nil)
        seen[key, default: 0] += 1
        guard seen[key] == 1 else { return }
        findings.append(ReviewFinding(.warning, .codes, "ClinicalDocument/\(unit.path)", "unit \(shown(unit.unit)): \(fault)"))
    }

    /// A code is no patient's secret by itself; what looks like free text in its place is not repeated.
    static func shown(_ code: String) -> String {
        let isPlain = code.utf8.count <= 24 && code.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        return isPlain ? code : "(\(code.utf8.count) bytes)"
    }

    /// The day of a date that is known to the day.
    private static func day(_ date: PartialDate) -> ReleaseDay? { ReleaseDay(String(date.text.prefix(10))) }
}
