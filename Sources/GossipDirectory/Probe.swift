import ExchangeCore

/// The smallest question between two nodes, and its answer: are you there, and do we hold the same (40 bytes).
package struct Probe: Hashable, Sendable {
    /// The wire form's length.
    package static let bytes = 40

    /// The sender's root, shortened.
    package var root: UInt64
    /// The hour (since 1970, UTC) the root is for.
    package var hour: UInt32
    /// The sender's wall clock.
    package var at: Timestamp
    /// In an answer: the answering node's beat.
    package var beat: UInt64
    /// In an answer: in how many milliseconds the asker should ask again, so that observers take turns; 0 for no wish.
    package var again: UInt16
    /// In an answer: whether the answering node knows the asker's record as the asker last signed it.
    package var knowsAsker: Bool

    /// A probe from its parts.
    package init(
        root: UInt64, hour: UInt32, at: Timestamp, beat: UInt64 = 0, again: UInt16 = 0, knowsAsker: Bool = true,
    ) {
        self.root = root
        self.hour = hour
        self.at = at
        self.beat = beat
        self.again = again
        self.knowsAsker = knowsAsker
    }

    /// Kind, version, flags, hour, root, time, beat, turn; big-endian.
    package var wire: [UInt8] {
        var bytes: [UInt8] = [0x01, 0x01, knowsAsker ? 1 : 0, 0]
        func put(_ value: UInt64, _ count: Int) {
            for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
            }
        }
        put(UInt64(hour), 4)
        put(root, 8)
        put(UInt64(clamping: at.milliseconds), 8)
        put(beat, 8)
        put(UInt64(again), 2)
        put(0, 6)
        return bytes
    }

    /// Reads the wire form; nil for anything else, other versions included.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.bytes, bytes[0] == 0x01, bytes[1] == 0x01 else { return nil }
        func take(_ at: Int, _ count: Int) -> UInt64 { bytes[at..<(at + count)].reduce(0) { $0 << 8 | UInt64($1) } }
        knowsAsker = bytes[2] & 1 == 1
        hour = UInt32(take(4, 4))
        root = take(8, 8)
        let milliseconds = take(16, 8)
        // Later than the year 10000 is no time.
        guard milliseconds < 253_402_300_800_000 else { return nil }
        at = Timestamp(milliseconds: Int64(milliseconds))
        beat = take(24, 8)
        guard beat < 1 << 53 else { return nil }
        again = UInt16(take(32, 2))
    }
}

/// What goes to another node or comes back: a probe, or a message.
package enum DirectoryFrame: Hashable, Sendable {
    /// 40 bytes.
    case probe(Probe)
    /// JSON.
    case message(DirectoryMessage)

    /// The wire form.
    package var bytes: [UInt8] {
        switch self {
        case .probe(let probe): probe.wire
        case .message(let message): message.bytes
        }
    }

    /// Reads the wire form: a probe begins with 0x01, a message with a brace.
    package init(_ bytes: [UInt8]) throws(ExchangeError) {
        if bytes.first == 0x01 {
            guard let probe = Probe(bytes) else { throw ExchangeError(.badRequest, "this is no directory probe") }
            self = .probe(probe)
        } else {
            self = .message(try DirectoryMessage(bytes))
        }
    }
}
