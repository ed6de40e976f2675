import ExchangeCore
import Fixtures
import HL7v2
import Testing

/// Messages with damage: read whole or refused with a place, never a crash, never half, never a name told (FuzzRun says how many).
struct HL7FuzzTests {
    /// A name that must be in no error.
    private static let canary = "Quintero"

    static let corpus: [[UInt8]] = {
        let shared = SharedData.isPresent ? SharedData.files("hl7v2").compactMap { try? SharedData.bytes($0) } : []
        return Samples.all + shared.filter { $0.count < 900 }
    }()

    private static let words = [
        #"\F\"#, #"\X0D\"#, #"\XZZ\"#, #"\C2842\"#, #"\.br\"#, "||||||", "^^^^", "&&&", "~~~", "\"\"", "MSH|^~\\&|", "|", "^", "~", "&", "\r",
        "\rPID|1||1^^^ARH", "\rZZZ|", "\rMRG|1^^^ARH", "\u{FEFF}", "é", "99999999", "20261399", "\\", "8859/1", "\n", "\u{B}", "\u{1C}", "\u{0}",
        "MSH|#$%*|", "-1", "1e999", "OBX|1|ED|||^^^Base64^AAAA", "PID|||", "T10", "A40", "BHS|^~\\&|A\r", "BTS|2\r",
    ]

    @Test func `damaged messages are read whole or refused`() {
        let mutator = StructureMutator(Self.corpus, words: Self.words, pieces: HL7Pieces.pieces)
        let authorities = AssigningAuthorities(byNamespace: ["ARH": "urn:oid:1.2.3"], otherwise: "urn:oid:1.2.4")
        let faults = FuzzRun("hl7v2").faults { random, meter in
            let bytes = mutator.text(&random)
            var errors: [HL7Error] = []
            var header: MessageHeader?
            var fault: String?
            do throws(HL7Error) {
                let message = try meter.decode(bytes) { bytes throws(HL7Error) in try MessageReader.read(bytes) }
                // Putting every part together again costs ten times what the rest does.
                if random.oneIn(8) {
                    if Rebuilding.bytes(message) != bytes { fault = "not the same bytes" }
                    Rebuilding.texts(message) { if case .failure(let error) = $0 { errors.append(error) } }
                }
                do throws(HL7Error) {
                    header = try MessageHeader(message)
                    _ = try PatientFeedEvent.read(message, event: header?.event, authorities: authorities)
                } catch { errors.append(error) }
                errors += Self.views(message)
            } catch { errors.append(error) }
            if errors.contains(where: { $0.description.contains(Self.canary) }) { fault = "a name is told" }
            if let code = Acknowledgement.code(header, errors: errors) {
                let answer = Acknowledgement(answering: bytes).bytes(code, errors: errors, time: "2026", controlID: "1")
                if (try? MessageReader.read(answer).first("MSA")) == nil { fault = "no answer" }
            }
            if HL7Batch.isBatch(bytes) { _ = try? HL7Batch.read(bytes) }
            return fault
        }
        #expect(faults == [])
    }

    /// Every typed view of every segment it fits; what they refuse.
    private static func views(_ message: HL7Message) -> [HL7Error] {
        var errors: [HL7Error] = []
        func attempt(_ read: () throws(HL7Error) -> Void) {
            do { try read() } catch { errors.append(error) }
        }
        for segment in message.segments {
            switch segment.name {
            case "EVN": attempt { () throws(HL7Error) in _ = try EventType(segment) }
            case "PID": attempt { () throws(HL7Error) in _ = try PatientIdentification(segment) }
            case "MRG": attempt { () throws(HL7Error) in _ = try MergePatient(segment) }
            case "PV1": attempt { () throws(HL7Error) in _ = try PatientVisit(segment) }
            case "OBR": attempt { () throws(HL7Error) in _ = try ObservationRequest(segment) }
            case "OBX": attempt { () throws(HL7Error) in _ = try ObservationResult(segment) }
            case "TXA": attempt { () throws(HL7Error) in _ = try DocumentNotification(segment) }
            case "RXA": attempt { () throws(HL7Error) in _ = try PharmacyAdministration(segment) }
            default: break
            }
        }
        attempt { () throws(HL7Error) in _ = try EncapsulatedDocument.read(message.all("OBX")) }
        for (type, event) in [("MDM", "T02"), ("MDM", "T10"), ("MDM", "T11"), ("ORU", "R01")] {
            attempt { () throws(HL7Error) in
                _ = try DocumentFeedEvent.read(message, type: type, event: event, bytesMax: 10_000)
            }
        }
        return errors
    }
}
