import ExchangeCore
import PatientIndex

/// A table of registrations or questions, opened: its header is read.
struct TableFile {
    private var lines: TextLines
    let table: RegistrationTable
    let header: String

    init(_ path: String) throws {
        lines = try TextLines(path)
        guard let header = try lines.next() else {
            throw CommandFailure(.failed, "\(path) is empty", hint: "its first line names the columns")
        }
        do { table = try RegistrationTable(header: header) } catch { throw CommandFailure(error) }
        self.header = String(decoding: header, as: UTF8.self)
    }

    /// Lines read so far.
    var number: Int { lines.number }

    /// The next line; nil at the end. One in another encoding ends the table: so are the others.
    mutating func next() throws -> [UInt8]? {
        guard let line = try lines.next() else { return nil }
        guard CSVCells.isUTF8(line) else { throw CommandFailure(CSVCells.notUTF8(line: number)) }
        return line
    }
}
