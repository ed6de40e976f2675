import ExchangeCore

/// What a rule or a directive says.
package enum ConsentEffect: String, Sendable, CaseIterable { case permit, deny }

/// Whom a rule names.
package enum ConsentActor: Hashable, Sendable {
    /// A community by its URN, or an organisation by its identifier as tokens carry it.
    case organization(String)
    /// A role or a group of users, as tokens name it.
    case role(String)
    /// One user, as the subject of tokens.
    case practitioner(String)
    /// Whoever treats the patient in a stay or visit that goes on or ended lately (`CareEncounter`).
    case treating
}

/// Which documents a rule names (FHIR `provision.data`).
package enum DocumentScope: Hashable, Sendable {
    /// One document by its entry (`instance`).
    case document(DocumentID)
    /// One document by its `uniqueId` (`instance`).
    case uniqueID(String)
    /// Everything written by a person or organisation (`authoredby`).
    case author(String)
    /// Everything that came from, or refers to, something else: an encounter, an episode, a document (`related`).
    case related(String)
    /// Something this node cannot relate documents to: a permit never covers it, a deny always does.
    case unresolvable(String)
}

/// A half-open interval of time; nil ends are open.
package struct ConsentPeriod: Hashable, Sendable {
    /// From when, as written.
    package let start: PartialDate?
    /// Until when, as written: the whole of a day or month that is named.
    package let end: PartialDate?

    /// A period from its ends as FHIR writes them, both included.
    package init(start: PartialDate?, end: PartialDate?) {
        self.start = start
        self.end = end
    }

    /// Whether a moment lies in it.
    package func contains(_ time: Timestamp) -> Bool {
        if let start, time < start.start { return false }
        if let end, time >= end.end { return false }
        return true
    }
}

/// One provision: an effect and the conditions under which it speaks; an empty list or nil is no condition.
///
/// All conditions must hold; within a list one is enough.
package struct ConsentRule: Hashable, Sendable {
    /// What it says when it applies.
    package var effect: ConsentEffect
    /// Who asks.
    package var actors: [ConsentActor]
    /// What for (v3-ActReason or a community's own system).
    package var purposes: [CodedValue]
    /// Document classes.
    package var classCodes: [CodedValue]
    /// Document types.
    package var typeCodes: [CodedValue]
    /// Certain documents.
    package var data: [DocumentScope]
    /// When the care was given or the document written.
    package var dataPeriod: ConsentPeriod?
    /// Confidentiality and sensitivity.
    package var securityLabels: [CodedValue]
    /// When the rule itself holds.
    package var period: ConsentPeriod?

    /// A rule from its parts.
    package init(
        _ effect: ConsentEffect, actors: [ConsentActor] = [], purposes: [CodedValue] = [],
        classCodes: [CodedValue] = [], typeCodes: [CodedValue] = [], data: [DocumentScope] = [],
        dataPeriod: ConsentPeriod? = nil, securityLabels: [CodedValue] = [], period: ConsentPeriod? = nil,
    ) {
        self.effect = effect
        self.actors = actors
        self.purposes = purposes
        self.classCodes = classCodes
        self.typeCodes = typeCodes
        self.data = data
        self.dataPeriod = dataPeriod
        self.securityLabels = securityLabels
        self.period = period
    }
}

/// What a patient laid down about who may see their documents (FHIR `Consent` as IHE PCF profiles it).
package struct ConsentDirective: Hashable, Sendable {
    /// Its state (FHIR `Consent.status`); only an active one decides.
    package enum Status: String, Sendable, CaseIterable {
        case draft, proposed, active, rejected, inactive
        case enteredInError = "entered-in-error"
    }

    /// Its id, also the FHIR id.
    package let id: DirectiveID
    /// Whose documents it is about.
    package let patient: PatientID
    /// Which version of it this is, from 1; `meta.versionId`.
    package var version: Int
    /// Only an active one decides.
    package var status: Status
    /// The base provision; its period is the directive's own.
    package var base: ConsentRule
    /// Exceptions to the base, one level only.
    package var exceptions: [ConsentRule]
    /// The policies it names, as URIs; a `-normal` one keeps its permits to normal documents.
    package var policies: [String]
    /// When it was recorded here.
    package var recorded: Timestamp
    /// Who laid it down, and what shows it; nil when that was not said.
    package var recordedBy: Representative?
    /// Where it was recorded when that was another community; nil for this node's own. Such a directive only denies.
    package var origin: ConsentOrigin?
    /// Elements that were not understood, as paths; when any, the directive permits nothing and denies everything.
    package var doubts: [String]

    /// A directive from its parts.
    package init(
        id: DirectiveID, patient: PatientID, version: Int = 1, status: Status = .active, base: ConsentRule,
        exceptions: [ConsentRule] = [], policies: [String] = [], recorded: Timestamp,
        recordedBy: Representative? = nil, origin: ConsentOrigin? = nil, doubts: [String] = [],
    ) {
        self.id = id
        self.patient = patient
        self.version = max(1, version)
        self.status = status
        self.base = base
        self.exceptions = exceptions
        self.policies = policies
        self.recorded = recorded
        self.recordedBy = recordedBy
        self.origin = origin
        self.doubts = doubts
    }
}
