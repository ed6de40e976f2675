import ExchangeCore
import PatientIndex

/// A record that somebody should compare with others, as a table says it.
package struct DoubtedRecord: Sendable {
    /// Whom to compare it with.
    package struct Candidate: Sendable {
        /// The row of one of the candidate's records, else that record's id.
        package let name: String
        /// The score, in thousandths of a bit.
        package let millibits: Int
    }

    /// The record.
    package let record: PatientID
    /// Whom to compare it with, best first.
    package let candidates: [Candidate]
}

extension IdentityDesk {
    /// More records than this are sought among all open reviews instead of one by one.
    private static var soughtSinglyMax: Int { 1000 }

    /// Those of some records whose review is open, whoever opened it, in the same order.
    package func doubted(among records: [PatientID]) async throws(ExchangeError) -> [DoubtedRecord] {
        let found = try await read {
            try await projection.persons { snapshot in
                try Self.open(records, snapshot).map { review in
                    let members = try review.candidates.map { candidate in
                        try snapshot.number(of: candidate.person).flatMap { person in
                            try snapshot.members(of: person).first { $0 != review.record }
                        }
                    }
                    return (review, members)
                }
            }
        }
        var names: [PatientID: String] = [:]
        var doubted: [DoubtedRecord] = []
        for (review, members) in found {
            var candidates: [DoubtedRecord.Candidate] = []
            for (candidate, member) in zip(review.candidates, members) {
                guard let member else { continue }
                let name: String
                if let known = names[member] { name = known } else { name = try await rowName(of: member) }
                names[member] = name
                candidates.append(.init(name: name, millibits: candidate.millibits))
            }
            doubted.append(DoubtedRecord(record: review.record, candidates: candidates))
        }
        return doubted
    }

    private static func open(_ records: [PatientID], _ snapshot: any PersonSnapshot) throws -> [OpenReview] {
        guard records.count > soughtSinglyMax else { return try records.compactMap { try snapshot.review(of: $0) } }
        let open = try snapshot.reviews(limit: .max)
        let byRecord = Dictionary(open.map { ($0.record, $0) }) { first, _ in first }
        return records.compactMap { byRecord[$0] }
    }
}
