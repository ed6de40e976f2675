import ExchangeCore

/// What a FindDocuments query asks for (ITI-18 FindDocuments, ITI-67): every filled part must match.
///
/// Dates match when all of them hold; a list of anything else matches when any of it does.
package struct DocumentQuery: Hashable, Sendable {
    /// A code to match: system or code may be left open (FHIR token search).
    package struct CodeFilter: Hashable, Sendable {
        /// The code; empty for any of the system.
        package let code: String
        /// The code system, nil for any.
        package let system: String?

        /// A filter for one code.
        package init(code: String, system: String? = nil) {
            self.code = code
            self.system = system
        }
    }

    /// A name to match.
    package struct NameFilter: Hashable, Sendable, ExpressibleByStringLiteral {
        /// How (FHIR's modifiers of string parameters).
        package enum Mode: String, Sendable {
            /// From its start, without case.
            case start = ""
            /// Anywhere, without case.
            case contains
            /// As it is written.
            case exact
        }

        /// The name, or the part of it.
        package let text: String
        /// How it must match.
        package let mode: Mode

        /// A filter for one name.
        package init(_ text: String, _ mode: Mode = .start) {
            self.text = text
            self.mode = mode
        }

        /// A filter for names that begin so.
        package init(stringLiteral text: String) { self.init(text) }

        /// Whether a name matches.
        package func matches(_ name: String) -> Bool {
            switch mode {
            case .exact: return name.utf8.elementsEqual(text.utf8)
            case .start: return name.lowercased().utf8.starts(with: text.lowercased().utf8)
            case .contains:
                let (whole, part) = (Array(name.lowercased().utf8), Array(text.lowercased().utf8))
                guard part.count <= whole.count else { return false }
                return (0...(whole.count - part.count)).contains { whole[$0...].starts(with: part) }
            }
        }
    }

    /// Statuses that match; empty means any.
    package var statuses: [AvailabilityStatus] = []
    /// `classCode` / `category`.
    package var classCodes: [CodeFilter] = []
    /// `typeCode` / `type`.
    package var typeCodes: [CodeFilter] = []
    /// `formatCode` / `format`.
    package var formatCodes: [CodeFilter] = []
    /// `healthcareFacilityTypeCode` / `facility`.
    package var facilityTypes: [CodeFilter] = []
    /// `practiceSettingCode` / `setting`.
    package var practiceSettings: [CodeFilter] = []
    /// `eventCodeList` / `event`.
    package var eventCodes: [CodeFilter] = []
    /// `confidentialityCode` / `security-label`.
    package var securityLabels: [CodeFilter] = []
    /// `uniqueId` or entryUUID / `identifier`, as URIs.
    package var identifiers: [String] = []
    /// When the document was written / `creation`.
    package var creation: [DateFilter] = []
    /// When the entry was registered / `date`.
    package var registered: [DateFilter] = []
    /// When care was given / `period`.
    package var service: [DateFilter] = []
    /// Family names of an author / `author.family`.
    package var authorFamily: [NameFilter] = []
    /// Given names of an author / `author.given`.
    package var authorGiven: [NameFilter] = []
    /// Entries related to one of these / `related`.
    package var relatedTo: [DocumentID] = []

    /// What must match as well: a parameter that was given again (FHIR's AND, ITI-18's repeated slot).
    package var also: [DocumentQuery] = []

    /// Whether it asks nothing.
    package var isEverything: Bool { self == DocumentQuery() }

    /// A query that matches everything.
    package init() {}
}
