import HL7v2
import Testing

struct AcknowledgementTests {
    private static func message(_ version: String, accept: String = "", application: String = "") -> [UInt8] {
        [UInt8](hl7: "MSH|^~\\&|SND|SF|RCV|RF|20260809||ADT^A01^ADT_A01|C-1|P|\(version)|||\(accept)|\(application)\nEVN|A01")
    }

    private static let fault = HL7Error(
        .requiredField, "the patient has no identifier",
        at: HL7Position("PID", 1, field: 3, repetition: 1, component: 4, subcomponent: 2))

    @Test(arguments: ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"])
    func `an answer is itself a message, turned round, in the sender's version`(_ version: String) throws {
        let bytes = Acknowledgement(answering: Self.message(version)).bytes(
            .applicationError, errors: [Self.fault], time: "20260809120001", controlID: "ACK1")
        let answer = try MessageReader.read(bytes)
        let header = try MessageHeader(answer)
        #expect(header.sendingApplication.namespace == "RCV")
        #expect(header.receivingFacility.namespace == "SF")
        #expect(header.controlID == "ACK1")
        #expect(header.version == version)
        #expect(header.type == "ACK")
        #expect(header.event == "A01")
        #expect(header.structure == (["2.3", "2.3.1"].contains(version) ? nil : "ACK"))
        let outcome = try #require(answer.first("MSA"))
        #expect(try outcome.field(1).text() == "AE")
        #expect(try outcome.field(2).text() == "C-1")
        #expect(try (outcome.field(3).text() == nil) == ["2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"].contains(version))
        let error = try #require(answer.first("ERR"))
        if ["2.3", "2.3.1", "2.4"].contains(version) {
            #expect(Array(error.field(1).bytes) == Array("PID^1^3^101&Required field missing&HL70357".utf8))
        } else {
            #expect(error.field(1).isEmpty)
            #expect(Array(error.field(2).bytes) == Array("PID^1^3^1^4^2".utf8))
            #expect(Array(error.field(3).bytes) == Array("101^Required field missing^HL70357".utf8))
            #expect(try error.field(4).text() == "E")
            #expect(try error.field(8).text() == "the patient has no identifier")
        }
    }

    /// MSH-15, MSH-16, and what answers success, an error in the content, and a message that is not taken.
    static let modes: [(accept: String, application: String, codes: [AcknowledgementCode?])] = [
        ("", "", [.applicationAccept, .applicationError, .applicationReject]),
        ("AL", "NE", [.commitAccept, .commitError, .commitReject]), ("NE", "AL", [nil, nil, nil]),
        ("ER", "NE", [nil, .commitError, .commitReject]), ("SU", "NE", [.commitAccept, nil, nil]),
        ("", "AL", [nil, nil, nil]),
    ]

    @Test(arguments: modes) func `the sender's mode decides which code answers, and whether any does`(
        _ row: (accept: String, application: String, codes: [AcknowledgementCode?]),
    ) throws {
        let message = try MessageReader.read(Self.message("2.5.1", accept: row.accept, application: row.application))
        let header = try MessageHeader(message)
        let refused = HL7Error(.eventCode, "no")
        let codes = [[], [Self.fault], [refused]].map { Acknowledgement.code(header, errors: $0) }
        #expect(codes == row.codes)
    }

    @Test func `what is no message is answered all the same`() throws {
        let noise: [[UInt8]] = [[], [0xFF, 0x00, 0x1C], Array("MSH".utf8), Array("hello".utf8), Array("MSH|^^".utf8)]
        for bytes in noise {
            let answer = Acknowledgement(answering: bytes).bytes(
                .applicationReject, errors: [Self.fault], time: "2026", controlID: "1")
            let message = try MessageReader.read(answer)
            #expect(try MessageHeader(message).version == "2.5.1")
            #expect(try message.first("MSA")?.field(1).text() == "AR")
        }
        #expect(Acknowledgement.code(nil, errors: [Self.fault]) == .applicationError)
    }

    @Test func `an answer speaks with the sender's delimiters and character set`() throws {
        let question = Array("MSH$%~\\&$S$$R$$$$ADT%A08$77$P$2.5$$$$$$8859/1\r".utf8)
        let error = HL7Error(.dataType, "cost: 5$ & more", at: HL7Position("PID"))
        let answer = Acknowledgement(answering: question).bytes(
            .applicationError, errors: [error], time: "2026", controlID: "1")
        let message = try MessageReader.read(answer)
        #expect(message.delimiters.field == UInt8(ascii: "$"))
        #expect(message.characterSet == .latin1)
        #expect(try message.first("ERR")?.field(8).text() == "cost: 5$ & more")
    }

    @Test func `what is repeated of a header is short and plain`() throws {
        let long = String(repeating: "x", count: 300)
        let question = Array("MSH|^~\\&|\(long)|é|R||||ADT^<b>|\(long)|P|9.9<\r".utf8)
        let answer = Acknowledgement(answering: question).bytes(.applicationReject, time: "2026", controlID: "1")
        let text = String(decoding: answer, as: UTF8.self)
        #expect(!text.contains("xxx") && !text.contains("é") && !text.contains("<"))
        #expect(try MessageReader.read(answer).first("MSA")?.field(2).isEmpty == true)
    }

    @Test func `at most twenty errors are named`() throws {
        let answer = Acknowledgement(answering: Self.message("2.6")).bytes(
            .applicationError, errors: [HL7Error](repeating: Self.fault, count: 500), time: "2026", controlID: "1")
        #expect(try MessageReader.read(answer).all("ERR").count == Acknowledgement.errorsMax)
    }

    static let headers: [(text: String, condition: HL7Error.Condition?)] = [
        ("ADT^A01|1|P|2.5.1", nil), ("ADT^A31|1|P|2.3", nil), ("ADT^A99|1|P|2.5", .eventCode), ("ADT|1|P|2.5", .eventCode),
        ("XYZ^Q99|1|P|2.5", .messageType), ("ADT^A01|1|T|2.5", .processingID), ("ADT^A01|1|P|9.9", .version),
        ("ADT^A01|1|P|2.2", .version), ("|1|P|2.5", .requiredField), ("ADT^A01||P|2.5", .requiredField),
        ("ADT^A01|1||2.5", .requiredField), ("ADT^A01|1|P|", .requiredField), ("ADT^A01|1|P|2.5|||XX", .tableValue),
    ]

    @Test(arguments: headers) func `a port takes what its rules say`(
        _ row: (text: String, condition: HL7Error.Condition?),
    ) throws {
        let message = try MessageReader.read(Array("MSH|^~\\&|A|B|C|D|2026||\(row.text)".utf8))
        do {
            let refusal = ReceiverRules.patientIdentityFeed.refusal(try MessageHeader(message))
            #expect(refusal?.condition == row.condition)
            #expect(refusal == nil || refusal?.position?.segment == "MSH")
        } catch {
            #expect(error.condition == row.condition)
            #expect(error.position?.segment == "MSH")
        }
    }

    @Test(arguments: ["2.3", "2.4", "2.5.1", "2.6", "2.8"]) func `what was left out of a message that was taken is a warning`(
        _ version: String,
    ) throws {
        let left = HL7Error(.dataType, "the stay was not taken", at: HL7Position("PV1", field: 44))
        let bytes = Acknowledgement(answering: Self.message(version)).bytes(
            .applicationAccept, omissions: [left], time: "20260809120001", controlID: "ACK1")
        let answer = try MessageReader.read(bytes)
        #expect(try answer.first("MSA")?.field(1).text() == "AA")
        let warning = answer.first("ERR")
        #expect((warning == nil) == ["2.3", "2.4"].contains(version), "where ERR knows no severity it would be an error")
        if let warning {
            #expect(try warning.field(4).text() == "W")
            #expect(Array(warning.field(2).bytes) == Array("PV1^1^44".utf8))
        } else {
            #expect(try answer.first("MSA")?.field(3).text() == "the stay was not taken (PV1-44)")
        }
    }
}
