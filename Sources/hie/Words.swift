import JSON

/// Small wordings that several commands share.
enum Words {
    /// `3 d 4 h`, `12 min`, `40 s`.
    static func duration(seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86400) d \(seconds / 3600 % 24) h"
        }
    }

    /// `1 document`, `2 documents`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// An instant to the second, as people read it: `2026-03-02 10:15:00Z`.
    static func time(_ instant: String) -> String {
        guard instant.utf8.count >= 19 else { return instant }
        let text = String(instant.prefix(19))
        return text.split(separator: "T").joined(separator: " ") + (instant.hasSuffix("Z") ? "Z" : "")
    }
}

extension JSONValue {
    /// A member as text, however it is written; empty when absent.
    func text(_ name: String) -> String {
        switch self[name] {
        case .string(let text), .number(let text): text
        case .bool(let truth): truth ? "yes" : "no"
        case .null, .array, .object, nil: ""
        }
    }

    /// The texts of a list, put together.
    func joined(_ name: String, separator: String = ", ") -> String {
        (self[name]?.items ?? []).compactMap(\.string).joined(separator: separator)
    }
}

extension JSONValue? {
    /// A member as text, however it is written; empty when absent.
    func text(_ name: String) -> String { self?.text(name) ?? "" }
}
