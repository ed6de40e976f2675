import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Journal
import Logging
import PatientIndex
import Trust

/// A receipt on its way to the community that made a statement.
package struct AnsweredStatement: Sendable {
    /// The signed receipt.
    package let receipt: String
    /// To be ended when it has left.
    package let tickets: [AnswersUnderWay.Ticket]
}

extension Exchange {
    /// Takes a consent statement of another community (POST `/consent-statements`) and says what became of it.
    ///
    /// It takes effect only for a patient whom this node's own index knows with certainty, from the next answer on:
    /// answers under way are drained before the receipt, as for a directive recorded here. It can deny and never permit
    /// (`CompiledConsent`). A version below the highest seen changes nothing. `.badRequest` when it is no statement.
    package func receiveStatement(_ compact: String, for context: AccessContext) async throws(ExchangeError)
        -> AnsweredStatement
    {
        guard let dot = compact.utf8.lastIndex(of: UInt8(ascii: ".")), compact.utf8.count <= TokenType.statement.bytesMax
        else { throw ExchangeError(.badRequest, "this is no consent statement") }
        let hash = Thumbprint(of: compact.utf8[..<dot])
        let now = world.now()
        // Gossip may be slower than consent: who is not known here yet may be in a moment.
        guard directory.admittedKeys(at: now)[context.community] != nil else {
            throw ExchangeError(.forbidden, "its node does not know this community yet")
        }
        let statement: ConsentStatement
        do throws(TokenRefusal) {
            statement = try ConsentStatement.verify(compact, from: context.community) {
                directory.key($1, of: $0, at: now)
            }.statement
            if let refusal = statement.refusal(at: settings.community, now: now) { throw refusal }
        } catch {
            return try answer(.refused("not trusted: \(error)"), hash, context)
        }
        let name = ["statement \(statement.issuer.urn) \(statement.directive)"]
        // The same one may come by two ways at once; what is still being kept must not look as if it had failed.
        while !submissions.begin(name) {
            guard world.uptime() < context.deadline, (try? await world.sleep(.milliseconds(10))) != nil else {
                throw ExchangeError(.unavailable, "the same directive is being received right now; try again")
            }
        }
        defer { submissions.end(name) }
        return try await receive(statement, hash, context)
    }

    private enum Outcome {
        case inForce(since: Timestamp, remark: String?)
        case none
        case refused(String)
    }

    private func receive(_ statement: ConsentStatement, _ hash: Thumbprint, _ context: AccessContext)
        async throws(ExchangeError) -> AnsweredStatement
    {
        let copies = try await read {
            try await projection.copies(of: statement.directive, from: statement.issuer)
        }
        let held = copies.compactMap(\.version.directive.origin?.version).max() ?? 0
        guard statement.version >= held else {
            return try answer(.refused("version \(held) is in force here, which is newer"), hash, context)
        }
        let certain = try await certainRecords(statement.subject)
        let before = Set(copies.map(\.version.directive.patient))
        guard before.isEmpty || certain.isEmpty || !before.isDisjoint(with: certain) else {
            return try answer(.refused("its patient is another one here than before"), hash, context)
        }
        let patients = before.union(certain).sorted()
        guard !patients.isEmpty else { return try answer(.none, hash, context) }
        var isKnown = true
        for patient in patients where try await !isKnowable(patient, for: context, without: statement.issuer) {
            isKnown = false
        }
        var since = Timestamp(milliseconds: 0)
        var doubts: [String] = []
        for patient in patients {
            let directive: ConsentDirective
            do throws(ExchangeError) {
                directive = try self.directive(statement, patient)
            } catch {
                return try answer(.refused(Self.words(error)), hash, context)
            }
            doubts = directive.doubts
            let copy = copies.first { $0.version.directive.patient == patient }
            if let copy, copy.version.directive.origin?.version == statement.version {
                guard copy.version.directive.says(as: directive) else {
                    return try answer(.refused("version \(held) says something else here"), hash, context)
                }
                since = max(since, copy.since)
                continue
            }
            do throws(ExchangeError) {
                since = max(since, try await keep(directive, statement.consent, context))
            } catch where error.code == .tooLarge {
                return try answer(.refused(error.message), hash, context)
            }
        }
        guard isKnown else { return try answer(.none, hash, context) }
        let remark = doubts.first.map { "denies everything, because \($0) is not understood here" }
        return try await answer(.inForce(since: since, remark: remark), about: patients, hash, context)
    }

