import ExchangeCore
import HL7v2
import Testing

struct HL7MessageTests {
    @Test(arguments: Samples.all) func `what is read is kept byte for byte`(_ bytes: [UInt8]) throws {
        let message = try MessageReader.read(bytes)
        #expect(message.bytes == bytes)
        #expect(Rebuilding.bytes(message) == bytes)
    }

    @Test func `fields, repetitions, components and subcomponents are numbered as HL7 does`() throws {
        let message = try MessageReader.read(Samples.admission)
        let header = message.segment(0)
        #expect(Array(header.field(1).bytes) == Array("|".utf8))
        #expect(Array(header.field(2).bytes) == Array(#"^~\&"#.utf8))
        #expect(try header.field(9).component(3).text() == "ADT_A01")
        let patient = try #require(message.first("PID"))
        #expect(try patient.field(3).component(4).subcomponent(2).text() == "1.3.6.1.4.1.21367.2026.10.1")
        #expect(try patient.field(3).repetitions[1].component(1).text() == "4711")
        #expect(try patient.field(5).text() == "Quintero Vásquez")
        #expect(patient.field(99).isEmpty)
        #expect(try patient.field(99).component(3).subcomponent(2).text() == nil)
        #expect(patient.field(3).repetitions[1].component(4).position.description == "PID-3[2].4")
    }

    @Test func `escape sequences are resolved in text, and kept in bytes`() throws {
        let segment = try #require(try MessageReader.read(Samples.admission).first("ZBE"))
        #expect(try segment.field(2).text() == #"a|b^c&d~e\f"#)
        #expect(Array(segment.field(2).bytes) == Array(#"a\F\b\S\c\T\d\R\e\E\f"#.utf8))
        #expect(try segment.field(3).text() == #"\Zab\"#)
        #expect(try segment.field(4).text() == #"C:\temp"#)
        #expect(segment.field(5).isNull)
        #expect(try segment.field(5).text() == nil)
    }

