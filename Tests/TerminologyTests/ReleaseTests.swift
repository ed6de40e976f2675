import ExchangeCore
import Fixtures
import Terminology
import Testing

/// Files in the publishers' forms, their few lines written for these tests.
enum ReleaseFiles {
    static func order(_ number: Int, _ code: String, _ mark: Int, _ short: String, _ long: String) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 5 - digits.count) + digits + " "
            + code.padding(7) + " \(mark) " + short.padding(60) + " " + long + "\r\n"
    }

    static let icd10cm =
        order(1, "I50", 0, "Heart failure", "Heart failure")
        + order(2, "I501", 1, "Left ventricular failure, unspecified", "Left ventricular failure, unspecified")
        + order(3, "I509", 1, "Heart failure, unspecified", "Heart failure, unspecified")
        + order(4, "I10", 1, "Essential (primary) hypertension", "Essential (primary) hypertension")

    static func hcpcs(_ code: String, _ kind: Int, _ long: String, _ short: String = "", _ from: String = "", _ until: String = "")
        -> String
    {
        var line = code.padding(5) + "00100" + "\(kind)" + long.padding(80) + short.padding(28)
        line = line.padding(276) + from.padding(8) + until.padding(8)
        return line.padding(320) + "\n"
    }

    static let hcpcsFile =
        hcpcs("J1100", 3, "INJECTION, DEXAMETHASONE SODIUM", "DEXAMETHASONE SODIUM PHOS", "20190101")
        + hcpcs("J1100", 4, "PHOSPHATE, 1MG") + hcpcs("J0999", 3, "OLD DRUG", "OLD DRUG", "20100101", "20201231")
        + hcpcs("   AA", 7, "MODIFIER")

    static let loinc = #"""
        "LOINC_NUM","COMPONENT","PROPERTY","STATUS","SHORTNAME","LONG_COMMON_NAME"
        "18842-5","Discharge summary","Find","ACTIVE","Discharge summary","Discharge summary"
        "2823-3","Potassium","SCnc","ACTIVE","Potassium SerPl-sCnc","Potassium [Moles/volume] in
        Serum or Plasma, ""blood"""
        "1-8","Acyclovir","Susc","DEPRECATED","",Acyclovir
        """#

    static let rxnorm = """
        310429|ENG|||||||||310429|RXNORM|SCD|310429|furosemide 20 MG Oral Tablet||N|4096|
        310429|ENG|||||||||310429|RXNORM|PSN|310429|Furosemide 20 MG Tablet||N||
        310429|ENG|||||||||310429|MTHSPL|SU|1|FUROSEMIDE||N||
        999|ENG|||||||||999|RXNORM|BN|999|Gone||O||
        1|SPA|||||||||1|RXNORM|IN|1|no||N||

        """

    static let cvx = """
        08 |Hep B, adolescent or pediatric|hepatitis B vaccine, pediatric or pediatric/adolescent dosage|note|Active|6|False|2010/09/30
        150|Influenza, injectable, quadrivalent, preservative free|Influenza, injectable, quadrivalent, preservative free||Active|1||
        99|RESERVED|RESERVED - do not use||Never Active|2||
        """

    static func table(
        _ text: String, _ system: CodeSystem, version: String = "2026", from: String? = nil, until: String? = nil,
        format: ReleaseFormat? = nil, piece: Int = 7,
    ) throws -> CodeTable {
        try CodeTable(MemoryCodeTableStore(bytes(text, system, version: version, from: from, until: until, format: format, piece: piece)))
    }

    static func bytes(
        _ text: String, _ system: CodeSystem, version: String = "2026", from: String? = nil, until: String? = nil,
        format: ReleaseFormat? = nil, piece: Int = 7,
    ) throws -> [UInt8] {
        var importer = ReleaseImporter(format ?? ReleaseFormat(system))
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            try importer.feed(rest.prefix(piece))
            rest = rest.dropFirst(piece)
        }
        let label = try #require(
            ReleaseLabel(
                system: system.uri, version: version, from: from.flatMap(ReleaseDay.init), until: until.flatMap(ReleaseDay.init),
                source: "test", digest: "00"))
        return try CodeTableWriter.bytes(importer.finish(), label: label)
    }
}

extension String {
    fileprivate func padding(_ count: Int) -> String { self + String(repeating: " ", count: Swift.max(0, count - self.count)) }
}

struct ReleaseTests {
    @Test func `an order file has headings and codes, with and without the dot`() throws {
        let table = try ReleaseFiles.table(ReleaseFiles.icd10cm, .icd10cm, from: "2025-10-01", until: "2026-09-30")
        #expect(table.count == 4)
        #expect(table.label.from?.description == "2025-10-01")
        let found = try #require(try table.find("I50.9"))
        #expect(found.code == "I509" && found.display == "Heart failure, unspecified" && found.isSelectable)
        #expect(try table.find("I509") == found)
        #expect(try table.find("I50")?.isSelectable == false)
        #expect(try table.find("I11.9") == nil)
        #expect(try table.below("I50", limit: 10).map(\.code) == ["I501", "I509"])
        #expect(try table.below("I50", limit: 1).map(\.code) == ["I501"])
    }

    @Test func `HCPCS lines are put together and keep their dates`() throws {
        let table = try ReleaseFiles.table(ReleaseFiles.hcpcsFile, .hcpcs)
        #expect(table.count == 2)
        let drug = try #require(try table.find("J1100"))
        #expect(drug.displays == ["INJECTION, DEXAMETHASONE SODIUM PHOSPHATE, 1MG", "DEXAMETHASONE SODIUM PHOS"])
        #expect(drug.from?.description == "2019-01-01" && drug.until == nil)
        #expect(try table.find("J0999")?.until?.description == "2020-12-31")
    }

