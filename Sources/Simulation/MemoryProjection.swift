import ConsentEngine
import DocumentExchange
import ExchangeCore
import GossipDirectory
import Journal
import PatientIndex
import Synchronization
import Transactions
import Trust
import XDSMetadata

/// The journal's projection in memory: the same questions, the same answers, for simulations and tests.
package final class MemoryProjection: Sendable {
    struct Tables {
        var mark: AppliedMark?
        var patients: [PatientID: PatientRecord] = [:]
        var patientVersions: [PatientID: [PatientVersion]] = [:]
        var systems: Set<String> = []
        var persons = PersonLedger(secret: IndexSecret(Array("simulated".utf8)))
        var documents: [PatientID: [DocumentID: RegisteredDocument]] = [:]
        var entries: [DocumentID: DocumentEntry] = [:]
        var sets: Set<String> = []
        var lists: [String: StoredList] = [:]
        var directives: [PatientID: [DirectiveID: ConsentVersion]] = [:]
        var versions: [DirectiveID: [ConsentVersion]] = [:]
        var encounters: [PatientID: [String: (encounter: CareEncounter, position: JournalPosition)]] = [:]
        var taken: [TakenMessage] = []
        var subscriptions: [SubscriptionID: RecordedSubscription] = [:]
        var accesses: [PatientID: [AccessEvent]] = [:]
        var deliveries: [DirectiveID: [CommunityID: ConsentDelivery]] = [:]
        var origins: [ConsentOriginName: [DirectiveID: Timestamp]] = [:]
        var alerts: [JournalPosition: EmergencyAlert] = [:]
        var ruleAlerts: [JournalPosition: RuleAlert] = [:]
        var holds: [PatientID: LegalHold] = [:]
        var changes: [JournalPosition: ChangeRequest] = [:]
        var erased: [PatientID] = []
        var erasedDocuments: [ContentReference] = []
        var directory: [DirectoryFact] = []
    }

    let tables = Mutex(Tables())
    private let base: String
    let latency: @Sendable () async -> Void

    /// An empty projection whose rendered links start with `base`.
    ///
    /// - Parameter latency: waited for between taking a snapshot and returning it, as a disk would: what happens
    ///   meanwhile is what the condition on P is for.
    package init(base: String, latency: @escaping @Sendable () async -> Void = {}) {
        self.base = base
        self.latency = latency
    }

    private static func apply(_ entry: CommittedEntry, base: String, to tables: inout Tables) throws(ExchangeError) {
        if entry.kind == .directory {
            return keep(try entry.decoded { () throws(ExchangeError) in try DirectoryFact(payload: entry.payload) }, in: &tables)
        }
        if let taken = try TakenMessage(entry) { return tables.taken.append(taken) }
        if let act = try ModelEntry.act(entry) { return tables.persons.apply(act) }
        if let erasure = try Erasure(entry) { return erase(erasure.patient, from: &tables) }
        if let erasure = try DocumentErasure(entry) { return erase(erasure, from: &tables) }
        if let act = try ChangeRequest.Act(entry) {
            tables.changes[act.request]?.add(act)
            return
        }
        if let request = try ChangeRequest(entry) {
            tables.changes[request.id] = request
            return
        }
        guard let subject = entry.subject, !entry.isErased else { return }
        switch entry.kind {
        case .identity:
            switch try IdentityEntry(entry, id: subject) {
            case .registration(let record, let decision):
                tables.patients[subject] = record
                let number = (tables.patientVersions[subject]?.count ?? 0) + 1
                tables.patientVersions[subject, default: []].append(
                    PatientVersion(record: record, number: number, updated: entry.time))
                tables.systems.formUnion(record.identifiers.map(\.system))
                guard let decision = decision ?? .unstated(subject) else { return }
                tables.persons.register(
                    subject, PackedRecord(record.demographics, identifiers: record.identifiers),
                    isActive: record.isActive, decision: decision, at: entry.position)
            case .act(let act):
                tables.persons.apply(act, at: entry.position)
                for retired in act.retires {
                    tables.patients[retired.record]?.isActive = false
                    tables.patients[retired.record]?.survivor = retired.survivor
                }
                for revived in act.revives {
                    tables.patients[revived.record]?.isActive = true
                    tables.patients[revived.record]?.survivor = nil
                }
            }
        case .submission: try applySubmission(entry, subject, base: base, to: &tables)
        case .consent:
            let directive = try entry.decoded { () throws(ExchangeError) in try ConsentDirective(payload: entry.payload) }
            let last = tables.versions[directive.id]?.last?.number ?? 0
            let version = ConsentVersion(
                directive: directive, number: ConsentVersion.number(stated: directive.version, after: last), resource: entry.payload,
                position: entry.position)
            tables.directives[subject, default: [:]][directive.id] = version
            tables.versions[directive.id, default: []].append(version)
            if let origin = directive.origin {
                tables.origins[ConsentOriginName(origin), default: [:]][directive.id] = entry.time
            }
        case .encounter:
            let encounter = try entry.decoded { () throws(ExchangeError) in try EncounterEntry.encounter(entry.payload) }
            tables.encounters[subject, default: [:]][encounter.number] = (encounter, entry.position)
        case .subscription:
            let made = try entry.decoded { () throws(ExchangeError) in
                try DocumentSubscription(payload: entry.payload, patient: subject)
            }
            let first = tables.subscriptions[made.id]?.position ?? entry.position
            tables.subscriptions[made.id] = RecordedSubscription(made, position: first)
        case .delivery:
            let delivery = try entry.decoded { () throws(ExchangeError) in try ConsentDelivery(payload: entry.payload) }
            tables.deliveries[delivery.directive, default: [:]][delivery.community] = delivery
        case .access:
            let record = try entry.decoded { () throws(ExchangeError) in try AccessRecord(payload: entry.payload) }
            let event = AccessEvent(position: entry.position, time: entry.time, record: record)
            tables.accesses[subject, default: []].append(event)
            if record.isEmergency { open(event, subject, &tables) }
        case .administration:
            if let hold = try LegalHold(entry) {
                tables.holds[subject] = hold.isHeld ? hold : nil
                return
            }
            if let raised = try RuleAlert(entry) {
                tables.ruleAlerts[raised.id] = raised
                return
            }
            guard let act = try AlertAct(entry) else { return }
            tables.ruleAlerts[act.alert]?.add(act, at: entry.position, entry.time)
            tables.alerts[act.alert]?.add(act, at: entry.position, entry.time)
        case .genesis, .inquiry, .directory, .repair, .erasure, .feed: break
        }
    }

    private static func erase(_ erasure: DocumentErasure, from tables: inout Tables) {
        takeOut(erasure.contents.map(\.document), from: &tables)
        for content in erasure.contents {
            tables.entries[content.document] = nil
            tables.documents[erasure.patient]?[content.document] = nil
            tables.erasedDocuments.append(content)
        }
    }

    private static func erase(_ patient: PatientID, from tables: inout Tables) {
        eraseLists(of: patient, Array((tables.documents[patient] ?? [:]).keys), from: &tables)
        for id in (tables.documents[patient] ?? [:]).keys { tables.entries[id] = nil }
        for id in (tables.directives[patient] ?? [:]).keys {
            tables.versions[id] = nil
            tables.deliveries[id] = nil
        }
        tables.documents[patient] = nil
        tables.directives[patient] = nil
        tables.encounters[patient] = nil
        tables.subscriptions = tables.subscriptions.filter { $0.value.subscription.patient != patient }
        tables.accesses[patient] = nil
        tables.patients[patient] = nil
        tables.patientVersions[patient] = nil
        tables.persons.forget(patient)
        tables.holds[patient] = nil
        tables.changes = tables.changes.filter { $0.value.subject != patient }
        tables.alerts = tables.alerts.filter { $0.value.patient != patient }
        tables.ruleAlerts = tables.ruleAlerts.filter { $0.value.raised.patient != patient }
        if !tables.erased.contains(patient) { tables.erased.append(patient) }
    }

    private static func open(_ event: AccessEvent, _ patient: PatientID, _ tables: inout Tables) {
        let known = tables.alerts.values.filter { $0.patient == patient }.sorted { $0.id > $1.id }
        guard let alert = known.first(where: { $0.covers(event) }) else {
            tables.alerts[event.position] = EmergencyAlert(event, patient: patient)
            return
        }
        tables.alerts[alert.id]?.add(event)
    }

    private static func applySubmission(
        _ entry: CommittedEntry, _ subject: PatientID, base: String, to tables: inout Tables,
    ) throws(ExchangeError) {
        let record = try entry.decoded { () throws(ExchangeError) in try SubmissionRecord(payload: entry.payload, base: base) }
        tables.sets.insert(record.set.uniqueID)
        for (index, document) in record.entries.enumerated() {
            guard index < entry.contents.count else {
                throw ExchangeError(.corrupted, "a submission names more documents than stand beside it")
            }
            put(document, reference: record.references[index], content: entry.contents[index], subject, &tables)
        }
        applyLists(record, entry, subject, to: &tables)
        for id in record.superseded {
            guard var document = tables.entries[id], let old = tables.documents[document.patient]?[id] else { continue }
            document.status = .superseded
            let rendered = SubmissionRecord(set: record.set, entries: [document], superseded: [], base: base)
            put(document, reference: rendered.references[0], content: old.content, document.patient, &tables)
        }
    }

    private static func keep(_ fact: DirectoryFact, in tables: inout Tables) {
        tables.directory.removeAll { $0.kind == fact.kind && $0.community == fact.community }
        tables.directory.append(fact)
    }

    private static func put(
        _ document: DocumentEntry, reference: [UInt8], content: ContentReference, _ patient: PatientID,
        _ tables: inout Tables,
    ) {
        tables.entries[document.id] = document
        tables.documents[patient, default: [:]][document.id] = RegisteredDocument(
            patient: patient, facts: DocumentFacts(document), uniqueID: document.uniqueID, sha256: document.sha256,
            mimeType: document.mimeType, registered: document.registered, reference: reference, content: content)
    }
}

