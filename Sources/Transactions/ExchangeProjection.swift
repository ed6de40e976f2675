import ConsentEngine
import DocumentExchange
import ExchangeCore
import GossipDirectory
import Journal
import PatientIndex
import XDSMetadata

/// A registered document as the road needs it: what consent judges, what merging compares, its rendered FHIR form, and
/// where its bytes lie.
package struct RegisteredDocument: Sendable {
    /// The record it was registered for, under whose key its bytes lie.
    package let patient: PatientID
    /// What consent judges.
    package let facts: DocumentFacts
    /// `uniqueId` of the document, for merging.
    package let uniqueID: String
    /// SHA-256 of the bytes, for merging and for checking what is retrieved.
    package let sha256: [UInt8]
    /// The media type of the bytes.
    package let mimeType: String
    /// When it was registered: the order of lists.
    package let registered: Timestamp
    /// The `DocumentReference` as FHIR JSON, rendered when the entry was projected.
    package let reference: [UInt8]
    /// Where its sealed bytes lie in the journal.
    package let content: ContentReference

    /// A document from its parts.
    package init(
        patient: PatientID, facts: DocumentFacts, uniqueID: String, sha256: [UInt8], mimeType: String, registered: Timestamp,
        reference: [UInt8], content: ContentReference,
    ) {
        self.patient = patient
        self.facts = facts
        self.uniqueID = uniqueID
        self.sha256 = sha256
        self.mimeType = mimeType
        self.registered = registered
        self.reference = reference
        self.content = content
    }
}

/// One snapshot of what a decision about a patient stands on: every record that is the same person's here.
package struct PatientFacts: Sendable {
    /// The record that was asked for, nil when the node knows none by it.
    package let patient: PatientID?
    /// Whose it is; nil when the index does not know the record.
    package let person: PersonID?
    /// The documents that match the question, of all of the person's records, newest first.
    package let documents: [RegisteredDocument]
    /// Every directive recorded for the person, record by record.
    package let consent: PersonConsent
    /// How many journal entries the snapshot contains: P of the one road.
    package let position: JournalPosition

    /// Records of one person that are judged together at the most; more than that are no person.
    package static let recordsMax = 200

    /// Says that a person has more records than can be one person's.
    package static let tooManyRecords = ExchangeError(
        .unavailable, "more than \(recordsMax) records are linked with this one; a steward has to look: hie patient unlink")

    /// A snapshot from its parts.
    package init(
        patient: PatientID?, person: PersonID?, documents: [RegisteredDocument], consent: PersonConsent,
        position: JournalPosition,
    ) {
        self.patient = patient
        self.person = person
        self.documents = documents
        self.consent = consent
        self.position = position
    }

    /// Every directive recorded for the person.
    package var directives: [ConsentDirective] { consent.directives }

    /// What an answer that rests on these facts must not have seen changed when it is written down.
    var watching: [Watched] {
        consent.records.map { .record($0) } + [person].compactMap { $0 }.map { .person($0.bytes) }
    }

    /// The records that are judged together; empty for one that is alone.
    var together: [PatientID] { consent.parts.count > 1 ? consent.records : [] }

    /// The same with other documents, as of a position.
    func with(_ documents: [RegisteredDocument], at position: JournalPosition) -> PatientFacts {
        PatientFacts(patient: patient, person: person, documents: documents, consent: consent, position: position)
    }

    /// The documents that were registered for the record asked for.
    var ownDocuments: [RegisteredDocument] { documents.filter { $0.patient == patient } }
}

/// One snapshot of a person's lists, and of every document of theirs.
package struct ListFacts: Sendable {
    /// Every document, and what is decided by.
    package let facts: PatientFacts
    /// Every submission set and folder, newest registration first, then by id.
    package let lists: [RegisteredList]

    /// A snapshot from its parts.
    package init(facts: PatientFacts, lists: [RegisteredList]) {
        self.facts = facts
        self.lists = lists
    }
}

