import CDA
import ExchangeCore
import FHIRModel
import Fixtures
import JSON
import Testing

/// Real input with damage: read or refused by name, never a crash, never half a document.
@Suite(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
struct MutationTests {
    /// SplitMix64: the whole test follows from the seed in its name.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }

    private static let resources = ["ihe/MHD", "ihe/PCF", "ihe/PDQm"].flatMap(SharedData.files).filter {
        $0.hasSuffix(".json")
    }

    /// Replaces, removes or doubles a few bytes.
    private static func damaged(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) where bytes.count > 8 {
            let at = Int.random(in: 0..<bytes.count - 4, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(at..<at + Int.random(in: 1...4, using: &random))
            default: bytes.insert(contentsOf: bytes[at..<at + 4], at: at)
            }
        }
        return bytes
    }

    @Test(arguments: 0..<40) func `a damaged resource is refused with its place, or still valid`(_ seed: Int) throws {
        var random = Seeded(state: UInt64(seed))
        let path = try #require(Self.resources.randomElement(using: &random))
        let original = try SharedData.bytes(path)
        for _ in 0..<20 {
            let bytes = Self.damaged(original, &random)
            do {
                let resource = try FHIRResource.read(bytes)
                #expect(try FHIRResource.read(resource.bytes) == resource, "\(path)")
            } catch {
                #expect(error.code == .badRequest, "\(path)")
                #expect(error.location != nil || error.message == "resourceType is missing", "\(path): \(error)")
            }
        }
    }

    @Test(arguments: 0..<20) func `a damaged document is refused with its place, or still read`(_ seed: Int) throws {
        var random = Seeded(state: UInt64(seed))
        let original = try SharedData.bytes("ccda/fhir-converter/Unstructured_Document_reference.xml")
        for _ in 0..<20 {
            do {
                _ = try ClinicalDocument.read(Self.damaged(original, &random))
            } catch {
                #expect(error.code == .badRequest)
                #expect(error.location?.hasPrefix("byte ") == true)
            }
        }
    }

    @Test func `no beginning of a document is a document`() throws {
        let original = try SharedData.bytes("ccda/fhir-converter/Unstructured_Document_reference.xml")
        let end = try #require(original.lastIndex(of: UInt8(ascii: ">")))
        let readable = stride(from: 0, to: end, by: 97).filter {
            (try? ClinicalDocument.read(Array(original.prefix($0)))) != nil
        }
        #expect(readable.isEmpty)
    }
}
