import CDA
import ExchangeCore

/// Dates that cannot be: before birth, in the future, ends before beginnings.
enum DateRules {
    /// Clocks differ; a day more is no mistake.
    private static let tolerance = Duration.seconds(86_400)
    private static let lifetime = Duration.seconds(125 * 366 * 86_400)

    static func findings(_ subject: ReviewSubject) -> [ReviewFinding] {
        var findings: [ReviewFinding] = []
        func note(_ grade: ReviewFinding.Grade, _ path: String, _ message: String) {
            findings.append(ReviewFinding(grade, .dates, "ClinicalDocument/" + path, message))
        }
        let header = subject.header
        let latest = subject.now + tolerance
        let birth = header.recordTargets.first?.demographics.birthDate
        let birthPath = "recordTarget/patientRole/patient/birthTime"
        if let birth {
            if birth.start > latest { note(.error, birthPath, "the patient is not born yet; check the birth date") }
            if subject.now - birth.end > lifetime { note(.error, birthPath, "the patient would be older than anybody; check the birth date") }
        }
        if let written = header.effectiveTime {
            if written.start > latest { note(.error, "effectiveTime", "the document is written in the future; check the clock") }
            if let birth, written.end <= birth.start {
                note(.error, "effectiveTime", "the document is older than the patient; check both dates")
            }
            for (number, author) in header.authors.enumerated() {
                guard let time = author.time, time.start > written.end + tolerance else { continue }
                note(.warning, "author" + (number == 0 ? "" : "[\(number)]") + "/time", "the author wrote after the document was finished")
            }
        }
        if let stay = header.encounter {
            check(stay.start, stay.end, "componentOf/encompassingEncounter/effectiveTime", "the stay", birth, latest, note)
            if subject.isDischargeSummary, let end = stay.end, let written = header.effectiveTime, written.end + tolerance < end.start {
                note(
                    .warning, "componentOf/encompassingEncounter/effectiveTime/high",
                    "the summary was written more than a day before the discharge; is it final?")
            }
        }
        for (number, event) in header.serviceEvents.enumerated() {
            let path = "documentationOf" + (number == 0 ? "" : "[\(number)]") + "/serviceEvent/effectiveTime"
            check(event.start, event.end, path, "the care", birth, nil, note)
        }
        for section in subject.sections {
            for statement in section.statements {
                // What is planned may lie ahead; what runs in a family began before the patient.
                let hasHappened = statement.mood == "EVN" && section.kind != .planOfTreatment
                let since = section.kind == .familyHistory ? nil : birth
                check(
                    statement.start, statement.end, "\(statement.path)/effectiveTime", "what is stated", since,
                    hasHappened ? latest : nil, { note($0 == .error ? .warning : $0, $1, $2) })
            }
        }
        return findings
    }

    private static func check(
        _ start: PartialDate?, _ end: PartialDate?, _ path: @autoclosure () -> String, _ what: String, _ birth: PartialDate?,
        _ latest: Timestamp?, _ note: (ReviewFinding.Grade, String, String) -> Void,
    ) {
        if let start, let end, end.end <= start.start { note(.error, path(), "\(what) ends before it begins") }
        if let latest, let start, start.start > latest { note(.error, path(), "\(what) begins in the future") }
        // Care before birth is the mother's; a day's difference is a zone's.
        if let birth, let start, start.end + tolerance < birth.start { note(.error, path(), "\(what) begins before the patient was born") }
    }
}