    private static func words(_ error: ExchangeError) -> String {
        "not understood: \(error.message)" + (error.location.map { " (\($0))" } ?? "")
    }

    /// The records that are certainly the statement's patient; none when several people could be meant.
    func certainRecords(_ subject: JSONObject) async throws(ExchangeError) -> Set<PatientID> {
        let demographics = PatientMapping.demographics(subject)
        let identifiers = Array(PatientMapping.identifiers(subject).prefix(8))
        let found = try await lookUp(demographics, identifiers: identifiers)
        return Set(found.matches.filter { $0.grade == .certain }.map(\.record.id))
    }

    /// The statement as a directive about one of this node's patients; what is not understood in it denies.
    func directive(_ statement: ConsentStatement, _ patient: PatientID) throws(ExchangeError)
        -> ConsentDirective
    {
        guard let id = PortableConsent.id(of: statement.directive, from: statement.issuer, about: patient) else {
            throw ExchangeError(.internal, "a hash has too few bytes")
        }
        let origin = ConsentOrigin(
            community: statement.issuer, directive: statement.directive, version: statement.version)
        let consent = PortableConsent.arriving(statement.consent, as: id, patient: patient, origin: origin)
        var directive = try ConsentMapping.directive(reading: consent)
        // A clock that runs ahead there must not rank its directives above later ones here.
        directive.recorded = min(directive.recorded, world.now())
        directive.origin = origin
        return directive
    }

    /// Journals the directive about one patient; returns when no answer that it overtook can send a byte.
    private func keep(_ directive: ConsentDirective, _ consent: JSONObject, _ context: AccessContext)
        async throws(ExchangeError) -> Timestamp
    {
        guard let origin = directive.origin else { throw ExchangeError(.internal, "a foreign directive has an origin") }
        var directive = directive
        directive.version = (try await versions(of: directive.id).first?.number ?? 0) + 1
        let local = PortableConsent.arriving(consent, as: directive.id, patient: directive.patient, origin: origin)
        _ = try await journal(directive, as: local, for: context)
        return world.now()
    }

    private func answer(_ outcome: Outcome, _ hash: Thumbprint, _ context: AccessContext) throws(ExchangeError)
        -> AnsweredStatement
    {
        if case .refused(let why) = outcome {
            logger.notice(
                "a consent statement was refused",
                metadata: [
                    "peer.community": "\(context.community)", "because": "\(why)", "trace_id": "\(context.traceID)",
                ])
        }
        return AnsweredStatement(receipt: try sign(outcome, hash, context), tickets: [])
    }

    /// That a directive is in force says that its patient is known here, which is patient data: an entry says who got it.
    private func answer(_ outcome: Outcome, about patients: [PatientID], _ hash: Thumbprint, _ context: AccessContext)
        async throws(ExchangeError) -> AnsweredStatement
    {
        var tickets: [AnswersUnderWay.Ticket] = []
        for patient in patients {
            let facts = try await read { try await projection.standing(of: patient) }
            let access = AccessRecord(
                transaction: "consent statement", context: context, factsPosition: facts.position, decisions: [])
            guard let ticket = try await record(access, about: patient, on: facts) else {
                for ticket in tickets { ticket.end() }
                throw ExchangeError(.unavailable, "the patient's consent is changing right now; try again")
            }
            tickets.append(ticket)
        }
        return AnsweredStatement(receipt: try sign(outcome, hash, context), tickets: tickets)
    }

    private func sign(_ outcome: Outcome, _ hash: Thumbprint, _ context: AccessContext) throws(ExchangeError) -> String {
        var word = StatementReceipt.Outcome.none
        var moment: Timestamp?
        var reason: String?
        switch outcome {
        case .none: break
        case .inForce(let since, let remark): (word, moment, reason) = (.inForce, since, remark)
        case .refused(let why): (word, reason) = (.refused, why)
        }
        return try StatementReceipt(
            issuer: settings.community, audience: context.community, issued: world.now(), statement: hash,
            outcome: word, since: moment, reason: reason
        ).signed(with: directory.signingKey).compact
    }
}

extension ConsentDirective {
    /// Whether another reading of the same version says the same, whenever it was recorded.
    fileprivate func says(as other: ConsentDirective) -> Bool {
        var other = other
        other.version = version
        other.recorded = recorded
        return self == other
    }
}
