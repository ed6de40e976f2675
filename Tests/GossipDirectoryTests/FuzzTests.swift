import ExchangeCore
import Foundation
import Testing
import Trust

@testable import GossipDirectory

/// Seeded mutation of everything that is read from the wire; HIE_FUZZ_CASES says how many (10 million by hand).
@Suite struct FuzzTests {
    private static let cases = ProcessInfo.processInfo.environment["HIE_FUZZ_CASES"].flatMap { Int($0) } ?? 5000

    private func mutated(_ seed: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &random)] }
            let at = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.remove(at: at)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            case 4: bytes = Array(bytes[..<at])
            default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 16)], at: at)
            }
        }
        return bytes
    }

    @Test func `T24 no changed frame crashes its reader, and what is read is written as it was`() throws {
        var random = SeededRandom(24)
        let scene = GossipScene()
        var message = DirectoryMessage(network: scene.network, at: scene.now)
        message.admissions = [try scene.admission(1).token.compact]
        message.records = [try scene.record(1).token.compact]
        message.since = DirectoryCursor(store: 7, arrival: 9)
        message.digest = [DigestLine(key: 1, state: [UInt8](repeating: 2, count: 16))]
        message.lacks = [1, 2]
        message.checks = [try scene.community(1)]
        let probe = Probe(root: 1, hour: 2, at: scene.now, beat: 3, again: 4)
        let seeds = [message.bytes, probe.wire, DirectoryMessage(network: scene.network).bytes]
        var read = 0
        for _ in 0..<Self.cases {
            let bytes = mutated(try #require(seeds.randomElement(using: &random)), &random)
            guard let frame = try? DirectoryFrame(bytes) else { continue }
            read += 1
            #expect(try DirectoryFrame(frame.bytes) == frame)
        }
        #expect(read > 0)
        #expect(try DirectoryFrame(message.bytes) == .message(message))
        #expect(try DirectoryFrame(probe.wire) == .probe(probe))
    }

    @Test func `T24 no changed record, admission, proof or signal crashes a directory or moves it`() throws {
        var random = SeededRandom(25)
        let scene = GossipScene()
        var state = try scene.state(0, knowing: [0, 1])
        let record = try scene.record(1)
        let texts = [record.token.compact, try scene.admission(1).token.compact, "\(record.token.compact) \(record.token.compact)"]
        let empty = state.computedRoot(now: scene.now)
        for _ in 0..<(Self.cases / 5) {
            let seed = try #require(texts.randomElement(using: &random))
            let text = String(decoding: mutated(Array(seed.utf8), &random), as: UTF8.self)
            guard !texts.contains(text) else { continue }
            _ = state.accept(admission: text)
            _ = state.accept(record: text, now: scene.now)
            _ = state.accept(proof: text, now: scene.now)
            _ = state.accept(revocation: text)
            _ = state.hear(observation: text, scene.moment)
            _ = state.hear(heartbeat: text, scene.moment)
        }
        #expect(state.computedRoot(now: scene.now) == empty)
    }
}