extension MemoryProjection: Projection {
    package func applied() async throws(ExchangeError) -> AppliedMark? { tables.withLock(\.mark) }

    package func apply(_ entries: [CommittedEntry]) async throws(ExchangeError) {
        guard let last = entries.last else { return }
        let result = tables.withLock { tables -> Result<Void, ExchangeError> in
            var changed = tables
            do throws(ExchangeError) {
                for entry in entries { try Self.apply(entry, base: base, to: &changed) }
            } catch {
                return .failure(error)
            }
            changed.mark = AppliedMark(origin: changed.mark?.origin ?? "", next: last.position + 1, leaf: last.leaf)
            tables = changed
            return .success(())
        }
        try result.get()
    }

    package func reset(origin: String) async throws(ExchangeError) {
        tables.withLock { tables in
            let directory = tables.directory
            tables = Tables()
            tables.directory = directory
            tables.mark = AppliedMark(origin: origin, next: 0, leaf: [])
        }
    }
}

extension MemoryProjection: ExchangeProjection {
    package func facts(about patient: PatientID, matching query: DocumentQuery) async throws -> PatientFacts {
        let facts = tables.withLock { tables in
            Result {
                let documents = try Self.records(with: patient, tables).flatMap { (tables.documents[$0] ?? [:]).values }
                    .filter { found in tables.entries[found.facts.id].map { QueryMatcher.matches($0, query) } ?? false }
                    .sorted { ($1.registered, $0.facts.id) < ($0.registered, $1.facts.id) }
                return try Self.facts(about: patient, documents, tables)
            }
        }
        await latency()
        return try facts.get()
    }

