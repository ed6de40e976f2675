import DocumentExchange
import ExchangeCore
import Synchronization
import Testing
import XDSMetadata

@testable import Transactions

@Suite struct PassingDocumentTests {
    private static let home = OneNode.elsewhere

    private static func entry(of bytes: [UInt8]) -> DocumentEntry {
        var random = SplitMix64(seed: 7)
        let digest = ContentDigest(bytes)
        return DocumentEntry(
            id: .random(using: &random), uniqueID: "urn:oid:1.2.3", patient: .random(using: &random), home: home,
            mimeType: "text/plain", sha1: digest.sha1, sha256: digest.sha256, size: bytes.count,
            registered: Timestamp(seconds: 1_772_445_600))
    }

    /// Bytes in pieces of random lengths, empty ones among them.
    private static func stream(_ bytes: [UInt8], seed: UInt64, stop: @escaping @Sendable () -> Void = {}) -> DocumentStream {
        DocumentStream(stop: stop) {
            var random = SplitMix64(seed: seed)
            var rest = bytes[...]
            return {
                guard !rest.isEmpty else { return nil }
                let piece = rest.prefix(Int(random.next() % 400))
                rest = rest.dropFirst(piece.count)
                return Array(piece)
            }
        }
    }

    private static func bytes(seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<Int(random.next() % 3000)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    @Test(arguments: UInt64(1)...50) func `the right bytes pass, whatever pieces they come in`(seed: UInt64) async throws {
        let bytes = Self.bytes(seed: seed)
        var entries = [Self.entry(of: bytes)]
        var bare = Self.entry(of: bytes)
        bare.sha1 = []
        bare.sha256 = []
        bare.size = -1
        entries.append(bare)
        for entry in entries {
            var passed: [UInt8] = []
            for try await piece in DocumentCheck.checking(Self.stream(bytes, seed: seed), against: entry, failed: { _ in }) {
                passed += piece
            }
            #expect(passed == bytes)
        }
    }

    @Test(arguments: UInt64(1)...50)
    func `one wrong, missing or added byte, and the last piece never comes`(seed: UInt64) async throws {
        let bytes = Self.bytes(seed: seed) + [1, 2, 3]
        var random = SplitMix64(seed: seed)
        let place = Int(random.next() % UInt64(bytes.count))
        var wrong = bytes
        wrong[place] ^= 0x10
        for other in [wrong, Array(bytes.dropLast()), bytes + [0]] {
            for leavesOut in [0, 1, 2] {
                var entry = Self.entry(of: bytes)
                if leavesOut == 1 { entry.sha256 = [] }
                if leavesOut == 2 {
                    entry.sha1 = []
                    entry.size = -1
                }
                let told = Mutex<[ExchangeError]>([])
                let isStopped = Mutex(false)
                let stream = Self.stream(other, seed: seed) { isStopped.withLock { $0 = true } }
                var passed: [UInt8] = []
                let error = await #expect(throws: ExchangeError.self) {
                    for try await piece in DocumentCheck.checking(stream, against: entry, failed: { error in
                        told.withLock { $0.append(error) }
                    }) {
                        passed += piece
                    }
                }
                #expect(error?.code == .corrupted)
                #expect(passed.count < other.count && other.starts(with: passed))
                #expect(told.withLock { $0.count } == 1)
                #expect(isStopped.withLock { $0 })
            }
        }
    }

    @Test func `what was shown is remembered for its patient and its home alone, and not for long`() {
        let shown = ShownElsewhere()
        let entry = Self.entry(of: [1])
        var random = SplitMix64(seed: 1)
        let (patient, other) = (PatientID.random(using: &random), PatientID.random(using: &random))
        shown.note([entry], of: patient, now: .seconds(10))
        #expect(shown.entry(entry.id, at: Self.home, of: patient, now: .seconds(11)) == entry)
        #expect(shown.entry(entry.id, at: Self.home, of: other, now: .seconds(11)) == nil)
        #expect(shown.entry(entry.id, at: OneNode.community, of: patient, now: .seconds(11)) == nil)
        #expect(shown.entry(entry.id, at: Self.home, of: patient, now: .seconds(10) + ShownElsewhere.age) == nil)
    }
}
