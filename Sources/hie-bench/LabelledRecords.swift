import PatientIndex

/// Registrations, or questions, of which it is known whose they are.
struct LabelledRecords {
    /// As they are compared, in order of arrival.
    let packed: [PackedRecord]
    /// Whose each is; nil for a question about somebody who is not registered.
    let owners: [Int?]
    /// What is told apart in the tables, such as the custom of a name; empty for nothing.
    let groups: [String]

    init(_ rows: [(PackedRecord, Int?, String)]) {
        packed = rows.map(\.0)
        owners = rows.map(\.1)
        groups = rows.map(\.2)
    }

    /// How many pairs of places have the same label.
    static func pairs(_ labels: some Sequence<some Hashable>) -> Int {
        var sizes: [AnyHashable: Int] = [:]
        for label in labels { sizes[label, default: 0] += 1 }
        return sizes.values.reduce(0) { $0 + $1 * ($1 - 1) / 2 }
    }
}
