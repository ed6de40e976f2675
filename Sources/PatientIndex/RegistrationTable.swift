import ExchangeCore

/// Registrations or questions as rows of a CSV file (patient-matching.md 7), or of FEBRL's.
///
/// The header names the columns, each once, in any order; unknown ones are ignored. Every row has as many (RFC 4180, 2.4).
/// UTF-8, a byte order mark before the header left aside; a quoted cell may hold commas, quotes doubled, and line ends.
package struct RegistrationTable: Sendable {
    private let columns: [String: Int]
    /// Columns of every row.
    private let width: Int
    /// The column that names a row: `rec_id` or `q_id`.
    private let idColumn: Int

    /// One row.
    package struct Row: Sendable {
        /// The row's own name.
        package let id: String
        /// Which system's record it is, and its number there; nil when the file does not say.
        package let source: String?
        /// The record number at the source.
        package let recordNumber: String?
        /// What it says about the person.
        package let demographics: Demographics
        /// Numbers it carries, the record number of its source left aside.
        package let identifiers: [PatientIdentifier]
        /// What stands for a birth date and is no date; nil when it is one, or nothing stands there.
        package let unreadBirthDate: String?

        /// A row from its parts.
        package init(
            id: String, source: String?, recordNumber: String?, demographics: Demographics,
            identifiers: [PatientIdentifier], unreadBirthDate: String? = nil,
        ) {
            self.id = id
            self.source = source
            self.recordNumber = recordNumber
            self.demographics = demographics
            self.identifiers = identifiers
            self.unreadBirthDate = unreadBirthDate
        }
    }

    /// The system of US social security numbers, nine digits or the last four.
    package static let socialSecuritySystem = "http://hl7.org/fhir/sid/us-ssn"
    /// The system of Medicare numbers.
    package static let medicareSystem = "http://hl7.org/fhir/sid/us-mbi"
    /// The system of driver's licences whose state is not known.
    package static let licenceSystem = "urn:oid:2.16.840.1.113883.4.3"
    /// The system of health insurance member numbers.
    package static let memberSystem = "urn:concordat:member-id"
    /// The system of numbers that are compared like social security numbers, without the rules of the United States.
    package static let plainNumberSystem = "urn:concordat:soc-sec-id"

    /// The system of the rows' own ids; names a record, and is no evidence about anybody.
    package static let rowSystem = "urn:concordat:row"

    /// The system of a source's record numbers.
    package static func sourceSystem(_ source: String) -> String {
        "urn:concordat:source:" + source.filter { $0.isASCII && !$0.isWhitespace }
    }

    /// Reads the header; `.badRequest` when it names no column for the row's id, or a column twice.
    package init(header: [UInt8]) throws(ExchangeError) {
        let header = header.starts(with: Self.byteOrderMark) ? Array(header.dropFirst(Self.byteOrderMark.count)) : header
        // UTF-16 without a mark is UTF-8 by its form, of NUL and letters.
        guard !header.contains(0) else { throw CSVCells.notUTF8(line: 1) }
        let names = try CSVCells.split(header, line: 1)
        var columns: [String: Int] = [:]
        var repeated: String?
        for (index, name) in names.enumerated() where columns.updateValue(index, forKey: name) != nil && !name.isEmpty {
            repeated = repeated ?? name
        }
        guard let id = columns["rec_id"] ?? columns["q_id"] else {
            throw ExchangeError(.badRequest, "the first line names no column rec_id or q_id", at: "line 1")
        }
        if let repeated {
            throw ExchangeError(
                .badRequest, "the first line names the column \(repeated.prefix(40)) twice; leave one of them out", at: "line 1")
        }
        self.columns = columns
        width = names.count
        idColumn = id
    }

    /// What Excel writes before the first line of a "CSV UTF-8".
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Reads one line; `.badRequest` names the line when it cannot be read. An empty line is nil.
    package func row(_ line: [UInt8], number: Int) throws(ExchangeError) -> Row? {
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { return nil }
        let cells = try CSVCells.split(line, line: number)
        guard cells.count == width else {
            let count = cells.count == 1 ? "1 column" : "\(cells.count) columns"
            throw ExchangeError(
                .badRequest, "\(count), the first line has \(width); a cell with a comma stands in quotes", at: "line \(number)")
        }
        guard !cells[idColumn].isEmpty else {
            throw ExchangeError(.badRequest, "a row without its id", at: "line \(number)")
        }
        func cell(_ name: String) -> String? {
            guard let index = columns[name], !cells[index].isEmpty else { return nil }
            return cells[index]
        }
        let demographics = Self.demographics(cell)
        return Row(
            id: cells[idColumn], source: cell("source"), recordNumber: cell("mrn"), demographics: demographics,
            identifiers: Self.identifiers(cell),
            unreadBirthDate: demographics.birthDate == nil ? cell("dob") ?? cell("date_of_birth") : nil)
    }

    private static func demographics(_ cell: (String) -> String?) -> Demographics {
        var given = [cell("first_name") ?? cell("given_name")].compactMap(\.self)
        if let middle = cell("middle_name") { given.append(middle) }
        let family = cell("last_name") ?? cell("surname")
        var demographics = Demographics()
        if family != nil || !given.isEmpty {
            demographics.names = [PersonName(family: family ?? "", given: given, suffix: cell("suffix"))]
        }
        demographics.birthDate = (cell("dob") ?? cell("date_of_birth").flatMap(isoDate)).flatMap { PartialDate($0) }
        switch cell("sex") {
        case "F", "f", "female": demographics.sex = .female
        case "M", "m", "male": demographics.sex = .male
        default: break
        }
        var lines = [cell("address")].compactMap(\.self)
        if let street = cell("address_1") {
            lines = [[cell("street_number"), street].compactMap(\.self).joined(separator: " ")]
            if let second = cell("address_2") { lines.append(second) }
        }
        let city = cell("city") ?? cell("suburb")
        let code = cell("zip") ?? cell("postcode")
        if !lines.isEmpty || city != nil || code != nil {
            demographics.addresses = [
                PostalAddress(lines: lines, city: city, state: cell("state"), postalCode: code)
            ]
        }
        demographics.phones = [cell("phone")].compactMap(\.self)
        demographics.emails = [cell("email")].compactMap(\.self)
        return demographics
    }

    private static func identifiers(_ cell: (String) -> String?) -> [PatientIdentifier] {
        let columns = [
            ("ssn", socialSecuritySystem), ("soc_sec_id", plainNumberSystem), ("insurance_id", memberSystem),
            ("mbi", medicareSystem), ("drivers_license", licenceSystem),
        ]
        return columns.compactMap { column, system in
            cell(column).flatMap { PatientIdentifier(system: system, value: $0.filter { $0 != " " }) }
        }
    }

    /// `19530804` as `1953-08-04`.
    private static func isoDate(_ text: String) -> String? {
        let digits = Array(text.utf8)
        guard digits.count == 8, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return String(decoding: digits[0..<4] + [0x2D] + digits[4..<6] + [0x2D] + digits[6..<8], as: UTF8.self)
    }
}

