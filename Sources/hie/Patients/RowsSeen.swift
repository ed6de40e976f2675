import ExchangeCore
import PatientIndex

/// The ids of a table's rows so far: two rows that say different things may not go by one id.
///
/// A row that is repeated as it stands is none of these: loading is safe to repeat.
struct RowsSeen {
    /// Small, since a table may have millions of rows.
    private struct Mark {
        let line: UInt32
        let word: UInt32
    }

    private var marks: [String: Mark] = [:]

    /// Why a row is left out; nil for one whose id is new, or that says what the earlier one said.
    func refusal(of id: String, _ line: [UInt8]) -> String? {
        guard let mark = marks[id], mark.word != Self.word(line) else { return nil }
        return "its id is that of line \(mark.line), which says something else; give each row an id of its own"
    }

    /// A row was taken.
    mutating func note(_ id: String, _ line: [UInt8], number: Int) {
        guard marks[id] == nil else { return }
        marks[id] = Mark(line: UInt32(clamping: number), word: Self.word(line))
    }

    private static func word(_ line: [UInt8]) -> UInt32 {
        UInt32(truncatingIfNeeded: StableHash.word(line.last == 0x0D ? line.dropLast() : line[...]))
    }
}
