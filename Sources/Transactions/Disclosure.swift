import ConsentEngine
import ExchangeCore
import JSON
import Journal
import Logging
import XDSMetadata

/// What may leave the node, and the proof that it was written down first (steps 1, 2 and 4 of the one road).
///
/// Whoever holds one must end its ticket when the bytes have left, or will not be sent.
package struct Disclosure: Sendable {
    /// The record that was asked for.
    package let patient: PatientID
    /// What consent permits of what was asked, in the order of the facts.
    package let documents: [RegisteredDocument]
    /// The answer on its way out.
    package let ticket: AnswersUnderWay.Ticket
}

/// One access entry of an answer, and the facts that it rests on.
struct AccessEntry {
    /// The record it is written under.
    let about: PatientID
    let access: AccessRecord
    let facts: PatientFacts
}

extension Exchange {
    /// Judges every document of a snapshot for one requester; of the permitted ones, the first `documentsPerSearchMax`.
    ///
    /// The limit counts what is permitted: what is hidden must not take the place of what is not.
    func decide(_ facts: PatientFacts, for context: AccessContext, now: Timestamp)
        -> [(RegisteredDocument, ConsentDecision)]
    {
        let consent = facts.consent.compiled(policy: settings.consentDefault, treating: settings.treating, now: now)
        var rest = settings.limits.documentsPerSearchMax
        return facts.documents.compactMap { document in
            let decision = consent.decide(context, document: document.facts, of: document.patient)
            if decision.isPermitted { rest -= 1 }
            return decision.isPermitted && rest < 0 ? nil : (document, decision)
        }
    }

    /// Facts, decision, and the durable entry that records it; decided anew while consent changes under it.
    ///
    /// Nil when there is no such patient or document: nothing about anybody was disclosed.
    /// - Parameters:
    ///   - transaction: the IHE transaction, for the entry.
    ///   - records: the records that the answer is written down for. They must not depend on what is hidden: how much is
    ///     written shows in how long the answer takes.
    ///   - communities: what others contributed, for the entry; read after the facts.
    ///   - facts: reads one snapshot, and asks others if the answer is also theirs; called again when consent has moved.
    func disclose(
        for context: AccessContext, transaction: String, records: (PatientFacts) -> [PatientID],
        communities: () -> [String] = { [] },
        facts read: () async throws -> PatientFacts?,
    ) async throws(ExchangeError) -> Disclosure? {
        for _ in 0..<settings.limits.decisionsMax {
            guard let facts = try await self.read(read), let patient = facts.patient else {
                try await recordMiss(transaction, context)
                return nil
            }
            try demandTime(context)
            let now = world.now()
            let decided = decide(facts, for: context, now: now)
            let said = communities()
            let entries = records(facts).map { record -> AccessEntry in
                let access = AccessRecord(
                    transaction: transaction, context: context, factsPosition: facts.position, together: facts.together,
                    decisions: AccessRecord.Decision.grouped(
                        decided.filter { $0.0.patient == record }.map { ($0.facts.id, $1.isPermitted, $1.rules) }),
                    communities: record == patient ? said : [], policy: settings.consentDefault.rawValue,
                    treating: settings.treating, decided: now)
                return AccessEntry(about: record, access: access, facts: facts)
            }
            if let ticket = try await record(entries) {
                let documents = decided.filter { $0.1.isPermitted }.map(\.0)
                if context.door == .peer, !documents.isEmpty {
                    answers.show(
                        facts.consent.records, to: context.community,
                        until: context.deadline + .seconds(settings.limits.drainSecondsMax), now: world.uptime())
                }
                return Disclosure(patient: patient, documents: documents, ticket: ticket)
            }
        }
        throw Self.consentMoves
    }

    /// Writes one access entry and begins its answer; nil when what it rests on has changed since the facts were read.
    func record(_ access: AccessRecord, about patient: PatientID, on facts: PatientFacts) async throws(ExchangeError)
        -> AnswersUnderWay.Ticket?
    {
        try await record([AccessEntry(about: patient, access: access, facts: facts)])
    }

    /// Writes the access entries of one answer, each under the key of its record, all or none, and begins the answer; nil
    /// when the consent of any of the person's records, or which records are theirs, has changed since the facts were read.
    ///
    /// The answer is noted before the entries are written: a revocation that comes after them must find it.
    func record(_ accesses: [AccessEntry]) async throws(ExchangeError) -> AnswersUnderWay.Ticket? {
        let ticket = answers.begin(accesses.flatMap(\.facts.consent.records))
        do {
            let receipts = try await journal.append(
                accesses.map { entry in
                    EntryDraft(
                        kind: .access, subject: entry.about, payload: entry.access.payload,
                        consentUnchangedSince: entry.facts.position, watching: entry.facts.watching, value: entry.access)
                })
            for (access, receipt) in zip(accesses.map(\.access), receipts) where access.isEmergency {
                logger.notice(
                    "emergency access: see hie audit alerts",
                    metadata: ["journal.position": "\(receipt.position)", "trace_id": "\(access.traceID)"])
            }
            return ticket
        } catch {
            ticket.end()
            // .conflict is the writer's word for "consent changed since": back to step 1.
            if error.code == .conflict { return nil }
            throw error
        }
    }

    /// Writes down who asked and that nobody was found, without any patient's data: a miss takes as long as what consent hides (T82).
    func recordMiss(_ transaction: String, _ context: AccessContext) async throws(ExchangeError) {
        let payload: JSONValue = [
            "transaction": .string(transaction), "community": .string(context.community.urn),
            "user": .string(context.user), "trace": .string(context.traceID), "found": "none",
        ]
        _ = try await journal.append(EntryDraft(kind: .inquiry, subject: nil, payload: JSONWriter.bytes(payload)))
    }

    /// Refuses another community's question once its deadline has passed: an answer that nobody waits for is not disclosed,
    /// and not written down as if it had been (directory.md 5.3).
    func demandTime(_ context: AccessContext) throws(ExchangeError) {
        guard context.door != .peer || world.uptime() < context.deadline else {
            throw ExchangeError(.timeout, "the question's deadline has passed")
        }
    }
}
