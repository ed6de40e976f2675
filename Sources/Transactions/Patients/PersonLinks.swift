import ExchangeCore
import Journal
import PatientIndex

/// How a record stands to a person.
package struct PersonLink: Sendable, Hashable {
    /// The words of FHIR servers that keep such links (HAPI's MDM).
    package enum Standing: String, Sendable, CaseIterable {
        /// The record is the person's.
        case match = "MATCH"
        /// Somebody should compare them.
        case possible = "POSSIBLE_MATCH"
        /// It was said that they are different.
        case different = "NO_MATCH"
    }

    /// The record.
    package let record: PatientID
    /// The person.
    package let person: PersonID
    /// How they stand.
    package let standing: Standing
    /// Whether a person, or a feed, said so; else the index did.
    package let isManual: Bool
    /// The score of an open review, in thousandths of a bit; nil for what is decided.
    package let millibits: Int?
}

/// One act as it stands in the journal.
package struct ActAt: Sendable {
    /// Its entry.
    package let position: JournalPosition
    /// The act.
    package let act: IdentityAct
    /// The entry that took it back; nil while it holds.
    package let undoneBy: JournalPosition?
}

extension IdentityDesk {
    /// Reviews that are looked through for one person.
    private static let reviewsSought = 1000

    /// The links of one record: whose it is, whose it may be, whose it is not.
    package func links(of record: PatientID) async throws(ExchangeError) -> [PersonLink] {
        try await read { try await projection.persons { try Self.links(of: record, $0) } }
    }

    /// The links of a person: its records, the records that somebody should compare with it, and those that are not its.
    package func links(of person: PersonID) async throws(ExchangeError) -> [PersonLink] {
        try await read {
            try await projection.persons { snapshot in
                guard let number = try snapshot.number(of: person) else { return [] }
                let own = try snapshot.id(of: number)
                var links: [PersonLink] = []
                for member in try snapshot.members(of: number) {
                    links += try Self.links(of: member, snapshot).filter { $0.standing != .match || $0.person == own }
                }
                for review in try snapshot.reviews(limit: Self.reviewsSought) {
                    links += Self.possible(review).filter { $0.person == own || $0.person == person }
                }
                var seen: Set<PersonLink> = []
                return links.filter { seen.insert($0).inserted }
            }
        }
    }

    /// Every open review as links, the most urgent first.
    package func openLinks(limit: Int) async throws(ExchangeError) -> [PersonLink] {
        try await reviews(limit: limit).flatMap(Self.possible)
    }

    /// What was done about a record, newest first: at most the hundred latest acts.
    package func history(of record: PatientID) async throws(ExchangeError) -> [ActAt] {
        try await read {
            try await projection.persons { snapshot in
                guard try snapshot.person(of: record) != nil else {
                    throw ExchangeError(.unknownPatient, "no such patient is registered here; see hie patient find")
                }
                var undoneBy: [UInt64: JournalPosition] = [:]
                var acts: [ActAt] = []
                for position in try snapshot.acts(about: record) {
                    guard let act = try snapshot.act(at: position) else { continue }
                    if let undone = act.undoes { undoneBy[undone] = position }
                    acts.append(ActAt(position: position, act: act, undoneBy: undoneBy[position]))
                }
                return acts
            }
        }
    }

    /// The two persons are different, whatever they have in common: nothing joins them by itself any more. A review that
    /// asked about nothing else is closed.
    package func parting(_ one: PatientID, _ other: PatientID, actor: String, reason: String) async throws(ExchangeError)
        -> ComposedAct
    {
        try await composing { snapshot in
            let (left, right) = try (Self.person(one, snapshot), Self.person(other, snapshot))
            guard left.number != right.number else {
                throw ExchangeError(.conflict, "the two records are one person's; unlink one of them")
            }
            let (mine, theirs) = try (snapshot.members(of: left.number), snapshot.members(of: right.number))
            let apart = try Self.pairs(mine, theirs).filter { try !snapshot.areApart($0.one, $0.other) }
            guard !apart.isEmpty else { throw ExchangeError(.conflict, "it was said already that the two are different") }
            var closes: [PatientID] = []
            for (records, person) in [(mine, right.id), (theirs, left.id)] {
                for record in records {
                    guard let review = try snapshot.review(of: record) else { continue }
                    if review.candidates.allSatisfy({ $0.person == person }) { closes.append(record) }
                }
            }
            return IdentityAct(.reject, apart: apart, closes: closes, actor: actor, reason: reason)
        }
    }

    private static func links(of record: PatientID, _ snapshot: any PersonSnapshot) throws -> [PersonLink] {
        guard let number = try snapshot.person(of: record) else { return [] }
        let own = try snapshot.id(of: number)
        var isManual = false
        for position in try snapshot.acts(about: record) {
            let moves = try snapshot.act(at: position)?.moves ?? []
            if moves.contains(where: { $0.record == record && $0.to == own }) { isManual = true }
        }
        var links = [PersonLink(record: record, person: own, standing: .match, isManual: isManual, millibits: nil)]
        if let review = try snapshot.review(of: record) { links += possible(review) }
        var told: Set<PersonID> = [own]
        for other in try snapshot.apart(from: record) {
            guard let person = try snapshot.person(of: other).map({ try snapshot.id(of: $0) }), told.insert(person).inserted
            else { continue }
            links.append(PersonLink(record: record, person: person, standing: .different, isManual: true, millibits: nil))
        }
        return links
    }

    private static func possible(_ review: OpenReview) -> [PersonLink] {
        review.candidates.map {
            PersonLink(
                record: review.record, person: $0.person, standing: .possible, isManual: false, millibits: $0.millibits)
        }
    }
}
