import ExchangeCore
import Testing

@testable import PatientIndex

/// What a table's lines are read as, and what is wrong with those that are not.
struct RegistrationTableTests {
    private static let header = "rec_id,last_name,first_name,dob"

    private static func table(_ header: String = header) throws(ExchangeError) -> RegistrationTable {
        try RegistrationTable(header: Array(header.utf8))
    }

    private static func refusal(_ header: [UInt8]) -> ExchangeError? {
        do {
            _ = try RegistrationTable(header: header)
            return nil
        } catch { return error }
    }

    private static func rowRefusal(_ line: [UInt8]) throws -> ExchangeError? {
        let table = try table()
        do {
            _ = try table.row(line, number: 7)
            return nil
        } catch { return error }
    }

    @Test(
        arguments: [
            ("R1,Smythe, Jr,Ann,1960-01-01", "5 columns, the first line has 4; a cell with a comma stands in quotes (line 7)"),
            ("R1,Smythe,Ann", "3 columns, the first line has 4; a cell with a comma stands in quotes (line 7)"),
            ("R1", "1 column, the first line has 4; a cell with a comma stands in quotes (line 7)"),
        ]) func `a row of another number of columns than the header is no row`(line: String, said: String) throws {
        #expect(try Self.rowRefusal(Array(line.utf8))?.description == said)
    }

    @Test func `a row with a quoted comma and a row of empty cells have as many columns as the header`() throws {
        let table = try Self.table()
        let quoted = try #require(try table.row(Array(#"R1,"Smythe, Jr",Ann,1960-01-01"#.utf8), number: 2))
        #expect(quoted.demographics.names.first?.family == "Smythe, Jr")
        #expect(try table.row(Array("R1,,,\r".utf8), number: 3)?.demographics.names.isEmpty == true)
        #expect(try table.row(Array("\r".utf8), number: 4) == nil)
    }

    @Test func `a column that is named twice is refused by its name`() {
        let refusal = Self.refusal(Array("rec_id,dob,last_name,dob".utf8))
        #expect(refusal?.code == .badRequest)
        #expect(refusal?.description.contains("column dob twice") == true)
    }

    @Test func `columns without a name may be many`() {
        #expect(Self.refusal(Array("rec_id,last_name,,".utf8)) == nil)
    }

    @Test(arguments: ["rec_id,last_name", "\"rec_id\",last_name", "q_id,last_name"])
    func `a byte order mark before the header is no part of it`(header: String) throws {
        let table = try RegistrationTable(header: [0xEF, 0xBB, 0xBF] + Array(header.utf8))
        #expect(try table.row(Array("R1,Mohr".utf8), number: 2)?.id == "R1")
    }

    @Test func `a table in another encoding is said to be no UTF-8, by its line`() throws {
        let wide: [UInt8] = [0xFF, 0xFE] + "rec_id,dob".utf8.flatMap { byte -> [UInt8] in [byte, 0] }
        let bare = "rec_id,dob".utf8.flatMap { byte -> [UInt8] in [0, byte] }
        for header in [wide, bare] {
            #expect(Self.refusal(header)?.description.contains("the table is not UTF-8: line 1") == true)
        }
        let latin = try Self.rowRefusal(Array("R1,M".utf8) + [0xFC] + Array("ller,Ann,".utf8))
        #expect(latin?.description.contains("the table is not UTF-8: line 7") == true)
        #expect(latin?.description.contains("CSV UTF-8") == true)
    }

    @Test(arguments: [("1961-02-30", true), ("30.2.1961", true), ("1961-02-28", false), ("", false)])
    func `a birth date that is no day is told apart from none`(text: String, isUnreadable: Bool) throws {
        let row = try #require(try Self.table().row(Array("R1,Mohr,Ann,\(text)".utf8), number: 2))
        #expect((row.unreadBirthDate != nil) == isUnreadable)
    }
}
