import JSON

/// One thing about a node that was looked at: how it is, and what to do if it is not well.
///
/// Says nothing about any patient: it is shown to supervisors and in metrics.
package struct HealthFinding: Hashable, Sendable {
    /// How well something is, in the words of `application/health+json` (draft-inadarei-api-health-check, section 3.1).
    package enum Grade: String, CaseIterable, Comparable, Sendable {
        /// As it should be.
        case pass
        /// It works, and somebody should see to it.
        case warn
        /// It does not work.
        case fail

        package static func < (left: Grade, right: Grade) -> Bool { left.order < right.order }

        /// 0, 1 or 2: the worse the higher.
        package var order: Int {
            switch self {
            case .pass: 0
            case .warn: 1
            case .fail: 2
            }
        }
    }

    /// What was looked at: `journal`, `disk`, `certificate clients`, ...
    package let component: String
    /// How it is.
    package let grade: Grade
    /// What was seen.
    package let seen: String
    /// What the administrator does next; nil when nothing.
    package let next: String?

    /// A finding from its parts.
    package init(_ component: String, _ grade: Grade, _ seen: String, next: String? = nil) {
        self.component = component
        self.grade = grade
        self.seen = seen
        self.next = next
    }

    /// As `hie doctor --json` and `GET /healthz` print it: `component`, `status`, `output`, `next`.
    package var json: JSONValue {
        var object: JSONObject = [
            "component": .string(component), "status": .string(grade.rawValue), "output": .string(seen),
        ]
        object["next"] = next.map { .string($0) }
        return .object(object)
    }

    /// Reads what `json` writes; nil for anything else.
    package init?(_ json: JSONValue) {
        guard let component = json["component"]?.string, let grade = json["status"]?.string.flatMap(Grade.init(rawValue:)),
            let seen = json["output"]?.string
        else { return nil }
        self.init(component, grade, seen, next: json["next"]?.string)
    }
}

extension [HealthFinding] {
    /// The worst of them; `.pass` when there are none.
    package var grade: HealthFinding.Grade { map(\.grade).max() ?? .pass }

    /// The whole report: `status`, and every finding under `checks`.
    package var json: JSONValue { ["status": .string(grade.rawValue), "checks": .array(map(\.json))] }
}
