import ExchangeCore

/// Which of a person's records their source has merged: whoever treats in a stay of one of them treats the patient of all.
///
/// A link alone (by matching, or a steward's) is not enough: it must show nobody more than was shown before it. A merge is the
/// source's own word that there was one patient all along, and taking it back parts them again.
package struct MergedRecords: Sendable {
    private let last: [PatientID: PatientID]
    private let records: [PatientID]

    /// Records of one person, and of those in use no more the one that took each one's place.
    package init(_ records: [PatientID], survivors: [PatientID: PatientID]) {
        self.records = records
        guard !survivors.isEmpty else {
            last = [:]
            return
        }
        let own = Set(records)
        var last: [PatientID: PatientID] = [:]
        for record in records {
            var end = record
            // Merges go in no circle; whatever is read is followed so far and no further.
            for _ in records {
                guard let next = survivors[end], own.contains(next) else { break }
                end = next
            }
            last[record] = end
        }
        self.last = last
    }

    /// A record and those merged with it, in order of arrival.
    package func joined(with record: PatientID) -> [PatientID] {
        guard let end = last[record] else { return [record] }
        return records.filter { last[$0] == end }
    }

    /// The last word about each stay or visit, by number, of several records' stays with where each stands in the journal.
    package static func care(_ told: [(encounter: CareEncounter, position: UInt64)]) -> [CareEncounter] {
        var newest: [[UInt8]: (encounter: CareEncounter, position: UInt64)] = [:]
        for one in told {
            let number = Array(one.encounter.number.utf8)
            if let known = newest[number], known.position > one.position { continue }
            newest[number] = one
        }
        return newest.values.map(\.encounter).sorted { $0.number.utf8.lexicographicallyPrecedes($1.number.utf8) }
    }
}
