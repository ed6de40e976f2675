import ExchangeCore
import Fixtures
import HL7v2
import Testing

/// Every file of `data/hl7v2`: read and given back byte for byte, or refused for a reason that stands here.
@Suite(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
struct CorpusTests {
    /// By folder: files, those that are read but have no control or processing id for a port to answer to, and those
    /// refused, each with a word of the reason.
    static let table: [(folder: String, files: Int, headless: Int, refused: [String: String])] = [
        ("hl7v2/fhir-converter", 54, 0, [:]), ("hl7v2/hl7kit", 5, 0, [:]), ("hl7v2/ipf", 22, 0, [:]),
        // Their MSH-2 has the backslash of a Java string twice.
        (
            "hl7v2/lfh", 4, 0,
            ["sample_unix.hl7": "encoding characters must differ", "sample_win.hl7": "encoding characters must differ"]
        ),
        (
            "hl7v2/lfh-inline", 92, 20,
            [
                // Two strings of Java source run into one line.
                "PPR_PC1-7bbe909f.hl7": "does not begin with a segment's name",
                // Two messages.
                "ADT_A01_ADT_-5a70fd8e.hl7": "begins another message",
                "OMP_O09-af87a7b3.hl7": "encoding characters must differ",
                "OMP_O09-6522c7a6.hl7": "encoding characters must differ",
                "ORU_R01-247a7f96.hl7": "encoding characters must differ",
                "ORU_R01-f0b3faf8.hl7": "encoding characters must differ",
            ]
        ),
    ]

    @Test(arguments: table) func `a corpus is read, and comes back byte for byte`(
        _ row: (folder: String, files: Int, headless: Int, refused: [String: String]),
    ) throws {
        let files = SharedData.files(row.folder)
        #expect(files.count == row.files)
        var refused: [String: String] = [:]
        var headless = 0
        for path in files {
            let name = String(path.split(separator: "/").last ?? "")
            let bytes = try SharedData.bytes(path)
            do throws(HL7Error) {
                let message = try MessageReader.read(bytes)
                #expect(Rebuilding.bytes(message) == bytes, "\(path)")
                #expect(message.segmentCount > 1, "\(path)")
                do { _ = try MessageHeader(message) } catch {
                    #expect(error.condition == .requiredField && error.position?.segment == "MSH", "\(path): \(error)")
                    headless += 1
                }
            } catch {
                refused[name] = error.description
            }
        }
        #expect(headless == row.headless)
        #expect(Set(refused.keys) == Set(row.refused.keys), "\(refused)")
        for (name, reason) in row.refused { #expect(refused[name]?.contains(reason) == true, "\(refused)") }
    }

    /// What a production port of the patient identity feed answers.
    enum Answer: Equatable {
        /// Taken.
        case accepted
        /// Refused for this condition at this place.
        case refused(HL7Error.Condition, String)
        /// A batch of so many messages, each answered by itself.
        case batch(Int)
        /// It brings a document of this kind and size.
        case document(mediaType: String, bytes: Int)
    }

    static let hostile: [(name: String, answer: Answer)] = [
        ("ok.hl7", .accepted), ("lf-endings.hl7", .accepted), ("crlf-endings.hl7", .accepted),
        ("no-trailing-cr.hl7", .accepted), ("custom-delims.hl7", .accepted), ("five-encoding-chars.hl7", .accepted),
        ("missing-msh9.hl7", .refused(.requiredField, "MSH-9")),
        ("missing-msh10.hl7", .refused(.requiredField, "MSH-10")),
        ("unknown-trigger.hl7", .refused(.eventCode, "MSH-9")), ("unknown-type.hl7", .refused(.messageType, "MSH-9")),
        ("bad-version.hl7", .refused(.version, "MSH-12")), ("processing-id-T.hl7", .refused(.processingID, "MSH-11")),
        ("no-pid3.hl7", .refused(.requiredField, "PID-3")),
        ("no-assigning-authority.hl7", .refused(.unknownKey, "PID-3")),
        ("bad-dob.hl7", .refused(.dataType, "PID-7")), ("lowercase-segment.hl7", .refused(.segmentSequence, "")),
        ("two-pid.hl7", .refused(.segmentSequence, "PID[2]")), ("escapes.hl7", .accepted), ("latin1.hl7", .accepted),
        ("invalid-utf8.hl7", .refused(.dataType, "MSH-18")), ("merge-self.hl7", .refused(.duplicateKey, "MRG-1")),
        // Whether the prior patient is known only the index can say.
        ("merge-unknown.hl7", .accepted), ("batch.hl7", .batch(2)),
        ("truncated.hl7", .refused(.segmentSequence, "PV1")), ("empty.hl7", .refused(.segmentSequence, "MSH")),
        ("binary-noise.hl7", .refused(.segmentSequence, "MSH")),
        ("million-repetitions.hl7.gz", .refused(.dataType, "PID-3")),
        ("deep-subcomponents.hl7", .refused(.dataType, "PID-5")),
        ("mdm-t02-base64-cda.hl7", .document(mediaType: "text/xml", bytes: 70_422)),
    ]

    @Test func `the table names every hostile message there is`() {
        let names = SharedData.files("hostile/hl7v2").map { String($0.dropFirst("hostile/hl7v2/".count)) }
        #expect(Set(names) == Set(Self.hostile.map(\.name)))
    }

    private static let authorities = AssigningAuthorities(byNamespace: ["GHH": "urn:oid:2.999.1.1"])

    /// What the feed makes of one message.
    private static func taken(_ bytes: [UInt8]) throws(HL7Error) -> PatientFeedEvent {
        let message = try MessageReader.read(bytes)
        let header = try MessageHeader(message)
        if let refusal = ReceiverRules.patientIdentityFeed.refusal(header) { throw refusal }
        return try PatientFeedEvent.read(message, event: header.event, authorities: authorities)
    }

    @Test(arguments: hostile) func `T114 a hostile message gets its answer`(_ row: (name: String, answer: Answer)) throws {
        let bytes = try SharedData.inflated("hostile/hl7v2/" + row.name)
        switch row.answer {
        case .accepted: #expect(throws: Never.self) { try Self.taken(bytes) }
        case .refused(let condition, let place):
            let error = #expect(throws: HL7Error.self) { try Self.taken(bytes) }
            #expect(error?.condition == condition, "\(String(describing: error))")
            let found = error?.position?.description ?? ""
            #expect(found == place)
            #expect(error?.description.contains("EVERYWOMAN") == false)
            let refusal = try #require(error)
            let answer = Acknowledgement(answering: bytes).bytes(
                .applicationReject, errors: [refusal], time: "20261130", controlID: "1")
            let read = try MessageReader.read(answer)
            #expect(read.first("MSA") != nil && read.first("ERR") != nil)
        case .batch(let count):
            #expect(HL7Batch.isBatch(bytes))
            #expect(throws: HL7Error.self) { try Self.taken(bytes) }
            let batch = try HL7Batch.read(bytes)
            #expect(batch.texts.count == count)
            for text in batch.texts { #expect(throws: Never.self) { try Self.taken(text) } }
        case .document(let mediaType, let count):
            let message = try MessageReader.read(bytes)
            let document = try #require(try EncapsulatedDocument.read(message.all("OBX")))
            #expect(document.mediaType == mediaType)
            #expect(document.bytes.count == count)
            #expect(document.code?.codedValues == [CodedValue(code: "18842-5", system: CodeSystems.loinc)])
        }
    }

    @Test func `names come out as their sender meant them`() throws {
        let escaped = try MessageReader.read(SharedData.bytes("hostile/hl7v2/escapes.hl7"))
        #expect(try escaped.first("PID")?.field(5).text() == "EVERYWOMAN^X|Y&Z~W\\V \r")
        let latin = try MessageReader.read(SharedData.bytes("hostile/hl7v2/latin1.hl7"))
        #expect(try latin.first("PID")?.field(5).text()?.hasPrefix("Zoë Müller") == true)
    }

    /// `+` a message, `!` a refusal, `-` bytes passed over.
    static let streams: [(name: String, events: String)] = [
        ("two-frames-one-write.bin", "++"), ("missing-start.bin", "-+"), ("missing-cr-after-fs.bin", "++"),
        ("garbage-between.bin", "+-+"), ("nested-start.bin", "+"), ("embedded-vt-in-data.bin", "!"),
        ("never-terminated-5MB.bin.gz", "!"), ("same-control-id-twice.bin", "++"),
    ]

    @Test(arguments: streams) func `T114 a hostile stream gives messages or refusals, and never half a message`(
        _ row: (name: String, events: String),
    ) throws {
        var limits = HL7Limits()
        limits.messageBytesMax = 1 << 20
        var decoder = MLLPDecoder(limits: limits)
        var events: [MLLPDecoder.Event] = []
        var rest = try SharedData.inflated("hostile/mllp/" + row.name)[...]
        while !rest.isEmpty {
            events += decoder.feed(rest.prefix(4096))
            #expect(decoder.heldBytes <= limits.messageBytesMax)
            rest = rest.dropFirst(4096)
        }
        events += decoder.finish()
        let told = events.map { event in
            switch event {
            case .message: "+"
            case .refused: "!"
            case .passedOver: "-"
            }
        }
        #expect(told.joined() == row.events)
        for case .message(let bytes) in events { #expect(throws: Never.self) { try Self.taken(bytes) } }
    }

    @Test func `the table names every hostile stream there is`() {
        let names = SharedData.files("hostile/mllp").map { String($0.dropFirst("hostile/mllp/".count)) }
        #expect(Set(names) == Set(Self.streams.map(\.name)))
    }
}
