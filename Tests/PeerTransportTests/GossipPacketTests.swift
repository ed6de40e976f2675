import ExchangeCore
import Foundation
import GossipDirectory
import NIOCore
import Testing

@testable import PeerTransport

@Suite struct GossipPacketTests {
    private static let cases = ProcessInfo.processInfo.environment["HIE_FUZZ_CASES"].flatMap { Int($0) } ?? 5000

    private func bytes(_ packet: GossipPacket) -> ByteBuffer {
        var buffer = ByteBuffer()
        packet.write(to: &buffer)
        return buffer
    }

    @Test func `a packet is read as it was written, from pieces of any size`() throws {
        let packets = [
            GossipPacket(.question, 1, [UInt8](repeating: 7, count: Probe.bytes)), GossipPacket(.answer, .max, []),
            GossipPacket(.refusal, 3, [2]), GossipPacket(.answer, 9, [UInt8](repeating: 1, count: DirectoryMessage.bytesMax)),
        ]
        for size in [1, 3, 8, 48, 70_000] {
            var stream = ByteBuffer()
            for packet in packets { packet.write(to: &stream) }
            var held = ByteBuffer()
            var read: [GossipPacket] = []
            // Piece by piece is slow for the long one: its head alone is enough there.
            if size < 48 { stream = stream.getSlice(at: 0, length: 48 + 8 + 9 + 8 + 1000) ?? stream }
            while let piece = stream.readSlice(length: min(size, stream.readableBytes)), piece.readableBytes > 0 {
                held.writeImmutableBuffer(piece)
                while let packet = try GossipPacket(from: &held) { read.append(packet) }
            }
            #expect(read == (size < 48 ? Array(packets.prefix(3)) : packets))
        }
    }

    @Test func `T6 T24 an unknown kind and a length beyond the limit are refused by their head alone`() throws {
        for head in [[0, 0, 0, 1], [4, 0, 0, 40], [0x47, 0x45, 0x54, 0x20], [1, 0x08, 0, 1], [2, 0xFF, 0xFF, 0xFF], [3, 0, 0, 2]] as [[UInt8]] {
            var buffer = ByteBuffer(bytes: head)
            #expect(throws: ExchangeError.self, "\(head)") { try GossipPacket(from: &buffer) }
        }
        var edge = ByteBuffer(bytes: [1, 0x08, 0, 0] as [UInt8])
        #expect(try GossipPacket(from: &edge) == nil, "as long as may be: the rest is waited for")
    }

    @Test func `T24 no changed bytes crash the reader, and what is read is written as it was`() throws {
        var random = SplitMix64(seed: 26)
        let seeds = [
            GossipPacket(.question, 1, Probe(root: 1, hour: 2, at: Timestamp(seconds: 3)).wire),
            GossipPacket(.answer, 2, Array("{}".utf8)), GossipPacket(.refusal, 3, [1]),
        ].map { Array(bytes($0).readableBytesView) }
        var read = 0
        for _ in 0..<Self.cases {
            var changed = try #require(seeds.randomElement(using: &random))
            for _ in 0..<Int.random(in: 1...3, using: &random) where !changed.isEmpty {
                let at = Int.random(in: changed.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: changed[at] = UInt8.random(in: 0...255, using: &random)
                case 1: changed.remove(at: at)
                case 2: changed.insert(UInt8.random(in: 0...255, using: &random), at: at)
                default: changed = Array(changed[..<at])
                }
            }
            var buffer = ByteBuffer(bytes: changed)
            guard let packet = try? GossipPacket(from: &buffer) else { continue }
            read += 1
            #expect(Array(bytes(packet).readableBytesView) == Array(changed.prefix(packet.payload.count + 8)))
        }
        #expect(read > 0)
    }
}
