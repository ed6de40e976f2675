import DocumentExchange
import ExchangeCore
import HL7v2
import Testing
import Transactions
import XDSMetadata

@testable import MLLPEndpoint

/// Messages become requests: what the registry is told, and what is refused before it is asked.
struct FeedRequestTests {
    private static var settings: FeedSettings {
        var settings = FeedSettings(name: "admissions", host: "127.0.0.1", port: 0, clients: nil)
        settings.authorities.byNamespace = ["ARH": "urn:oid:1.2.3"]
        return settings
    }

    private static func read(_ type: String, _ segments: String, _ settings: FeedSettings = settings) throws -> FeedRequest {
        let text = "MSH|^~\\&|SND|Alderbrook|C|D|20260809||\(type)|1|P|2.5.1\n" + segments
        let message = try MessageReader.read(text.utf8.map { $0 == 0x0A ? 0x0D : $0 })
        return try FeedRequest.read(message, MessageHeader(message), settings, limits: ExchangeLimits(), labeler: .standard)
    }

    private static func document(_ type: String, _ segments: String, _ settings: FeedSettings = settings) throws -> FedDocument {
        guard case .document(let document, _) = try read(type, segments, settings) else {
            throw ExchangeError(.internal, "not a document")
        }
        return document
    }

    private static let patient = "PID|1||4711^^^ARH~8^^^OTHER||Mohr^Alice\nPV1|1|I|||||||||||||||||V1^^^ARH|||||||||||||||||||||||||20260805|20260809\n"
    private static let content = "OBX|1|TX|||words"

    @Test func `TXA, PV1 and the feed's table give the metadata`() throws {
        let fed = try Self.document(
            "MDM^T02",
            Self.patient + "TXA|1|DS^Discharge|TX|||202608091400|||77^Lindgren^Ada^^^^^^ARH|||D-1^ARH||||||R\n" + Self.content)
        #expect(fed.number == "urn:oid:1.2.3|D-1" && fed.act == .original)
        #expect(fed.request.patient.identifiers.map(\.value) == ["4711"], "an authority that is not in the table is not believed")
        let draft = try #require(fed.request.documents.first?.draft)
        #expect(draft.typeCode?.code == "18842-5" && draft.classCode?.code == "18842-5")
        #expect(draft.title == "Discharge")
        #expect(draft.creationTime?.text == "2026-08-09T14:00:00Z")
        #expect(draft.serviceStart?.text == "2026-08-05" && draft.serviceStop?.text == "2026-08-09")
        #expect(draft.securityCodes.map(\.code) == ["R"])
        #expect(draft.related == ["urn:oid:1.2.3|V1"])
        #expect(draft.authors.first?.person?.family == "Lindgren")
        #expect(draft.authors.first?.personIdentifier?.value == "77")
        #expect(draft.authors.first?.institution == "Alderbrook")
        #expect(draft.sourcePatient?.value == "4711" && draft.mimeType == "text/plain")
    }

    /// TXA-18, what the feed says of those that say nothing, and the labels.
    static let labels: [(stated: String, otherwise: Confidentiality?, codes: [String])] = [
        ("", nil, []), ("", .normal, ["N"]), ("U", nil, ["N"]), ("R", .normal, ["R"]), ("V", .normal, ["V"]),
        ("XYZ", .normal, ["V"]),
    ]

    @Test(arguments: labels) func `confidentiality is what is stated, and what is in no table is very restricted`(
        _ row: (stated: String, otherwise: Confidentiality?, codes: [String]),
    ) throws {
        var settings = Self.settings
        settings.confidentiality = row.otherwise
        let fed = try Self.document(
            "MDM^T02", Self.patient + "TXA|1|DS|TX|||||||||D-1||||||\(row.stated)\n" + Self.content, settings)
        #expect(fed.request.documents.first?.draft.securityCodes.map(\.code) == row.codes)
    }

    /// A result's code, and the labels that a report earns by it in a feed whose documents are normal.
    static let sensitive: [(observation: String, codes: [String])] = [
        ("2823-3^Potassium^LN", ["N"]), ("7917-8^Antibody^LN", ["R", "HIV"]), ("L17^HIV-1 antibody^99LAB", ["R", "HIV"]),
        ("X^Other^99LAB^7917-8^Antibody^LN", ["R", "HIV"]),
    ]

