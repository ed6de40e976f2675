import ExchangeCore

/// Where a node finds the releases that were imported; they may change while it runs.
package protocol TerminologyStore: Sendable {
    /// The releases as they are now. Throws `.corrupted` naming the file that is damaged.
    func releases() throws(ExchangeError) -> TerminologyReleases
}

extension TerminologyReleases: TerminologyStore {
    package func releases() throws(ExchangeError) -> TerminologyReleases { self }
}

/// Releases side by side: which is in force on a day, and what it says of a code.
package struct TerminologyReleases: Sendable {
    /// The tables, in the order of their systems and beginnings.
    package let tables: [CodeTable]

    /// The releases of these tables.
    package init(_ tables: [CodeTable] = []) {
        self.tables = tables.sorted {
            ($0.label.system, $0.label.from?.number ?? 0, $0.label.version)
                < ($1.label.system, $1.label.from?.number ?? 0, $1.label.version)
        }
    }

    /// The release of a system in force on a day: of several the one that began last. Without a day the newest.
    package func release(of system: String, on day: ReleaseDay?) -> CodeTable? {
        tables.last { table in table.label.system == system && (day.map(table.label.covers) ?? true) }
    }

    /// The release of a system by its publisher's name for it.
    package func release(of system: String, version: String) -> CodeTable? {
        tables.last { $0.label.system == system && $0.label.version == version }
    }

    /// What is to be said of a code, its name in the document, and the day it was used.
    package func judge(
        _ code: String, system: String, display: String? = nil, on day: @autoclosure () -> ReleaseDay? = nil,
    ) throws(ExchangeError) -> CodeVerdict {
        let known = CodeSystem(uri: system)
        if let known, let fault = CodeForm.fault(code, in: known) { return .malformed(fault) }
        guard !tables.isEmpty else { return known == nil ? .unjudged : .formOnly }
        let day = day()
        guard let table = release(of: system, on: day) else { return known == nil ? .unjudged : .formOnly }
        return try Self.judge(code, in: table, display: display, on: day)
    }

    /// What one release says of a code whose form is right.
    package static func judge(_ code: String, in table: CodeTable, display: String? = nil, on day: ReleaseDay? = nil)
        throws(ExchangeError) -> CodeVerdict
    {
        let known = CodeSystem(uri: table.label.system)
        let name = table.label.title + " " + table.label.version
        guard let concept = try table.find(code) else {
            // Parts and answers of LOINC are in other files than its terms.
            if known == .loinc, code.hasPrefix("L") { return .formOnly }
            return .unknown(release: name)
        }
        if let day, !concept.isValid(on: day) { return .notOnDay(concept, release: name) }
        if !concept.isSelectable { return .heading(concept, release: name) }
        if let display, DisplayAgreement.judge(display, concept) == .different {
            return .otherName(concept, release: name)
        }
        return concept.isActive ? .valid(concept, release: name) : .withdrawn(concept, release: name)
    }
}