/// The port to the tables made from the journal: what every question reads.
///
/// Every method reads one consistent snapshot. Errors are `.unavailable` (the disk) and `.corrupted` (a row that cannot
/// be read): a projection that is wrong is rebuilt, never trusted.
package protocol ExchangeProjection: Projection, PatientProjection, ConsentProjection, RegistryProjection {
    /// Everything a decision about the documents of one person needs, who is named by one of their records.
    ///
    /// `.unavailable` for a person of more than `PatientFacts.recordsMax` records.
    func facts(about patient: PatientID, matching query: DocumentQuery) async throws -> PatientFacts

    /// The same without any document.
    func standing(of patient: PatientID) async throws -> PatientFacts

    /// Everything a decision about one document needs; nil when there is none of that id.
    func facts(aboutDocument id: DocumentID) async throws -> PatientFacts?

    /// Every list of one person's documents, newest registration first, and everything a decision about them needs.
    func lists(about patient: PatientID) async throws -> ListFacts

    /// The same of the person whose list one is; nil when there is none of that id.
    func lists(aboutList id: String) async throws -> ListFacts?

    /// Every version of a patient's record, newest first; empty for a record that is not known.
    func patientVersions(of id: PatientID) async throws -> [PatientVersion]

    /// Whether any record carries an identifier of a system.
    func isIdentifierSystem(_ system: String) async throws -> Bool

    /// The records that a search by demographics means, in order of id; nil when more than `limit` would have to be read.
    func patients(matching criteria: PatientCriteria, limit: Int) async throws -> [PatientRecord]?

    /// The newest access entries about a patient, newest first, with position and time.
    func accesses(to patient: PatientID, limit: Int) async throws -> [AccessEvent]

    /// How many patients, documents and directives the node holds.
    func counts() async throws -> ExchangeCounts

    /// What is known of the directory, by kind and community; the newest of each.
    func directoryFacts() async throws -> [DirectoryFact]

    /// Keeps what others signed; not journalled, it comes again from any peer.
    func keep(_ fact: DirectoryFact) async throws

    /// The consent directive of that id, whoever's it is.
    func directive(_ id: DirectiveID) async throws -> ConsentDirective?

    /// Emergencies, newest first; those that are closed only when asked for.
    func alerts(withClosed: Bool, limit: Int) async throws -> [EmergencyAlert]

    /// One emergency by its id.
    func alert(_ id: JournalPosition) async throws -> EmergencyAlert?

    /// Changes that somebody asked for, newest first; those that are decided only when asked for.
    func changes(withDecided: Bool, limit: Int) async throws -> [ChangeRequest]

    /// One of them by its id.
    func change(_ id: JournalPosition) async throws -> ChangeRequest?

    /// The legal hold on a patient's record; nil when there is none.
    func legalHold(of patient: PatientID) async throws -> LegalHold?

    /// Every legal hold.
    func legalHolds() async throws -> [LegalHold]

    /// Everybody the journal says was erased, in order.
    func erasedPatients() async throws -> [PatientID]

    /// Every document the journal says was erased, in order, and where its bytes lay.
    func erasedDocuments() async throws -> [ContentReference]

    /// The ids of the patients registered here behind one of them, in order, at most `limit`.
    func patientIDs(after: PatientID?, limit: Int) async throws -> [PatientID]

    /// Overwrites what was deleted, wherever its file still holds it.
    func purge() async throws

    /// Alerts that rules raised, newest first; those that are closed only when asked for.
    func ruleAlerts(withClosed: Bool, limit: Int) async throws -> [RuleAlert]

    /// One alert that a rule raised, by its id.
    func ruleAlert(_ id: JournalPosition) async throws -> RuleAlert?

    /// One alert that a rule raised, by what makes it the same (`RaisedAlert.key`).
    func ruleAlert(key: String) async throws -> RuleAlert?

    /// Every version of a directive, newest first; empty when there is none of that id.
    func versions(of id: DirectiveID) async throws -> [ConsentVersion]

    /// What other communities did with a directive recorded here, as far as they have said; the last word of each.
    func deliveries(of directive: DirectiveID) async throws -> [ConsentDelivery]

    /// Directives recorded here whose newest version is not in force at a community: nothing was said of it, or
    /// something else and before that moment.
    func undelivered(to community: CommunityID, settledBefore: Timestamp, limit: Int) async throws -> [DirectiveID]

    /// What is kept here of another community's directive: one for each patient it is about, and since when.
    func copies(of directive: DirectiveID, from origin: CommunityID) async throws -> [ConsentCopy]

    /// Every stay and visit of a record and of those their source merged with it, by number: the last word about each.
    func encounters(of patient: PatientID) async throws -> [CareEncounter]

    /// The latest so many messages that feeds have taken, the oldest first.
    func takenMessages(atMost count: Int) async throws -> [TakenMessage]

    /// Every subscription, those that are over too, by id.
    func subscriptions() async throws -> [RecordedSubscription]

    /// One subscription by its id.
    func subscription(_ id: SubscriptionID) async throws -> RecordedSubscription?

    /// The newest version of each of a patient's directives, by id, and the position the answer is complete up to.
    func consents(of patient: PatientID) async throws -> (versions: [ConsentVersion], position: JournalPosition)
}

/// How much a node holds: for status and metrics, no patient in it.
package struct ExchangeCounts: Hashable, Sendable {
    /// Patient records.
    package let patients: Int
    /// Document entries.
    package let documents: Int
    /// Consent directives, revoked ones included.
    package let directives: Int

    /// Counts from their parts.
    package init(patients: Int, documents: Int, directives: Int) {
        self.patients = patients
        self.documents = documents
        self.directives = directives
    }
}