    @Test func `LOINC's table is read by its headings, quoted line breaks and all`() throws {
        for piece in [1, 7, 10_000] {
            let table = try ReleaseFiles.table(ReleaseFiles.loinc, .loinc, piece: piece)
            #expect(table.count == 3)
            #expect(try table.find("2823-3")?.display == "Potassium [Moles/volume] in\nSerum or Plasma, \"blood\"")
            #expect(try table.find("1-8")?.isActive == false)
        }
    }

    @Test func `RxNorm's own names are taken, the best first`() throws {
        let table = try ReleaseFiles.table(ReleaseFiles.rxnorm, .rxnorm)
        #expect(table.count == 2)
        #expect(
            try table.find("310429")?.displays == ["furosemide 20 MG Oral Tablet", "Furosemide 20 MG Tablet"])
        #expect(try table.find("999")?.isActive == false)
    }

    @Test func `CVX is found with and without its zero`() throws {
        let table = try ReleaseFiles.table(ReleaseFiles.cvx, .cvx)
        #expect(try table.find("8") == table.find("08"))
        #expect(try table.find("08")?.display.hasPrefix("hepatitis B") == true)
        #expect(try table.find("99")?.isActive == false)
    }

    static let refused: [(ReleaseFormat, String, String)] = [
        (.order, "00001 I50     2 Heart failure", "line 1"), (.order, "hello", "line 1"), (.hcpcs, "J110000100X", "line 1"),
        (.hcpcs, ReleaseFiles.hcpcs("J1100", 4, "MORE"), "line 1"), (.loinc, "A,B\n1,2", "line 1"),
        (.loinc, "LOINC_NUM,LONG_COMMON_NAME,STATUS\n,,", "line 2"), (.loinc, "\"LOINC_NUM", "line 1"),
        (.rxnconso, "1|ENG|", "line 1"), (.cvx, "x|y|z|a|b", "line 1"), (.csv, "a\n", "line 1"), (.csv, "a,\n", "line 1"),
        (.fhir, "{", "byte"), (.fhir, "{}", ""), (.fhir, #"{"resourceType":"CodeSystem","content":"fragment"}"#, ""),
        (.fhir, #"{"resourceType":"CodeSystem","content":"complete","concept":[{"display":"x"}]}"#, ""), (.csv, "", ""),
        (.csv, "a,b\na,c", ""),
    ]

    @Test(arguments: refused) func `a file that is not the publisher's is refused with its line`(
        _ row: (format: ReleaseFormat, text: String, place: String),
    ) throws {
        let error = #expect(throws: ExchangeError.self) {
            try ReleaseFiles.table(row.text, .snomed, format: row.format)
        }
        #expect(error?.code == .badRequest)
        let place = error?.location ?? ""
        #expect(place.hasPrefix(row.place), "\(String(describing: error))")
    }

    @Test func `a line without end is refused`() throws {
        var importer = ReleaseImporter(.csv)
        let error = #expect(throws: ExchangeError.self) { try importer.feed([UInt8](repeating: 0x61, count: 2 << 20)) }
        #expect(error?.code == .tooLarge)
    }

    @Test func `every damaged byte of a table is noticed when it is opened`() throws {
        let bytes = try ReleaseFiles.bytes(ReleaseFiles.icd10cm, .icd10cm)
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 0x41
            #expect(throws: ExchangeError(.corrupted, "")) { try CodeTable(MemoryCodeTableStore(damaged)) }
        }
        for length in [0, 7, 8, 15, 19, 20, 30, bytes.count - 1] {
            #expect(throws: ExchangeError(.corrupted, "")) { try CodeTable(MemoryCodeTableStore(Array(bytes.prefix(length)))) }
        }
    }

    @Test func `a table that lies under a right sum is refused or found empty, and never left`() throws {
        var random = SplitMix64(seed: 7)
        let bytes = try ReleaseFiles.bytes(ReleaseFiles.icd10cm, .icd10cm)
        for _ in 0..<2000 {
            var lying = bytes
            for _ in 0..<3 { lying[Int.random(in: 16..<lying.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            var sum: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in lying[16...] { sum = (sum ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            for place in 0..<8 { lying[8 + place] = UInt8(truncatingIfNeeded: sum >> UInt64(8 * place)) }
            guard let table = try? CodeTable(MemoryCodeTableStore(lying)) else { continue }
            for code in ["I509", "I10", "Z", "A00"] {
                do { _ = try table.find(code) } catch { #expect(error.code == .corrupted) }
                do { _ = try table.below(code, limit: 5) } catch { #expect(error.code == .corrupted) }
            }
        }
    }

    @Test(.enabled(if: SharedData.isPresent, "the shared data is not here"))
    func `real release files are read`() throws {
        let list = String(decoding: try SharedData.bytes("terminology/icd10cm-categories-sample.csv"), as: UTF8.self)
        let icd = try ReleaseFiles.table(list, .icd10cm, format: .csv, piece: 4096)
        #expect(icd.count > 4000)
        #expect(try icd.find("A01.3")?.display == "Paratyphoid fever C")
        let vaccines = String(decoding: try SharedData.bytes("terminology/CodeSystem-v2-0292.json"), as: UTF8.self)
        let cvx = try ReleaseFiles.table(vaccines, .cvx, format: .fhir, piece: 4096)
        #expect(try cvx.find("01")?.display == "DTP")
        #expect(cvx.count > 100)
        let reasons = String(decoding: try SharedData.bytes("terminology/CodeSystem-v3-ActReason.json"), as: UTF8.self)
        let actReason = try ReleaseFiles.table(reasons, .snomed, format: .fhir, piece: 4096)
        #expect(try actReason.find("TREAT") != nil)
    }
}