    static let texts: [(written: String, read: String?)] = [
        (#"\X41\"#, "A"), (#"\X0D0A\"#, "\r\n"), (#"\XC3A9\"#, "é"), (#"\XFF\"#, nil), (#"\X4\"#, nil),
        (#"\X4G\"#, nil), (#"one\.br\two"#, "one\ntwo"), (#"\.sp2\x"#, "\n\nx"), (#"\.in+3\x"#, "x"),
        (#"\H\loud\N\"#, "loud"), (#"\C2842\"#, nil), (#"\MA4A2\"#, nil), (#"\Cat\"#, #"\Cat\"#), (#"\"#, #"\"#),
        (#"\\"#, #"\\"#), (#"a\E\E\E\"#, #"a\E\"#), (#"50\T\50"#, "50&50"), (#"\.zz\"#, #"\.zz\"#),
    ]

    @Test(arguments: texts) func `a text is read, or refused at its place`(_ row: (written: String, read: String?)) throws {
        let message = try MessageReader.read(
            Array("MSH|^~\\&|||||||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rZZZ|\(row.written)\r".utf8))
        let field = message.segment(1).field(1)
        if let read = row.read {
            #expect(try field.text() == read)
        } else {
            let error = #expect(throws: HL7Error.self) { try field.text() }
            #expect(error?.position?.segment == "ZZZ")
            #expect(error?.condition == .dataType)
        }
    }

    @Test(arguments: ["\r", "\n", "\r\n", "\r\r", "\n\n"]) func `segments end with CR, LF or both`(_ end: String) throws {
        let bytes = Array(["MSH|^~\\&|A", "EVN|A01", "PID|1"].joined(separator: end).utf8)
        let message = try MessageReader.read(bytes)
        #expect(message.segments.map(\.name) == ["MSH", "EVN", "PID"])
        #expect(Rebuilding.bytes(message) == bytes)
    }

    @Test func `a line feed within text of a message of CRs is text`() throws {
        let message = try MessageReader.read(Array("MSH|^~\\&|A\rNTE|1||one\ntwo|x\r".utf8))
        #expect(message.segmentCount == 2)
        #expect(try message.segment(1).field(3).text() == "one\ntwo")
        #expect(try message.segment(1).field(4).text() == "x")
    }

    @Test func `other delimiters, and fewer or more of them, are taken from MSH`() throws {
        let message = try MessageReader.read(Array("MSH$%*!?#$APP$$$$$$ADT%A01$1$P$2.7\rPID$1$$a%b?c*d!S!e\r".utf8))
        #expect(message.delimiters.truncation == UInt8(ascii: "#"))
        let field = message.segment(1).field(3)
        #expect(field.repetitions.count == 2)
        #expect(try field.component(2).subcomponent(2).text() == "c")
        #expect(try field.repetitions[1].text() == "d%e")
        let few = try MessageReader.read(Array("MSH|^|APP\rPID|1||a~b^c\\d&e\r".utf8))
        #expect(try few.segment(1).field(3).text() == "a~b")
        #expect(try few.segment(1).field(3).component(2).text() == #"c\d&e"#)
    }

    /// Bytes that are no message, and where the error points.
    static let refused: [(text: String, position: String?)] = [
        ("", "MSH"), ("M", "MSH"), ("MSH", "MSH"), ("MSH|", "MSH-1"), ("MSH|\r", "MSH-2"), ("MSH||\r", "MSH-2"),
        ("MSHA^~\\&", "MSH-1"), ("MSH|^^\\&|", "MSH-2"), ("MSH|^~\\|", nil), ("MSH|^~\\&#!|", "MSH-2"),
        ("MSH|^~\\&\"|", "MSH-2"), ("PID|1", "MSH"), ("FHS|^~\\&|A", "MSH"), ("MSH|^~\\&|A\rpid|1", ""),
        ("MSH|^~\\&|A\rPI|1", ""), ("MSH|^~\\&|A\r1ID|1", ""), ("MSH|^~\\&|A\rPIDX|1", ""),
        ("MSH|^~\\&|A\rMSH|^~\\&|B", ""), ("MSH|^~\\&|A\rPID|1|a\u{0}b", "PID-2"),
        ("MSH|^~\\&|A\rPID|1|\u{B}", "PID-2"), ("MSH|^~\\&|A|||||||||||||||KLINGON", "MSH-18"),
    ]

    @Test(arguments: refused) func `what is no message is refused with its place`(
        _ row: (text: String, position: String?),
    ) throws {
        let read = Result { () throws(HL7Error) in try MessageReader.read(Array(row.text.utf8)) }
        guard let position = row.position else {
            #expect(throws: Never.self) { try read.get() }
            return
        }
        let error = #expect(throws: HL7Error.self) { try read.get() }
        let place = error?.position?.description ?? ""
        #expect(place == position, "\(String(describing: error))")
    }

    @Test func `each limit is refused by its own words`() throws {
        var limits = HL7Limits()
        limits.segmentsMax = 3
        limits.fieldsMax = 20
        limits.repetitionsMax = 4
        limits.componentsMax = 5
        limits.subcomponentsMax = 6
        limits.messageBytesMax = 400
        func refusal(_ rest: String) -> String {
            do {
                _ = try MessageReader.read(Array(("MSH|^~\\&|A\r" + rest).utf8), limits: limits)
                return ""
            } catch { return error.message }
        }
        #expect(refusal("PID|1\rPV1|1") == "")
        #expect(refusal("PID|1\rPV1|1\rNK1|1").contains("3 segments"))
        #expect(refusal("PID" + String(repeating: "|", count: 21)).contains("20 fields"))
        #expect(refusal("PID|a~b~c~d~e").contains("4 repetitions"))
        #expect(refusal("PID|a^b^c^d^e^f").contains("5 components"))
        #expect(refusal("PID|a&b&c&d&e&f&g").contains("6 subcomponents"))
        #expect(refusal("PID|a^b^c^d^e~a^b^c^d^e|a~b~c~d") == "")
        #expect(refusal("PID|" + String(repeating: "x", count: 400)).contains("400 bytes"))
    }

    @Test func `character sets are those MSH-18 names, and others are refused`() throws {
        func message(_ set: String, _ name: [UInt8]) throws(HL7Error) -> HL7Message {
            try MessageReader.read(
                Array("MSH|^~\\&|||||||ADT^A01|1|P|2.5||||||\(set)\rPID|1||1||".utf8) + name + [0x0D])
        }
        let umlaut: [UInt8] = [0x5A, 0x6F, 0xEB]
        #expect(try message("8859/1", umlaut).segment(1).field(5).text() == "Zoë")
        #expect(try message("8859/15", [0xA4]).segment(1).field(5).text() == "€")
        #expect(try message("UNICODE UTF-8", Array("Zoë".utf8)).segment(1).field(5).text() == "Zoë")
        #expect(try message("", Array("Zoë".utf8)).segment(1).field(5).text() == "Zoë")
        for (set, bytes) in [("UNICODE UTF-8", umlaut), ("", umlaut), ("ASCII", umlaut)] {
            let error = #expect(throws: HL7Error.self) { try message(set, bytes) }
            #expect(error?.position == HL7Position("MSH", field: 18))
        }
        for set in ["8859/2", "ISO IR87", "UNICODE UTF-16", "GB 18030-2000"] {
            let error = #expect(throws: HL7Error.self) { try message(set, Array("Zoe".utf8)) }
            #expect(error?.condition == .tableValue)
        }
        let feeds = try MessageReader.read(
            Array("MSH|^~\\&|A\rPID|1||1||".utf8) + umlaut, otherwise: .latin1)
        #expect(try feeds.segment(1).field(5).text() == "Zoë")
    }

    @Test func `character sets write what they can say`() {
        #expect(HL7CharacterSet.latin1.encode("Zoë €") == [0x5A, 0x6F, 0xEB, 0x20, 0x3F])
        #expect(HL7CharacterSet.latin9.encode("¤€") == [0x3F, 0xA4])
        #expect(HL7CharacterSet.ascii.encode("Zoë") == [0x5A, 0x6F, 0x3F])
        for set in [HL7CharacterSet.latin1, .latin9] {
            for byte in UInt8.min...UInt8.max { #expect(set.decode([byte]).map(set.encode) == [byte]) }
        }
    }

    @Test func `a written segment is read as what was written`() throws {
        var writer = SegmentWriter("ZZZ")
        let texts = [#"a|b^c&d~e\f"#, "line\rbreak", "Zoë", ""]
        for text in texts { writer.field(text) }
        writer.field(components: ["x^y", nil, "z&", nil])
        writer.field(nil)
        let message = try MessageReader.read(Array("MSH|^~\\&|A|||||||||||||||UNICODE UTF-8\r".utf8) + writer.finished())
        let segment = message.segment(1)
        #expect(segment.fieldCount == 5)
        #expect(try (1...4).map { try segment.field($0).text() ?? "" } == texts)
        #expect(try segment.field(5).component(1).text() == "x^y")
        #expect(try segment.field(5).component(3).text() == "z&")
    }
}
