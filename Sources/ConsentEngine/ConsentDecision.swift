import ExchangeCore

/// Yes or no for one document, and the rules that decided.
package struct ConsentDecision: Hashable, Sendable {
    /// What was decided.
    package let effect: ConsentEffect
    /// Which rules decided, the decisive one first, such as `directive 0190...: deny organisation urn:oid:...`.
    ///
    /// Names directives, organisations and codes, never the patient.
    package let rules: [String]

    /// A decision from its parts.
    package init(_ effect: ConsentEffect, rules: [String]) {
        self.effect = effect
        self.rules = rules
    }

    /// Whether the document may be disclosed.
    package var isPermitted: Bool { effect == .permit }
}

/// What consent needs to know of a document; nothing of its text.
package struct DocumentFacts: Hashable, Sendable {
    /// The document entry.
    package var id: DocumentID
    /// The document's own `uniqueId`.
    package var uniqueID: String?
    /// `classCode`.
    package var classCode: CodedValue?
    /// `typeCode`.
    package var typeCode: CodedValue?
    /// When it was written.
    package var creation: PartialDate?
    /// When the reported care began.
    package var serviceStart: PartialDate?
    /// When the reported care ended.
    package var serviceStop: PartialDate?
    /// Its labels.
    package var labels: SecurityLabels
    /// Identifiers of the people and organisations that wrote it.
    package var authors: [String]
    /// What it came from or refers to: `Encounter/7`, `system|value`, `DocumentReference/...`.
    package var related: [String]
    /// The community that holds it.
    package var home: CommunityID

    /// Facts from their parts.
    package init(
        id: DocumentID, uniqueID: String? = nil, classCode: CodedValue? = nil, typeCode: CodedValue? = nil,
        creation: PartialDate? = nil, serviceStart: PartialDate? = nil, serviceStop: PartialDate? = nil,
        labels: SecurityLabels, authors: [String] = [], related: [String] = [], home: CommunityID,
    ) {
        self.id = id
        self.uniqueID = uniqueID
        self.classCode = classCode
        self.typeCode = typeCode
        self.creation = creation
        self.serviceStart = serviceStart
        self.serviceStop = serviceStop
        self.labels = labels
        self.authors = authors
        self.related = related
        self.home = home
    }
}
