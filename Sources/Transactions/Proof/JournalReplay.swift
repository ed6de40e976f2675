import ConsentEngine
import ExchangeCore
import Journal
import PatientIndex
import XDSMetadata

/// Decides every disclosure of a journal anew, from the consents and documents that stood in it before: each answer must
/// follow (promise 4).
///
/// A fold over the opened entries in order, from the first. It re-decides what this node decided about documents it holds,
/// and about whether a patient may be known; what another community decided stands in that community's journal.
package struct JournalReplay: Sendable {
    /// What does not follow.
    package struct Finding: Sendable, Hashable {
        /// The access entry.
        package let position: JournalPosition
        /// What is wrong with it, without a name.
        package let reason: String
    }

    /// What was done.
    package struct Report: Sendable, Hashable {
        /// Entries folded.
        package fileprivate(set) var entries: UInt64 = 0
        /// Access entries that were decided anew.
        package fileprivate(set) var accesses: UInt64 = 0
        /// Decisions about a document, and about a patient, that were made anew.
        package fileprivate(set) var decisions: UInt64 = 0
        /// Decisions about documents that other communities hold.
        package fileprivate(set) var elsewhere: UInt64 = 0
        /// Entries that cannot be opened any more, because their patient was erased.
        package fileprivate(set) var erased: UInt64 = 0
        /// Accesses from before entries named their policy: decided by the present one.
        package fileprivate(set) var assumed: UInt64 = 0
        /// What does not follow, the first hundred.
        package fileprivate(set) var findings: [Finding] = []
    }

    private struct Said {
        var directives: [DirectiveID: ConsentDirective] = [:]
        var order: [DirectiveID] = []
        var care: [String: (encounter: CareEncounter, position: JournalPosition)] = [:]
        var lastConsent: JournalPosition?
    }

    private static let findingsMax = 100
    private let community: CommunityID
    private let base: String
    private let policy: ConsentPolicyDefault
    private var people: [PatientID: Said] = [:]
    /// Whose each record is; demographics are left out, since nothing is matched again.
    private var persons = PersonLedger(secret: IndexSecret([]))
    /// Which record took the place of one that is in use no more.
    private var survivors: [PatientID: PatientID] = [:]
    /// Whether an entry that says so cannot be opened any more.
    private var isIndexWhole = true
    private var documents: [DocumentID: (facts: DocumentFacts, patient: PatientID)] = [:]
    /// Documents that were erased, and the entry that says so.
    private var gone: [DocumentID: JournalPosition] = [:]
    /// What was found so far.
    package private(set) var report = Report()

    /// A replay for a node: its community, its base URL, and the policy that holds where an entry does not name one.
    package init(community: CommunityID, base: String, policy: ConsentPolicyDefault) {
        self.community = community
        self.base = base
        self.policy = policy
    }

    /// Takes the next entry. Throws `.corrupted` when a payload cannot be read.
    package mutating func take(_ entry: CommittedEntry) throws(ExchangeError) {
        report.entries += 1
        guard !entry.isErased else {
            report.erased += 1
            if entry.kind == .identity { isIndexWhole = false }
            return
        }
        if let erasure = try DocumentErasure(entry) {
            for content in erasure.contents { gone[content.document] = entry.position }
            return
        }
        guard let patient = entry.subject else { return }
        switch entry.kind {
        case .consent:
            let directive = try ConsentDirective(payload: entry.payload)
            var said = people[patient] ?? Said()
            if said.directives.updateValue(directive, forKey: directive.id) == nil { said.order.append(directive.id) }
            said.lastConsent = entry.position
            people[patient] = said
        case .encounter:
            let encounter = try EncounterEntry.encounter(entry.payload)
            var said = people[patient] ?? Said()
            said.care[encounter.number] = (encounter, entry.position)
            said.lastConsent = entry.position
            people[patient] = said
        case .identity: take(try IdentityEntry(payload: entry.payload, id: patient), entry)
        case .submission:
            for document in try SubmissionRecord(payload: entry.payload, base: base).entries {
                documents[document.id] = (DocumentFacts(document), patient)
            }
        case .access: try check(try AccessRecord(payload: entry.payload), entry, patient)
        default: break
        }
    }

    private mutating func take(_ identity: IdentityEntry, _ entry: CommittedEntry) {
        switch identity {
        case .registration(let record, let decision):
            guard let decision = decision ?? .unstated(record.id) else { return }
            persons.register(
                record.id, PackedRecord(Demographics(), identifiers: []), isActive: record.isActive, decision: decision,
                at: entry.position)
        case .act(let act):
            persons.apply(act, at: entry.position)
            for retired in act.retires { survivors[retired.record] = retired.survivor }
            for revived in act.revives { survivors[revived.record] = nil }
        }
    }

    /// The records that the access says were judged together, with what stood at each; nil when they were not all.
    private mutating func judgedTogether(_ record: AccessRecord, _ patient: PatientID, _ entry: CommittedEntry) -> [PatientID]? {
        let named = record.together.isEmpty ? [patient] : record.together
        let linked = persons.person(of: patient).map { persons.members(of: $0) } ?? [patient]
        guard !isIndexWhole || linked.allSatisfy(named.contains) else {
            note(entry, "it was judged without every record of the person")
            return nil
        }
        // What an erased record said cannot be weighed again.
        guard isIndexWhole || named.allSatisfy({ persons.person(of: $0) != nil }) else {
            report.erased += 1
            return nil
        }
        for other in named {
            guard let changed = people[other]?.lastConsent, changed >= record.factsPosition else { continue }
            note(entry, "the patient's consent changed at entry \(changed), after the facts it rests on")
            return nil
        }
        return named
    }

    private mutating func check(
        _ record: AccessRecord, _ entry: CommittedEntry, _ patient: PatientID,
    ) throws(ExchangeError) {
        guard let door = AccessContext.Door(rawValue: record.door) else {
            return note(entry, "it names no door")
        }
        guard record.factsPosition <= entry.position else { return note(entry, "it rests on facts from after it") }
        // Before entries named their policy, position and clock were the same as now.
        guard ["ITI-66", "ITI-67", "ITI-68", "ITI-119", "ITI-78", "ITI-112", "MDM"].contains(record.transaction), door != .administration else { return }
        guard let together = judgedTogether(record, patient, entry) else { return }
        let named = record.policy.flatMap { ConsentPolicyDefault(name: $0) }
        if record.policy != nil, named == nil { return note(entry, "it names a policy that does not exist") }
        if named == nil { report.assumed += 1 }
        report.accesses += 1
        let merged = MergedRecords(together, survivors: survivors)
        let consent = PersonConsent(
            together.map { one in
                let said = people[one] ?? Said()
                return .init(one, PatientConsent(
                    said.order.compactMap { said.directives[$0] },
                    care: MergedRecords.care(merged.joined(with: one).flatMap { (people[$0]?.care ?? [:]).values }),
                    hasOwnCare: !said.care.isEmpty))
            }
        ).compiled(policy: named ?? policy, treating: record.treating, now: record.decided ?? entry.time)
        let context = AccessContext(
            door: door, user: record.user, role: record.role, organization: record.organization,
            community: record.community, purpose: record.purpose, deadline: .zero, traceID: record.traceID,
            presentedRole: record.presentedRole)
        if record.transaction == "ITI-119" || record.transaction == "ITI-78" {
            if door == .peer { try checkKnown(patient, consent, context, entry) }
            return
        }
        for decision in record.decisions {
            for id in decision.documents {
                check(id, decision, of: patient, consent, context, entry, factsPosition: record.factsPosition)
            }
        }
    }

    private mutating func check(
        _ id: DocumentID, _ decision: AccessRecord.Decision, of patient: PatientID, _ consent: CompiledPersonConsent,
        _ context: AccessContext, _ entry: CommittedEntry, factsPosition: JournalPosition,
    ) {
        guard let (facts, owner) = documents[id] else {
            report.elsewhere += 1
            return
        }
        guard owner == patient else { return note(entry, "it discloses another patient's document") }
        // Facts read before an erasure may be answered behind it: the entry then says so.
        if let erased = gone[id], decision.isPermitted, factsPosition > erased {
            return note(entry, "it disclosed a document that was erased at entry \(erased)")
        }
        report.decisions += 1
        let again = consent.decide(context, document: facts, of: patient)
        if again.isPermitted != decision.isPermitted {
            return note(
                entry,
                decision.isPermitted
                    ? "it disclosed a document that the consents in force denied: \(again.rules.first ?? "no rule")"
                    : "it withheld a document that the consents in force permitted: \(again.rules.first ?? "no rule")")
        }
        if again.rules != decision.rules { note(entry, "another rule decided than the one it names") }
    }

    private mutating func checkKnown(
        _ patient: PatientID, _ consent: CompiledPersonConsent, _ context: AccessContext, _ entry: CommittedEntry,
    ) throws(ExchangeError) {
        guard let any = DocumentID(bytes: [UInt8](repeating: 0, count: 16)) else { return }
        report.decisions += 1
        let existence = DocumentFacts(id: any, labels: SecurityLabels(confidentiality: .normal), home: community)
        if !consent.decide(context, document: existence, of: patient).isPermitted {
            note(entry, "it let a community know a patient whose consents in force denied it")
        }
    }

    private mutating func note(_ entry: CommittedEntry, _ reason: String) {
        guard report.findings.count < Self.findingsMax else { return }
        report.findings.append(Finding(position: entry.position, reason: reason))
    }
}