/// Cells of a line of CSV (RFC 4180), without the line's end.
package struct CSVCells: Sendable {
    /// The longest line that is read.
    package static let lineBytesMax = 65_536

    init() {}

    /// Splits a line; `.badRequest` when it is too long, is not UTF-8, or a quote is left open.
    package static func split(_ line: [UInt8], line number: Int) throws(ExchangeError) -> [String] {
        guard line.count <= lineBytesMax else {
            throw ExchangeError(.badRequest, "a line of more than \(lineBytesMax) bytes", at: "line \(number)")
        }
        guard isUTF8(line) else { throw notUTF8(line: number) }
        var cells: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        var index = 0
        while index < line.count {
            let byte = line[index]
            index += 1
            if isQuoted {
                if byte != 0x22 {
                    cell.append(byte)
                } else if index < line.count, line[index] == 0x22 {
                    cell.append(0x22)
                    index += 1
                } else {
                    isQuoted = false
                }
            } else if byte == 0x22, cell.isEmpty {
                isQuoted = true
            } else if byte == 0x2C {
                cells.append(trimmed(cell))
                cell = []
            } else if byte != 0x0D || index < line.count {
                cell.append(byte)
            }
        }
        guard !isQuoted else {
            throw ExchangeError(.badRequest, "a quote is opened and not closed", at: "line \(number)")
        }
        cells.append(trimmed(cell))
        return cells
    }

    /// Whether a line is UTF-8.
    package static func isUTF8(_ line: [UInt8]) -> Bool {
        line.allSatisfy { $0 < 0x80 } || String(validating: line, as: UTF8.self) != nil
    }

    /// What is said of a table in another encoding.
    package static func notUTF8(line number: Int) -> ExchangeError {
        ExchangeError(.badRequest, "the table is not UTF-8: line \(number); save it as CSV UTF-8 and give it again")
    }

    /// A cell as a field of a line, quoted where it has to be.
    package static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    private static func trimmed(_ bytes: [UInt8]) -> String {
        var from = 0
        var end = bytes.count
        while from < end, bytes[from] == 0x20 || bytes[from] == 0x09 { from += 1 }
        while end > from, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return String(decoding: bytes[from..<end], as: UTF8.self)
    }
}
