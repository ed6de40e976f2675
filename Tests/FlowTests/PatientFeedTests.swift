import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import PatientIndex
import Simulation
import Testing
import Transactions
import XDSMetadata

/// What a source says of its patients (ITI-104), in every order, and what stewards said before.
@Suite struct PatientFeedTests {
    private static func number(_ value: String) -> PatientIdentifier {
        PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: value)!
    }

    private static func merge(_ node: OneNode, _ subsumed: String, into survivor: String) async throws -> MergedPatients {
        try await node.exchange.mergePatient(number(subsumed), into: number(survivor), for: node.administrator)
    }

    @Test func `what is published for a merged identifier or record goes to the survivor`() throws {
        try OneNode.run { node in
            let kept = try await node.register("K")
            let gone = try await node.register("G", family: "Zweig", given: ["Bo"])
            let old = try await node.publish(1, for: gone.id)
            let merged = try await Self.merge(node, "G", into: "K")
            #expect(merged.record.survivor == kept.id && !merged.record.isActive && merged.position != nil)
            let new = try await node.publish(2, for: gone.id)
            #expect(new.patient == kept.id)
            let found = try await node.find(kept.id).map(\.id)
            #expect(Set(found) == [old.id, new.id])
            #expect(try await node.exchange.activePatients(identifier: Self.number("G")).map(\.id) == [kept.id])
            let read = try await node.exchange.patientVersions(of: gone.id, for: node.context())
            for ticket in read.tickets { ticket.end() }
            #expect(read.versions.first?.record.survivor == kept.id && read.links.isEmpty)
        }
    }

    @Test func `a merge sent twice writes nothing the second time`() throws {
        try OneNode.run { node in
            _ = try await node.register("K")
            _ = try await node.register("G", family: "Zweig", given: ["Bo"])
            _ = try await Self.merge(node, "G", into: "K")
            let size = node.exchange.journal.size
            #expect(try await Self.merge(node, "G", into: "K").position == nil)
            #expect(node.exchange.journal.size == size)
        }
    }

    @Test func `onto itself, in a circle, of an unknown one and of one that is merged elsewhere: refused, nothing changed`()
        throws
    {
        try OneNode.run { node in
            for (number, family) in [("A", "Mohr"), ("B", "Zweig"), ("C", "Klee")] {
                _ = try await node.register(number, family: family, given: [family])
            }
            _ = try await Self.merge(node, "B", into: "A")
            let size = node.exchange.journal.size
            for (subsumed, survivor, code) in [
                ("A", "A", ExchangeError.Code.badRequest), ("A", "B", .conflict), ("B", "C", .conflict),
                ("X", "A", .notFound), ("A", "X", .notFound),
            ] {
                await #expect(throws: ExchangeError(code, "")) { try await Self.merge(node, subsumed, into: survivor) }
            }
            #expect(node.exchange.journal.size == size)
            // An update of a merged record does not bring it back.
            await #expect(throws: ExchangeError(.conflict, "")) { try await node.register("B", family: "Zweig") }
            #expect(node.exchange.journal.size == size)
        }
    }

    @Test func `merges in any order end with the same survivor`() throws {
        for order in [["AB", "BC"], ["BC", "AB"]] {
            try OneNode.run { node in
                for (number, family) in [("A", "Mohr"), ("B", "Zweig"), ("C", "Klee")] {
                    _ = try await node.register(number, family: family, given: [family])
                }
                for step in order {
                    _ = try await Self.merge(node, String(step.prefix(1)), into: String(step.suffix(1)))
                }
                let last = try await node.exchange.projection.patients(identifier: Self.number("C"))[0]
                for number in ["A", "B", "C"] {
                    #expect(try await node.exchange.activePatients(identifier: Self.number(number)).map(\.id) == [last.id])
                }
                let facts = try await node.exchange.projection.standing(of: last.id)
                #expect(facts.consent.records.count == 3)
            }
        }
    }

    @Test func `a feed never overrides a steward's word, and says so in a review`() throws {
        try OneNode.run { node in
            let kept = try await node.register("K")
            let twin = try await node.register("T")
            let desk = node.exchange.desk
            _ = try await desk.record(try await desk.unlinking(twin.id, actor: "steward", reason: "twins"))
            for _ in 0..<2 {
                await #expect(throws: ExchangeError(.conflict, "")) { try await Self.merge(node, "T", into: "K") }
            }
            let reviews = try await desk.reviews(limit: 10)
            #expect(reviews.map(\.record) == [twin.id])
            #expect(reviews.first?.candidates.map(\.rule) == [.assertedDifferent])
            #expect(try await node.exchange.projection.patient(twin.id)?.isActive == true)
            // The same registration again, another one of the same person, a new profile: apart they stay.
            _ = try await node.register("T", given: ["Alice", "Ann"])
            _ = try await node.register("N")
            let persons = try await node.exchange.projection.persons {
                [try $0.person(of: kept.id), try $0.person(of: twin.id)]
            }
            #expect(persons[0] != persons[1])
        }
    }

    @Test func `undone, a merge leaves both sides as they were, reviews too`() throws {
        try OneNode.run { node in
            let kept = try await node.register("K")
            let gone = try await node.register("G", family: "Zweig", given: ["Bo"])
            let before = try await node.exchange.projection.patient(gone.id)
            let merged = try await Self.merge(node, "G", into: "K")
            let desk = node.exchange.desk
            let position = try #require(merged.position)
            _ = try await desk.record(try await desk.undoing(position, actor: "steward", reason: "wrong"))
            #expect(try await node.exchange.projection.patient(gone.id) == before)
            #expect(try await node.exchange.projection.standing(of: kept.id).consent.records == [kept.id])
            await #expect(throws: ExchangeError(.conflict, "")) {
                _ = try await desk.undoing(position, actor: "steward", reason: "again")
            }
            // And again the other way round.
            #expect(try await Self.merge(node, "K", into: "G").record.survivor == gone.id)
        }
    }

    @Test func `an act composed before somebody else's is refused, and changes nothing`() throws {
        try OneNode.run { node in
            let one = try await node.register("A")
            let other = try await node.register("B", family: "Zweig", given: ["Bo"])
            let third = try await node.register("C", family: "Klee", given: ["Paul"])
            let desk = node.exchange.desk
            let stale = try await desk.linking(one.id, other.id, actor: "steward", reason: "seen")
            _ = try await desk.record(try await desk.linking(other.id, third.id, actor: "other", reason: "seen"))
            let size = node.exchange.journal.size
            await #expect(throws: ExchangeError(.conflict, "")) { _ = try await desk.record(stale) }
            #expect(node.exchange.journal.size == size)
        }
    }

    @Test func `a preview says what moves, whose consent reaches further, and records nothing`() throws {
        try OneNode.run { node in
            let one = try await node.register("A")
            let other = try await node.register("B", family: "Zweig", given: ["Bo"])
            for number in 1...3 { try await node.publish(number, for: number < 3 ? other.id : one.id) }
            let refusal = try await node.refuse(one.id)
            let size = node.exchange.journal.size
            let desk = node.exchange.desk
            let preview = try await desk.preview(try await desk.linking(one.id, other.id, actor: "steward", reason: "seen"))
            #expect(preview.records == 1 && preview.documents == 2 && preview.directives == [refusal.id])
            #expect(preview.correlations == 0)
            #expect(node.exchange.journal.size == size)
        }
    }

    @Test func `a withdrawn record keeps its documents, and another registration brings it back`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A")
            try await node.publish(1, for: patient.id)
            for _ in 0..<2 {
                try await node.exchange.withdrawPatient(Self.number("A"), for: node.administrator)
            }
            #expect(try await node.exchange.projection.patient(patient.id)?.isActive == false)
            await #expect(throws: ExchangeError(.notFound, "")) {
                try await node.exchange.withdrawPatient(Self.number("X"), for: node.administrator)
            }
            #expect(try await node.register("A").id == patient.id)
            #expect(try await node.find(patient.id).count == 1)
        }
    }

    @Test func `a registration that says somebody else is stored, and shown to a steward`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A")
            _ = try await node.exchange.registerPatient(
                PatientRegistration(
                    identifiers: patient.identifiers,
                    demographics: Demographics(
                        names: [PersonName(family: "Zweig", given: ["Bo"])], birthDate: PartialDate("1990-07-07"), sex: .male)),
                for: node.administrator)
            #expect(try await node.exchange.desk.reviews(limit: 5).map(\.record) == [patient.id])
        }
    }

    @Test func `a number that goes with the person stands on several records, and links them; a facility's own on one`() throws {
        try OneNode.run { node in
            func registration(_ number: String, _ more: PatientIdentifier) -> PatientRegistration {
                PatientRegistration(
                    identifiers: [Self.number(number), more],
                    demographics: Demographics(
                        names: [PersonName(family: "Mohr", given: ["Alice"])], birthDate: PartialDate("1958-01-30"), sex: .female))
            }
            let social = try #require(PatientIdentifier(system: RegistrationTable.socialSecuritySystem, value: "404153311"))
            let one = try await node.exchange.registerPatient(registration("P1", social), for: node.administrator)
            let other = try await node.exchange.registerPatient(registration("P2", social), for: node.administrator)
            let persons = try await node.exchange.persons(of: [one.id, other.id])
            #expect(persons[0] != nil && persons[0] == persons[1])
            let own = try #require(PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.2", value: "LAB-7"))
            _ = try await node.exchange.registerPatient(registration("P3", own), for: node.administrator)
            await #expect(throws: ExchangeError(.conflict, "")) {
                try await node.exchange.registerPatient(registration("P4", own), for: node.administrator)
            }
        }
    }

    @Test func `only registrars of the facility feed`() throws {
        try OneNode.run { node in
            let registration = PatientRegistration(
                identifiers: [Self.number("A")], demographics: Demographics(names: [PersonName(family: "Mohr")]))
            for context in [node.context(), node.context(.peer, community: OneNode.elsewhere)] {
                await #expect(throws: ExchangeError(.forbidden, "")) {
                    _ = try await node.exchange.feedPatient(registration, for: context)
                }
                await #expect(throws: ExchangeError(.forbidden, "")) {
                    _ = try await node.exchange.mergePatient(Self.number("A"), into: Self.number("B"), for: context)
                }
            }
        }
    }

    @Test func `absurd registrations are refused with the field, or kept and never a link`() throws {
        try OneNode.run { node in
            func register(_ number: String, _ facts: Demographics, _ more: [PatientIdentifier] = []) async throws {
                _ = try await node.exchange.registerPatient(
                    PatientRegistration(identifiers: [Self.number(number)] + more, demographics: facts),
                    for: node.administrator)
            }
            func named(_ family: String, _ given: String = "Alice") -> Demographics {
                Demographics(names: [PersonName(family: family, given: [given])], birthDate: PartialDate("1958-01-30"))
            }
            var future = named("Mohr")
            future.birthDate = PartialDate("2199-01-01")
            var ancient = named("Mohr")
            ancient.birthDate = PartialDate("0001-01-01")
            let refused: [(Demographics, [PatientIdentifier], String)] = [
                (named(String(repeating: "x", count: 10_000)), [], "Patient.name.family"),
                (named("Mohr", "Al\u{0}ice"), [], "Patient.name.given"), (named("Mo\u{202E}hr"), [], "Patient.name.family"),
                (Demographics(), [], "Patient.name"), (future, [], "Patient.birthDate"),
                (ancient, [], "Patient.birthDate"),
                (named("Mohr"), (0..<500).map { Self.number("N\($0)") }, "Patient.identifier"),
                (Demographics(names: named("Mohr").names, phones: [String](repeating: "1", count: 500)), [], "Patient.telecom"),
            ]
            for (number, (facts, more, field)) in refused.enumerated() {
                let error = await #expect(throws: ExchangeError.self) { try await register("R\(number)", facts, more) }
                #expect(error?.code == .badRequest && error?.location == field)
            }
            // A Latin name with one Cyrillic letter in it, other scripts, placeholders: kept, and nobody else's.
            let real = try await node.register("A")
            for (number, family) in ["M\u{43E}hr", "\u{41C}\u{43E}\u{440}", "Unknown", "\u{738B}", "-", "Mohr Mohr Mohr"].enumerated() {
                try await register("K\(number)", named(family))
            }
            #expect(try await node.exchange.projection.standing(of: real.id).consent.records == [real.id])
        }
    }

    @Test func `who is one person outlives the erasure of the record that said so, also in tables made anew`() throws {
        try OneNode.run { node in
            let first = try await node.register("A")
            let second = try await node.register("B", family: "Zweig", given: ["Bo"])
            let third = try await node.register("C", family: "Klee", given: ["Paul"])
            let fourth = try await node.register("D", family: "Marc", given: ["Franz"])
            let desk = node.exchange.desk
            for other in [second, third, fourth] {
                _ = try await desk.record(try await desk.linking(other.id, first.id, actor: "s", reason: "r"))
            }
            _ = try await desk.record(try await desk.unlinking(fourth.id, actor: "s", reason: "r"))
            _ = try await node.exchange.erasePatient(first.id, ground: .request, for: node.administrator)
            for isRebuilt in [false, true] {
                if isRebuilt { _ = try await node.exchange.reader.bringUpToDate(node.exchange.projection, rebuild: true) }
                let persons = try await node.exchange.projection.persons { snapshot in
                    try [second, third, fourth].map { try snapshot.person(of: $0.id) }
                }
                #expect(persons[0] != nil && persons[0] == persons[1] && persons[1] != persons[2], "rebuilt: \(isRebuilt)")
            }
        }
    }

    /// What persons, reviews and records are, as text that can be compared.
    private static func portrait(_ node: OneNode, _ records: [PatientID]) async throws -> [String] {
        var lines: [String] = []
        for record in records {
            let facts = try await node.exchange.projection.standing(of: record)
            lines.append("\(record): \(facts.consent.records)")
            let patient = try await node.exchange.projection.patient(record)
            lines.append("\(patient?.isActive ?? false) \(String(describing: patient?.survivor))")
            lines += try await node.exchange.projection.persons { snapshot in
                try [String(describing: snapshot.review(of: record))]
                    + records.filter { try snapshot.areApart(record, $0) }.map { "apart \($0)" }
            }
        }
        return lines
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `any sequence of acts, undone backwards, leaves everything as it was`(seed: UInt64) throws {
        try OneNode.run(seed: seed) { node in
            var random = SplitMix64(seed: seed)
            var records: [PatientRecord] = []
            for (number, family) in ["Mohr", "Mohr", "Zweig", "Klee", "Marc", "Macke"].enumerated() {
                records.append(
                    try await node.register("R\(number)", family: family, given: number < 2 ? ["Alice"] : [family]))
            }
            let ids = records.map(\.id)
            let desk = node.exchange.desk
            var before: [[String]] = []
            var positions: [JournalPosition] = []
            for _ in 0..<8 {
                let portrait = try await Self.portrait(node, ids)
                let one = records[Int(random.next() % 6)]
                let other = records[Int(random.next() % 6)]
                let position: JournalPosition?
                switch random.next() % 3 {
                case 0:
                    let act = try? await desk.linking(one.id, other.id, actor: "s", reason: "r")
                    if let act { position = try await desk.record(act) } else { position = nil }
                case 1:
                    let act = try? await desk.unlinking(one.id, actor: "s", reason: "r")
                    if let act { position = try await desk.record(act) } else { position = nil }
                default:
                    let size = node.exchange.journal.size
                    let merged = try? await node.exchange.mergePatient(
                        one.identifiers[0], into: other.identifiers[0], for: node.administrator)
                    // One that a steward's word stopped has opened a review, which is an act, too.
                    position = merged?.position ?? (node.exchange.journal.size > size ? size : nil)
                }
                guard let position else { continue }
                before.append(portrait)
                positions.append(position)
            }
            for (portrait, position) in zip(before, positions).reversed() {
                _ = try await desk.record(try await desk.undoing(position, actor: "s", reason: "back"))
                #expect(try await Self.portrait(node, ids) == portrait, "seed \(seed), entry \(position)")
            }
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `adding records never parts a person, and never joins who was said to be different`(seed: UInt64) throws {
        try OneNode.run(seed: seed) { node in
            var random = SplitMix64(seed: seed)
            let desk = node.exchange.desk
            var persons: [Set<PatientID>] = []
            var apart: [(PatientID, PatientID)] = []
            for number in 0..<14 {
                let family = ["Mohr", "Mohrs", "Zweig"][Int(random.next() % 3)]
                let given = [["Alice"], ["Alicia"], ["Bo"]][Int(random.next() % 3)]
                let record = try await node.register("P\(number)", family: family, given: given)
                var now: [PatientID: Set<PatientID>] = [:]
                for id in persons.reduce(into: [record.id], { $0 += Array($1) }) {
                    now[id] = Set(try await node.exchange.projection.standing(of: id).consent.records)
                }
                for old in persons {
                    let ones = Set(old.compactMap { now[$0] })
                    #expect(ones.count == 1 && (ones.first?.isSuperset(of: old) ?? false), "seed \(seed)")
                }
                for (one, other) in apart { #expect(now[one]?.contains(other) != true, "seed \(seed)") }
                persons = Array(Set(now.values))
                let person = now[record.id] ?? []
                if person.count > 1, random.next() % 4 == 0 {
                    _ = try await desk.record(try await desk.unlinking(record.id, actor: "s", reason: "another"))
                    apart += person.subtracting([record.id]).map { (record.id, $0) }
                    persons = persons.map { $0.subtracting([record.id]) } + [[record.id]]
                }
            }
        }
    }
}