    package func standing(of patient: PatientID) async throws -> PatientFacts {
        let facts = tables.withLock { tables in Result { try Self.facts(about: patient, [], tables) } }
        await latency()
        return try facts.get()
    }

    package func facts(aboutDocument id: DocumentID) async throws -> PatientFacts? {
        let facts = tables.withLock { tables in
            Result { () -> PatientFacts? in
                guard let entry = tables.entries[id], let document = tables.documents[entry.patient]?[id] else {
                    return nil
                }
                return try Self.facts(about: entry.patient, [document], tables)
            }
        }
        await latency()
        return try facts.get()
    }

    static func facts(about patient: PatientID, _ documents: [RegisteredDocument], _ tables: Tables) throws
        -> PatientFacts
    {
        PatientFacts(
            patient: tables.patients[patient]?.id,
            person: try tables.persons.person(of: patient).map { try tables.persons.id(of: $0) }, documents: documents,
            consent: PersonConsent(
                try records(with: patient, tables).map { record in
                    .init(
                        record,
                        PatientConsent(newest(of: record, tables).map(\.directive), care: try encounters(of: record, tables),
                            hasOwnCare: tables.encounters[record]?.isEmpty == false))
                }), position: tables.mark?.next ?? 0)
    }

    package func accesses(to patient: PatientID, limit: Int) async throws -> [AccessEvent] {
        tables.withLock { Array(($0.accesses[patient] ?? []).reversed().prefix(limit)) }
    }

