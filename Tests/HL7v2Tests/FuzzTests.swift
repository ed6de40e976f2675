import ExchangeCore
import Fixtures
import Foundation
import HL7v2
import Testing

/// Messages with damage, drawn by seed: read whole or refused with a place, never a crash, never half, never a name told.
///
/// `HIE_FUZZ_CASES` says how many cases in all (10,000,000 by hand).
struct FuzzTests {
    static let seeds = 8
    static let casesPerSeed =
        (ProcessInfo.processInfo.environment["HIE_FUZZ_CASES"].flatMap { Int($0) } ?? 1600) / seeds

    /// A name that must be in no error.
    private static let canary = "Quintero"

    private static let corpus: [[UInt8]] = {
        let shared = SharedData.isPresent ? SharedData.files("hl7v2").compactMap { try? SharedData.bytes($0) } : []
        return Samples.all + shared.filter { $0.count < 3000 }
    }()

    @Test(arguments: 0..<seeds) func `damaged messages are read whole or refused`(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let authorities = AssigningAuthorities(byNamespace: ["ARH": "urn:oid:1.2.3"], otherwise: "urn:oid:1.2.4")
        var limits = HL7Limits()
        limits.segmentsMax = 60
        limits.repetitionsMax = 40
        for number in 0..<Self.casesPerSeed {
            let bytes = Self.damaged(&random)
            let label = "seed \(seed), case \(number)"
            var errors: [HL7Error] = []
            var header: MessageHeader?
            do {
                let message = try MessageReader.read(bytes, limits: limits)
                if Rebuilding.bytes(message) != bytes { Issue.record("\(label): not the same bytes") }
                Rebuilding.texts(message) { if case .failure(let error) = $0 { errors.append(error) } }
                do {
                    header = try MessageHeader(message)
                    _ = try PatientFeedEvent.read(message, event: header?.event, authorities: authorities)
                } catch { errors.append(error) }
                errors += Self.views(message)
            } catch { errors.append(error) }
            if errors.contains(where: { $0.description.contains(Self.canary) }) { Issue.record("\(label): a name is told") }
            if let code = Acknowledgement.code(header, errors: errors) {
                let answer = Acknowledgement(answering: bytes).bytes(code, errors: errors, time: "2026", controlID: "1")
                if (try? MessageReader.read(answer).first("MSA")) == nil { Issue.record("\(label): no answer") }
            }
            if let fault = Self.framing(bytes, &random) { Issue.record("\(label): \(fault)") }
        }
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

    /// A frame in pieces comes out as it went in, unless it holds what frames may not; what is wrong, if anything.
    private static func framing(_ bytes: [UInt8], _ random: inout SplitMix64) -> String? {
        var limits = HL7Limits()
        limits.messageBytesMax = 4000
        var decoder = MLLPDecoder(limits: limits)
        var events: [MLLPDecoder.Event] = []
        var rest = MLLPFrame.encode(bytes)[...]
        while !rest.isEmpty {
            let piece = Int.random(in: 1...max(1, min(rest.count, 900)), using: &random)
            events += decoder.feed(rest.prefix(piece))
            if decoder.heldBytes > 4000 { return "more is held than the limit" }
            rest = rest.dropFirst(piece)
        }
        events += decoder.finish()
        let isClean = !bytes.contains(MLLPFrame.start) && !bytes.contains(MLLPFrame.end)
        if isClean, bytes.count <= 4000, events != [.message(bytes)] { return "another message came out" }
        // A start block at once begins anew; anything else within is never a second message.
        let messages = events.count { if case .message = $0 { true } else { false } }
        return messages > 1 + bytes.count(where: { $0 == MLLPFrame.end }) ? "more messages than frames" : nil
    }

    private static func damaged(_ random: inout SplitMix64) -> [UInt8] {
        var bytes = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&bytes, &random) }
        return bytes
    }

    private static let signs = Array("|^~\\&#$%\r\n\"\u{B}\u{1C}\u{0}AZ09".utf8)
    private static let pieces = [
        #"\F\"#, #"\X0D\"#, #"\XZZ\"#, #"\C2842\"#, #"\.br\"#, "||||||", "^^^^", "&&&", "~~~", "\"\"", "MSH|^~\\&|",
        "\rPID|1||1^^^ARH", "\rZZZ|", "\rMRG|1^^^ARH", "\u{FEFF}", "é", "99999999", "20261399", "\\", "8859/1",
    ].map { Array($0.utf8) }

    private static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard bytes.count > 8 else { return bytes += pieces[Int.random(in: 0..<pieces.count, using: &random)] }
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[at] = signs[Int.random(in: 0..<signs.count, using: &random)]
        case 2: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)], at: at)
        case 3: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...20, using: &random)))
        case 4: bytes.removeSubrange(at...)
        case 5: bytes[Int.random(in: 3...min(8, bytes.count - 1), using: &random)] = signs[Int.random(in: 0..<signs.count, using: &random)]
        case 6:
            // A segment said twice, or moved.
            let lines = bytes.split(separator: 0x0D)
            let line = lines[Int.random(in: 0..<lines.count, using: &random)]
            bytes += [0x0D] + line
        case 7:
            let from = signs[Int.random(in: 0..<5, using: &random)]
            let to = signs[Int.random(in: 0..<signs.count, using: &random)]
            for place in bytes.indices where bytes[place] == from { bytes[place] = to }
        case 8:
            let field = [UInt8](repeating: signs[Int.random(in: 0..<5, using: &random)], count: Int.random(in: 1...60, using: &random))
            bytes.insert(contentsOf: field, at: at)
        default:
            let other = corpus[Int.random(in: 0..<corpus.count, using: &random)]
            bytes = Array(bytes[..<at]) + other.suffix(Int.random(in: 0...other.count, using: &random))
        }
    }
}
