import ExchangeCore
import FHIRModel
import JSON
import Journal
import PatientIndex
import Transactions

/// The commands about who is who; the same for a running node and, in the program, for a folder at rest.
///
/// They show numbers of records, levels and bits, never what a registration says: `patient/show` records that.
package struct IdentityCommands: Sendable {
    let desk: IdentityDesk

    /// The commands at a desk.
    package init(_ desk: IdentityDesk) { self.desk = desk }

    /// Whether a command is one of these.
    package static func serves(_ command: AdminCommand) -> Bool {
        switch command {
        case .patientExplain, .patientLookUp, .patientReviews, .patientReview, .patientHistory, .patientAct, .patientModels,
            .patientLearn, .patientActivate, .patientRecheck:
            true
        default: false
        }
    }

    /// Answers a command; `actor` is who is at the keyboard.
    package func answer(_ command: AdminCommand, _ arguments: JSONObject, actor: String) async throws -> JSONValue {
        switch command {
        case .patientExplain: try await explain(arguments)
        case .patientLookUp: try await lookUp(arguments, actor: actor)
        case .patientReviews: try await reviews(arguments)
        case .patientReview: try await review(arguments)
        case .patientHistory: try await history(arguments)
        case .patientAct: try await act(arguments, actor: actor)
        case .patientModels: try await ModelCommands(desk).models()
        case .patientLearn: try await ModelCommands(desk).learn(actor: actor)
        case .patientActivate: try await ModelCommands(desk).activate(arguments, actor: actor)
        case .patientRecheck: try await recheck(actor: actor)
        default: throw ExchangeError(.notFound, "there is no such command")
        }
    }

    /// The record that an argument names.
    func record(_ name: String, _ arguments: JSONObject) async throws(ExchangeError) -> PatientID {
        guard let text = arguments[name]?.string, (1...256).contains(text.utf8.count) else {
            throw ExchangeError(.badRequest, "name a record: its id, 'system|value' or its row", at: name)
        }
        return try await desk.record(named: text)
    }

    private func explain(_ arguments: JSONObject) async throws -> JSONValue {
        let explanation = try await desk.explain(record("one", arguments), record("other", arguments))
        return [
            "fields": .array(explanation.score.fields.map(Self.field)),
            "millibits": .number(String(explanation.score.millibits)),
            "rule": .string(explanation.verdict.rule.rawValue), "passes": .bool(explanation.verdict.isCertain),
            "grade": .string(explanation.grade.rawValue), "model": .string(explanation.model),
            "profile": .string(explanation.profile), "linked": .bool(explanation.areLinked),
            "different": .bool(explanation.areDifferent),
        ]
    }

    private static func field(_ field: FieldComparison) -> JSONValue {
        var object: JSONObject = [
            "field": .string(field.field), "level": .string(field.level),
            "millibits": .number(String(field.millibits)),
        ]
        object["uncapped"] = field.uncapped.map { .number(String($0)) }
        return .object(object)
    }

    /// Rows of questions as CSV: `header`, `lines`, `profile`; one that is refused is named by its line, and the others answered.
    private func lookUp(_ arguments: JSONObject, actor: String) async throws -> JSONValue {
        guard let header = arguments["header"]?.string, let lines = arguments["lines"]?.items, lines.count <= 1000 else {
            throw ExchangeError(.badRequest, "give header and at most 1,000 lines", at: "lines")
        }
        let policy = try Self.policy(arguments)
        let table = try RegistrationTable(header: Array(header.utf8))
        let first = arguments["first"]?.integer ?? 2
        var answers: [JSONValue] = []
        var questions = 0
        for (index, line) in lines.enumerated() {
            do throws(ExchangeError) {
                guard let row = try table.row(Array((line.string ?? "").utf8), number: first + index) else { continue }
                try Self.admit(row)
                questions += 1
                answers.append(["row": .string(row.id), "persons": .array(try await persons(row, policy))])
            } catch {
                guard error.code == .badRequest else { throw error }
                answers.append(["line": .number(String(first + index)), "refused": .string(error.description)])
            }
        }
        try await desk.note(questions: questions, actor: actor)
        return ["answers": .array(answers)]
    }

    /// What `$match` refuses at the door is refused in a table: both read the same `Patient`.
    private static func admit(_ question: RegistrationTable.Row) throws(ExchangeError) {
        var patient = PatientMapping.resource(identifiers: question.identifiers, demographics: question.demographics)
        if let text = question.unreadBirthDate { patient["birthDate"] = .string(text) }
        _ = try FHIRResource(validating: patient)
    }

    private func persons(_ question: RegistrationTable.Row, _ policy: MatchPolicy) async throws(ExchangeError) -> [JSONValue] {
        let found = try await desk.lookUp(
            PackedRecord(question.demographics, identifiers: question.identifiers), policy: policy)
        var persons: [JSONValue] = []
        for person in found.persons {
            guard let record = person.records.first else { continue }
            persons.append([
                "record": .string(try await desk.name(of: record)),
                "millibits": .number(String(person.explanation.millibits)), "grade": .string(person.grade.rawValue),
            ])
        }
        return persons
    }

    /// `profile` names one, or `profileFile` is the text of one's own.
    private static func policy(_ arguments: JSONObject) throws(ExchangeError) -> MatchPolicy {
        if let file = arguments["profileFile"]?.string { return try MatchPolicy(file: Array(file.utf8)) }
        guard let policy = MatchPolicy.named(arguments["profile"]?.string ?? "strict") else {
            throw ExchangeError(.badRequest, "a profile is strict, balanced, cms-hte or a file", at: "profile")
        }
        return policy
    }

    private func reviews(_ arguments: JSONObject) async throws -> JSONValue {
        var reviews: [JSONValue] = []
        for review in try await desk.reviews(limit: arguments["limit"]?.integer ?? 50) {
            reviews.append([
                "record": .string(try await desk.name(of: review.record)), "id": .string(review.record.description),
                "millibits": .number(String(review.millibits)), "position": .number(String(review.position)),
                "rule": .string(review.candidates.first?.rule.rawValue ?? ""), "linked": .bool(review.isStanding),
                "candidates": .number(String(review.candidates.count)),
            ])
        }
        return ["reviews": .array(reviews), "open": .number(String(try await desk.openReviews()))]
    }

    private func recheck(actor: String) async throws -> JSONValue {
        let found = try await desk.doubtPlaceholders(actor: actor)
        return ["opened": .number(String(found.opened)), "skipped": .number(String(found.skipped))]
    }

    private func review(_ arguments: JSONObject) async throws -> JSONValue {
        let id = try await record("record", arguments)
        let (review, records) = try await desk.review(of: id)
        var candidates: [JSONValue] = []
        for (candidate, members) in zip(review.candidates, records) {
            var object: JSONObject = [
                "person": .string(candidate.person.description), "millibits": .number(String(candidate.millibits)),
                "rule": .string(candidate.rule.rawValue),
            ]
            var sides: [JSONValue] = []
            for member in members.prefix(8) where member != id {
                let side = try await desk.explain(id, member)
                sides.append([
                    "record": .string(try await desk.name(of: member)), "id": .string(member.description),
                    "millibits": .number(String(side.score.millibits)),
                    "fields": .array(side.score.fields.map(Self.field)),
                ])
            }
            object["records"] = .array(sides)
            object["holds"] = .bool(members.contains(id))
            candidates.append(.object(object))
        }
        return ["record": .string(try await desk.name(of: id)), "id": .string(id.description), "candidates": .array(candidates)]
    }

    private func history(_ arguments: JSONObject) async throws -> JSONValue {
        let id = try await record("record", arguments)
        var acts: [JSONValue] = []
        for past in try await desk.history(of: id) {
            var about: [JSONValue] = []
            for other in past.act.records.prefix(Self.namedMax) where other != id {
                about.append(.string(try await desk.name(of: other)))
            }
            acts.append([
                "position": .number(String(past.position)), "act": .string(past.act.kind.rawValue),
                "actor": .string(past.act.actor), "reason": .string(past.act.reason),
                "moved": .number(String(past.act.moves.count)), "apart": .number(String(past.act.apart.count)),
                "about": .array(about), "others": .number(String(max(past.act.records.count - 1, 0))),
                "undoes": past.act.undoes.map { .number(String($0)) } ?? .null,
                "undoneBy": past.undoneBy.map { .number(String($0)) } ?? .null,
            ])
        }
        return ["record": .string(try await desk.name(of: id)), "id": .string(id.description), "acts": .array(acts)]
    }

    /// Other records of an act that are named at most.
    private static var namedMax: Int { 8 }

    /// `act`: link, merge, unlink, reject, skip or undo; `record`, `other`, `position`, `reason`; `preview` records nothing.
    private func act(_ arguments: JSONObject, actor: String) async throws -> JSONValue {
        guard let kind = arguments["act"]?.string.flatMap(IdentityAct.Kind.init(rawValue:)) else {
            throw ExchangeError(.badRequest, "an act is link, merge, unlink, reject, skip or undo", at: "act")
        }
        guard let reason = arguments["reason"]?.string, (1...1024).contains(reason.utf8.count) else {
            throw ExchangeError(.badRequest, "say why, in at most 1,024 bytes", at: "reason")
        }
        let act: ComposedAct
        switch kind {
        case .link, .merge:
            act = try await desk.linking(
                record("record", arguments), record("other", arguments), kind: kind,
                actor: actor, reason: reason)
        case .unlink: act = try await desk.unlinking(record("record", arguments), actor: actor, reason: reason)
        case .reject, .skip:
            act = try await desk.closing(
                record("record", arguments), rejecting: kind == .reject, actor: actor, reason: reason)
        case .undo:
            guard let position = arguments["position"]?.integer, position >= 0 else {
                throw ExchangeError(.badRequest, "say which entry to take back", at: "position")
            }
            act = try await desk.undoing(UInt64(position), actor: actor, reason: reason)
        case .feedMerge, .feedLink, .feedUnlink, .doubt, .restate: throw ExchangeError(.badRequest, "this is no steward's act", at: "act")
        }
        let preview = try await desk.preview(act)
        var answer: JSONObject = [
            "act": .string(act.act.kind.rawValue), "records": .number(String(preview.records)),
            "documents": .number(String(preview.documents)), "directives": .number(String(preview.directives.count)),
            "scopes": .array(preview.directives.map { .string($0.description) }),
            "communities": .number(String(preview.correlations)),
        ]
        if !(arguments["preview"]?.bool ?? false) {
            answer["position"] = .number(String(try await desk.record(act)))
        }
        return .object(answer)
    }
}
