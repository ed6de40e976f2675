/// What is to be said of a code in a document.
package enum CodeVerdict: Hashable, Sendable {
    /// It exists and may be used; its name in the document agrees, or none was given.
    case valid(Concept, release: String)
    /// It exists, and its name in the document says something else.
    case otherName(Concept, release: String)
    /// It exists, but only as a heading: a longer code must be used.
    case heading(Concept, release: String)
    /// It exists, but not on the day asked for.
    case notOnDay(Concept, release: String)
    /// It exists, but its publisher has withdrawn it or advises against it.
    case withdrawn(Concept, release: String)
    /// No release in force on the day has it.
    case unknown(release: String)
    /// It cannot be a code of this system: why.
    case malformed(String)
    /// Its form is right; no release in force on the day is here to say more.
    case formOnly
    /// Nothing is known here of the system.
    case unjudged

    /// Whether it is certainly not a code to send.
    package var isWrong: Bool {
        switch self {
        case .heading, .notOnDay, .unknown, .malformed: true
        case .valid, .otherName, .withdrawn, .formOnly, .unjudged: false
        }
    }

    /// A name for programs.
    package var name: String {
        switch self {
        case .valid: "valid"
        case .otherName: "other-name"
        case .heading: "heading"
        case .notOnDay: "not-on-day"
        case .withdrawn: "withdrawn"
        case .unknown: "unknown"
        case .malformed: "malformed"
        case .formOnly: "form-only"
        case .unjudged: "unjudged"
        }
    }

    /// What the release says; nil when it says nothing.
    package var concept: Concept? {
        switch self {
        case .valid(let concept, _), .otherName(let concept, _), .heading(let concept, _), .notOnDay(let concept, _),
            .withdrawn(let concept, _):
            concept
        case .unknown, .malformed, .formOnly, .unjudged: nil
        }
    }

    /// One lower-case sentence.
    package var sentence: String {
        switch self {
        case .valid(let concept, let release): "\(concept.display) (\(release))"
        case .otherName(let concept, let release): "means \"\(concept.display)\" in \(release): check which of the two is meant"
        case .heading(_, let release): "is a heading in \(release); use one of the longer codes below it"
        case .notOnDay(let concept, let release):
            "may be used" + (concept.from.map { " from \($0)" } ?? "") + (concept.until.map { " until \($0)" } ?? "")
                + " only (\(release))"
        case .withdrawn(_, let release): "is withdrawn or discouraged in \(release); choose the code that replaces it"
        case .unknown(let release): "does not exist in \(release)"
        case .malformed(let reason): reason
        case .formOnly: "has the right form; no release is here to say whether it exists"
        case .unjudged: "is of a code system that is not known here"
        }
    }
}