    package func counts() async throws -> ExchangeCounts {
        tables.withLock { tables in
            ExchangeCounts(
                patients: tables.patients.count, documents: tables.entries.count,
                directives: tables.directives.values.reduce(0) { $0 + $1.count })
        }
    }

    package func directoryFacts() async throws -> [DirectoryFact] {
        tables.withLock { $0.directory.sorted { ($0.kind.rawValue, $0.community) < ($1.kind.rawValue, $1.community) } }
    }

    package func keep(_ fact: DirectoryFact) async throws {
        tables.withLock { Self.keep(fact, in: &$0) }
    }

    package func directive(_ id: DirectiveID) async throws -> ConsentDirective? {
        tables.withLock { $0.versions[id]?.last?.directive }
    }

    package func versions(of id: DirectiveID) async throws -> [ConsentVersion] {
        tables.withLock { ($0.versions[id] ?? []).reversed() }
    }

    package func consents(of patient: PatientID) async throws -> (versions: [ConsentVersion], position: JournalPosition) {
        let snapshot = tables.withLock { (versions: Self.newest(of: patient, $0), position: $0.mark?.next ?? 0) }
        await latency()
        return snapshot
    }

    private static func newest(of patient: PatientID, _ tables: Tables) -> [ConsentVersion] {
        (tables.directives[patient] ?? [:]).values.sorted { $0.directive.id < $1.directive.id }
    }

    package func deliveries(of directive: DirectiveID) async throws -> [ConsentDelivery] {
        tables.withLock { ($0.deliveries[directive] ?? [:]).values.sorted { $0.community < $1.community } }
    }

    package func undelivered(to community: CommunityID, settledBefore: Timestamp, limit: Int) async throws -> [DirectiveID] {
        tables.withLock { tables in
            let missing = tables.versions.values.compactMap(\.last).filter { newest in
                guard newest.directive.origin == nil else { return false }
                guard let last = tables.deliveries[newest.id]?[community], last.version >= newest.number else { return true }
                return last.outcome != .inForce && last.signed < settledBefore
            }
            return Array(missing.map(\.id).sorted().prefix(limit))
        }
    }

    package func copies(of directive: DirectiveID, from origin: CommunityID) async throws -> [ConsentCopy] {
        tables.withLock { tables in
            let ids = tables.origins[ConsentOriginName(community: origin, directive: directive)] ?? [:]
            return ids.sorted { $0.key < $1.key }.compactMap { id, since in
                tables.versions[id]?.last.map { ConsentCopy(version: $0, since: since) }
            }
        }
    }

    package func directives(of patient: PatientID) async throws -> (directives: [ConsentDirective], position: UInt64) {
        let snapshot = tables.withLock { tables in
            (
                directives: Self.newest(of: patient, tables).map(\.directive), position: tables.mark?.next ?? 0
            )
        }
        await latency()
        return snapshot
    }

    package func entries(of patient: PatientID, matching query: DocumentQuery) async throws -> [DocumentEntry] {
        let found = try await facts(about: patient, matching: query).documents.map(\.facts.id)
        return tables.withLock { tables in found.compactMap { tables.entries[$0] } }
    }

    package func entry(_ id: DocumentID) async throws -> DocumentEntry? { tables.withLock { $0.entries[id] } }

    package func entries(uniqueID: String) async throws -> [DocumentEntry] {
        tables.withLock { tables in
            tables.entries.values.filter { $0.uniqueID.utf8.elementsEqual(uniqueID.utf8) }
                .sorted { ($1.registered, $0.id) < ($0.registered, $1.id) }
        }
    }

    package func submissionExists(uniqueID: String) async throws -> Bool {
        tables.withLock { tables in
            tables.sets.contains(uniqueID) || tables.entries.values.contains { $0.uniqueID == uniqueID }
        }
    }
}

/// A directive by where it was recorded.
struct ConsentOriginName: Hashable {
    let community: CommunityID
    let directive: DirectiveID

    init(community: CommunityID, directive: DirectiveID) {
        self.community = community
        self.directive = directive
    }

    init(_ origin: ConsentOrigin) { self.init(community: origin.community, directive: origin.directive) }
}