    @Test(arguments: sensitive) func `a report earns its labels by its codes, a local one by its name`(
        _ row: (observation: String, codes: [String]),
    ) throws {
        var settings = Self.settings
        settings.confidentiality = .normal
        let text = "PID|1||4711^^^ARH\nOBR|1||F-1|X^Panel^L\nOBX|1|NM|\(row.observation)||5\n"
        #expect(try Self.document("ORU^R01", text, settings).request.documents.first?.draft.securityCodes.map(\.code) == row.codes)
        let result = "PID|1||4711^^^ARH\nOBR|1||F-1|X^Panel^L\nOBX|1|CWE|1^Test^L||B20^^I10\n"
        let coded = try Self.document("ORU^R01", result, settings)
        #expect(coded.request.documents.first?.draft.securityCodes.map(\.code) == ["R", "HIV"])
    }

    @Test func `a number is its sender's by its authority, else the feed's`() throws {
        func number(_ text: String) throws -> String {
            try Self.document("MDM^T02", Self.patient + "TXA|1|DS|TX|||||||||\(text)\n" + Self.content).number
        }
        #expect(try number("D^ARH") == "urn:oid:1.2.3|D")
        #expect(try number("D^X^1.9.9^ISO") == "urn:oid:1.9.9|D")
        #expect(try number("D") == "urn:concordat:feed:admissions|D")
        #expect(try number("D^UNKNOWN") == "urn:concordat:feed:admissions|D")
    }

    @Test func `a cancelled document is followed by a word that it is, without its content`() throws {
        let fed = try Self.document("MDM^T11", Self.patient + "TXA|1|DS|TX|||||||||D-1^ARH\n" + Self.content)
        #expect(fed.act == .cancellation)
        let document = try #require(fed.request.documents.first)
        #expect(document.draft.title?.hasPrefix("Cancelled") == true)
        let text = String(decoding: document.bytes, as: UTF8.self)
        #expect(text.contains("not to be used") && !text.contains("words"))
    }

    @Test func `a document that is only spoken of brings none, and a report needs its patient's authority`() throws {
        let notice = try Self.document("MDM^T01", Self.patient + "TXA|1|DS|TX|||||||||D-1^ARH")
        #expect(notice.request.documents.isEmpty)
        let error = #expect(throws: HL7Error.self) {
            try Self.read("ORU^R01", "PID|1||4711^^^OTHER\nOBR|1||F-1|X\nOBX|1|TX|||words")
        }
        #expect(error?.condition == .unknownKey && error?.position?.description.hasPrefix("PID-3") == true)
    }

    /// Errors of the exchange, and where an acknowledgement says they are.
    static let faults: [(code: ExchangeError.Code, location: String?, condition: HL7Error.Condition, place: String?)] = [
        (.unknownPatient, nil, .unknownKey, "PID-3"), (.notFound, "number", .unknownKey, "TXA-12"),
        (.notFound, "parent", .unknownKey, "TXA-13"), (.conflict, "number", .duplicateKey, "TXA-12"),
        (.badRequest, "document 0", .dataType, "OBX-5"), (.unavailable, nil, .applicationError, nil),
        (.tooLarge, nil, .dataType, "OBX-5"), (.internal, nil, .applicationError, nil),
    ]

    @Test(arguments: faults) func `an error of the exchange has its condition and place`(
        _ row: (code: ExchangeError.Code, location: String?, condition: HL7Error.Condition, place: String?),
    ) {
        let places = FeedDocumentMapping.Places(number: HL7Position("TXA", field: 12))
        let fault = FeedFault.document(ExchangeError(row.code, "x", at: row.location), places)
        #expect(fault.condition == row.condition && fault.position?.description == row.place)
        #expect(
            FeedFault.identity(ExchangeError(.notFound, "x", at: "Patient.identifier"), isMerge: true).position?.description
                == "MRG-1")
        #expect(
            FeedFault.identity(ExchangeError(.badRequest, "x", at: "Patient.birthDate"), isMerge: false).position?.description
                == "PID-7")
    }

    /// MSH-15, MSH-16, and the one answer to success and to an error in the content.
    static let modes: [(accept: String, application: String, codes: [AcknowledgementCode?])] = [
        ("", "", [.applicationAccept, .applicationError]), ("AL", "AL", [.commitAccept, .commitError]),
        ("NE", "AL", [.applicationAccept, .applicationError]), ("NE", "NE", [nil, nil]), ("", "ER", [nil, .applicationError]),
        ("ER", "AL", [.applicationAccept, .commitError]),
    ]

    @Test(arguments: modes) func `a message has one answer, the commit's before the application's`(
        _ row: (accept: String, application: String, codes: [AcknowledgementCode?]),
    ) throws {
        let text = "MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5|||\(row.accept)|\(row.application)\r"
        let header = try MessageHeader(MessageReader.read(Array(text.utf8)))
        let codes = [[], [HL7Error(.dataType, "x")]].map { FeedReceiver.code(header, errors: $0) }
        #expect(codes == row.codes)
        #expect(HL7Time.write(Timestamp(milliseconds: 0)) == "19700101000000.000+0000")
    }
}
