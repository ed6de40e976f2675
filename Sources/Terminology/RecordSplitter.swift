import ExchangeCore

/// Cuts a publisher's file, fed in pieces, into records and their cells.
struct RecordSplitter {
    /// How a file is written.
    enum Dialect: Sendable {
        /// A line is a record and a cell.
        case lines
        /// Cells end with `|`.
        case pipes
        /// Cells are parted by commas, quoted where they must be; a quoted cell may have line breaks (RFC 4180).
        case commas
    }

    /// Bytes of one record at most.
    static let recordBytesMax = 1 << 20

    private let dialect: Dialect
    private var record: [UInt8] = []
    private var isQuoted = false
    private(set) var line = 1

    init(_ dialect: Dialect) { self.dialect = dialect }

    /// Takes bytes; calls back with each record that is complete.
    mutating func feed(
        _ bytes: some Sequence<UInt8>, _ take: ([String]) throws(ExchangeError) -> Void,
    ) throws(ExchangeError) {
        for byte in bytes {
            if case .commas = dialect, byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == 0x0A, !isQuoted {
                try end(take)
                line += 1
                continue
            }
            if byte == 0x0A { line += 1 }
            guard record.count < Self.recordBytesMax else {
                throw ExchangeError(.tooLarge, "a line longer than \(Self.recordBytesMax) bytes", at: "line \(line)")
            }
            record.append(byte)
        }
    }

    /// The file has ended: what has no line break yet is a record, too.
    mutating func finish(_ take: ([String]) throws(ExchangeError) -> Void) throws(ExchangeError) {
        guard !isQuoted else { throw ExchangeError(.badRequest, "a quoted cell without end", at: "line \(line)") }
        try end(take)
    }

    private mutating func end(_ take: ([String]) throws(ExchangeError) -> Void) throws(ExchangeError) {
        defer { record.removeAll(keepingCapacity: true) }
        if record.last == 0x0D { record.removeLast() }
        if record.starts(with: [0xEF, 0xBB, 0xBF]) { record.removeFirst(3) }
        guard record.contains(where: { $0 > 0x20 }) else { return }
        do {
            try take(cells())
        } catch {
            throw error.location == nil ? ExchangeError(error.code, error.message, at: "line \(line)") : error
        }
    }

    private func cells() -> [String] {
        switch dialect {
        case .lines: [Self.text(record[...])]
        case .pipes:
            record.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false).map(Self.text)
        case .commas: quotedCells()
        }
    }

    private func quotedCells() -> [String] {
        var cells: [String] = []
        var cell: [UInt8] = []
        var quoted = false
        var at = 0
        while at < record.count {
            let byte = record[at]
            if byte == UInt8(ascii: "\"") {
                if quoted, at + 1 < record.count, record[at + 1] == byte {
                    cell.append(byte)
                    at += 1
                } else {
                    quoted.toggle()
                }
            } else if byte == UInt8(ascii: ","), !quoted {
                cells.append(Self.text(cell[...]))
                cell = []
            } else {
                cell.append(byte)
            }
            at += 1
        }
        return cells + [Self.text(cell[...])]
    }

    /// UTF-8; where it is not, publishers mean Latin-1.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(validating: bytes, as: UTF8.self)
            ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
