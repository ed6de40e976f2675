import ExchangeCore

/// What a FindDocuments query asks for (ITI-18 FindDocuments, ITI-67): every filled part must match.
///
/// An interval matches when it overlaps what the entry covers; a list matches when any of its codes does.
package struct DocumentQuery: Hashable, Sendable {
    /// A half-open interval of time; nil ends are open.
    package struct Interval: Hashable, Sendable {
        /// The first millisecond that matches.
        package var from: Timestamp?
        /// The first millisecond that does not match any more.
        package var until: Timestamp?

        /// An interval; nil ends are open.
        package init(from: Timestamp? = nil, until: Timestamp? = nil) {
            self.from = from
            self.until = until
        }
    }

    /// A code to match: the system may be left open (FHIR token search).
    package struct CodeFilter: Hashable, Sendable {
        /// The code.
        package let code: String
        /// The code system, nil for any.
        package let system: String?

        /// A filter for one code.
        package init(code: String, system: String? = nil) {
            self.code = code
            self.system = system
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
    package var creation: Interval?
    /// When the entry was registered / `date`.
    package var registered: Interval?
    /// When care was given / `period`.
    package var service: Interval?
    /// Family names of an author, matched from their start without case / `author.family`.
    package var authorFamily: [String] = []
    /// Given names of an author, matched from their start without case / `author.given`.
    package var authorGiven: [String] = []
    /// Entries related to one of these / `related`.
    package var relatedTo: [DocumentID] = []

    /// A query that matches everything.
    package init() {}
}
