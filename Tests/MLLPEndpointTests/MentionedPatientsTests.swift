import ExchangeCore
import Foundation
import HL7v2
import Testing

@testable import MLLPEndpoint

/// Whose refused messages go when a patient is erased.
struct MentionedPatientsTests {
    private static let system = "urn:oid:1.2.3"

    private static func isAbout(_ value: String, _ text: String, feed: String = "admissions") throws -> Bool {
        var settings = FeedSettings(name: "admissions", host: "127.0.0.1", port: 0, clients: nil)
        settings.authorities = AssigningAuthorities(
            byNamespace: ["ARH": system, "LAB": "urn:oid:1.2.4"], universal: ["urn:oid:1.2.5"])
        let identifier = try #require(PatientIdentifier(system: system, value: value))
        let message = text.utf8.map { $0 == 0x0A ? 0x0D : $0 }
        return MentionedPatients([settings]).names([identifier], in: message, of: feed)
    }

    private static let head = "MSH|^~\\&|SND|ARH|C|D|20260809||ADT^A01|1|P|2.5.1\nEVN|A01\n"

    /// A line of the message, the number, and whether it is about the patient with that number.
    static let lines: [(line: String, value: String, isAbout: Bool)] = [
        ("PID|1||7^^^ARH||Mohr^Alice", "7", true),
        ("PID|7||4711^^^ARH||Mohr^Alice^7||19700107|F|||7 Main St^^Town", "7", false),
        ("PID|1||70-7^^^ARH", "7", false), ("PID|1||7.1^^^ARH", "7", false), ("PID|1||7 7^^^ARH", "7", false),
        ("PID|1||7^^^LAB", "7", false), ("PID|1||7^^^&1.2.5&ISO", "7", false), ("PID|1||7^^^&1.2.3&ISO", "7", true),
        ("PID|1||7^^^NOBODY", "7", true), ("PID|1||7", "7", true), ("PID|1|7|8^^^ARH", "7", true), ("PID|1||8^^^ARH|7", "7", true),
        ("PID|1||1^^^LAB~7^^^ARH", "7", true), ("MRG|7^^^ARH", "7", true), ("MRG|8^^^ARH|||7", "7", true),
        ("PID|1||A\\T\\1^^^ARH", "A&1", true), ("PID|1||7^^^ARH\nPID|2||8^^^ARH", "8", true), ("OBX|1|TX|||7", "7", true),
        ("OBX|1|TX|||room 7", "7", false), ("PID|1||\\C1234\\^^^ARH~7", "7", true), ("ZZZ7|7.", "7", false),
    ]

    @Test(arguments: lines) func `a whole number of the right authority, or of one that nobody can tell`(
        _ row: (line: String, value: String, isAbout: Bool),
    ) throws {
        #expect(try Self.isAbout(row.value, Self.head + row.line) == row.isAbout, "\(row.line)")
    }

    @Test func `other delimiters, no header, and a feed that is configured no more`() throws {
        #expect(try Self.isAbout("7", "MSH#*!\\&#A\nPID#1##1!7***ARH"))
        #expect(try !Self.isAbout("7", "MSH#*!\\&#A\nPID#1##1!7***LAB"))
        #expect(try Self.isAbout("7", "PID|1||7^^^ARH"))
        #expect(try Self.isAbout("7", Self.head + "PID|1||7^^^LAB", feed: "gone"), "nobody can tell whose it was")
        #expect(try Self.isAbout("7", "no message, but |7| in it"))
        #expect(try !Self.isAbout("7", "no message 7 at all"))
        #expect(try !Self.isAbout("7", ""))
    }
}

/// Refused messages of any bytes: whoever is meant stays meant, whatever else is wrong; never a crash.
struct MentionedPatientsFuzzTests {
    static let casesMax = ProcessInfo.processInfo.environment["HIE_FUZZ_CASES"].flatMap { Int($0) } ?? 2000

    @Test func `damage beside the number hides nobody`() throws {
        var random = SplitMix64(seed: 4)
        var settings = FeedSettings(name: "f", host: "127.0.0.1", port: 0, clients: nil)
        settings.authorities = AssigningAuthorities(byNamespace: ["ARH": "urn:oid:1.2.3"])
        let mentioned = MentionedPatients([settings])
        let identifier = try #require(PatientIdentifier(system: "urn:oid:1.2.3", value: "4711"))
        let signs = Array("|^~\\&\r\n\"A0\u{0}".utf8)
        for number in 0..<Self.casesMax {
            var bytes = Array("MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5.1\rEVN|A01\rZZZ|1|2\r".utf8)
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                // MSH-1 and MSH-2 stay: without them nobody can tell where a number ends.
                let at = Int.random(in: 9..<bytes.count, using: &random)
                if Bool.random(using: &random) { bytes[at] = signs[Int.random(in: 0..<signs.count, using: &random)] } else { bytes.remove(at: at) }
            }
            let own = mentioned.names([identifier], in: bytes + Array("\rPID|1||9^^^ARH~4711^^^ARH||x".utf8), of: "f")
            if !own { Issue.record("case \(number): hidden") }
            let other = mentioned.names([identifier], in: Array("MSH|^~\\&|A\rPID|1||14711^^^ARH||4711\r".utf8) + bytes, of: "f")
            if other { Issue.record("case \(number): another's") }
            _ = mentioned.names([identifier], in: bytes.shuffled(using: &random), of: "gone")
        }
    }
}
