/// The minimal lower layer protocol: `0x0B` message `0x1C 0x0D` (HL7 Transport Specification MLLP, Release 1).
package enum MLLPFrame {
    /// Before a message.
    package static let start: UInt8 = 0x0B
    /// After a message; a CR follows.
    package static let end: UInt8 = 0x1C

    /// A message in its frame.
    package static func encode(_ message: some Collection<UInt8>) -> [UInt8] { [start] + message + [end, 0x0D] }
}

/// Takes frames out of a stream of bytes, however they are cut; holds at most one frame and never reads past a limit.
///
/// What breaks the frame's own rules is never handed on as a message: it is refused with its first bytes, from which
/// the answer takes the sender's name for it.
package struct MLLPDecoder: Sendable {
    /// What was found in the stream.
    package enum Event: Hashable, Sendable {
        /// A whole message, without its frame.
        case message([UInt8])
        /// A frame that is refused: why, and how it began.
        case refused(Fault, head: [UInt8])
        /// Bytes outside any frame were passed over.
        case passedOver(Int)
    }

    /// Why a frame is refused.
    package enum Fault: String, Sendable, CaseIterable {
        /// The limit was crossed; the rest of the stream is not read.
        case tooLong
        /// A start block within the message.
        case startWithin
        /// An end block without its CR, and no new frame after it.
        case endWithin
        /// More bytes between frames than are passed over; the rest of the stream is not read.
        case stray
        /// The stream ended within a frame.
        case cut

        /// The error it is answered with.
        package var error: HL7Error {
            switch self {
            case .tooLong: HL7Error(.segmentSequence, "the frame is longer than this port takes")
            case .startWithin: HL7Error(.dataType, "a start block (0x0B) within the message")
            case .endWithin: HL7Error(.dataType, "an end block (0x1C) within the message, or without its CR")
            case .stray: HL7Error(.segmentSequence, "too many bytes outside a frame")
            case .cut: HL7Error(.segmentSequence, "the stream ended within the message")
            }
        }
    }

    private enum State: Hashable {
        /// Between frames.
        case between
        /// Within one.
        case within
        /// After an end block; its CR is due.
        case ending
        /// Within a frame that was refused, until its end.
        case skipping
        case skippingEnd
        /// Nothing more is read.
        case over
    }

    private let bytesMax: Int
    private let strayMax: Int
    private var state = State.between
    private var frame: [UInt8] = []
    private var stray = 0
    /// What was skipped of a refused frame.
    private var skipped = 0

    private static let headBytes = 1024

    /// A decoder with the limits on a frame and on what lies between two.
    package init(limits: HL7Limits = HL7Limits()) {
        bytesMax = limits.messageBytesMax
        strayMax = limits.strayBytesMax
    }

    /// Whether the stream broke a limit and must be closed.
    package var isOver: Bool { state == .over }

    /// Whether a frame has begun and not ended.
    package var isWithin: Bool { state != .between && state != .over }

    /// Bytes held.
    package var heldBytes: Int { frame.count }

    /// Takes the next bytes and returns what they complete.
    package mutating func feed(_ bytes: some Collection<UInt8>) -> [Event] {
        var events: [Event] = []
        if bytes.withContiguousStorageIfAvailable({ feed($0, &events) }) == nil {
            Array(bytes).withUnsafeBufferPointer { feed($0, &events) }
        }
        return events
    }

    /// The stream has ended: what was begun and not ended is refused.
    package mutating func finish() -> [Event] {
        var events: [Event] = []
        flushStray(&events)
        if state == .within || state == .ending { refuse(.cut, then: .over, &events) }
        state = .over
        return events
    }

    private mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>, _ events: inout [Event]) {
        var at = 0
        while at < bytes.count {
            switch state {
            case .over: return
            case .between: at = between(bytes, at, &events)
            case .within: at = within(bytes, at, &events)
            case .ending:
                let byte = bytes[at]
                if byte == 0x0D {
                    deliver(&events)
                    at += 1
                } else if byte == MLLPFrame.start {
                    // Some senders leave the CR out; the next start block leaves no doubt.
                    deliver(&events)
                } else {
                    refuse(.endWithin, then: .skipping, &events)
                }
            case .skipping, .skippingEnd: at = skip(bytes, at, &events)
            }
        }
        if state == .between { flushStray(&events) }
    }

    private mutating func between(_ bytes: UnsafeBufferPointer<UInt8>, _ from: Int, _ events: inout [Event]) -> Int {
        let byte = bytes[from]
        if byte == MLLPFrame.start {
            flushStray(&events)
            total = 0
            frame.removeAll(keepingCapacity: frame.capacity <= 1 << 20)
            state = .within
        } else if byte != 0x0D, byte != 0x0A {
            stray += 1
            total += 1
            if total > strayMax {
                flushStray(&events)
                events.append(.refused(.stray, head: []))
                state = .over
            }
        }
        return from + 1
    }

    /// Stray bytes since the last frame, those already told included.
    private var total = 0

    private mutating func flushStray(_ events: inout [Event]) {
        if stray > 0 { events.append(.passedOver(stray)) }
        stray = 0
    }

    private mutating func within(_ bytes: UnsafeBufferPointer<UInt8>, _ from: Int, _ events: inout [Event]) -> Int {
        var at = from
        while at < bytes.count, bytes[at] != MLLPFrame.end, bytes[at] != MLLPFrame.start { at += 1 }
        guard frame.count + (at - from) <= bytesMax else {
            refuse(.tooLong, then: .over, &events)
            return bytes.count
        }
        frame.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[from..<at]))
        guard at < bytes.count else { return at }
        if bytes[at] == MLLPFrame.end {
            state = .ending
        } else if !frame.isEmpty {
            refuse(.startWithin, then: .skipping, &events)
        }
        return at + 1
    }

    private mutating func skip(_ bytes: UnsafeBufferPointer<UInt8>, _ from: Int, _ events: inout [Event]) -> Int {
        let byte = bytes[from]
        skipped += 1
        if skipped > bytesMax {
            events.append(.refused(.tooLong, head: []))
            state = .over
        } else if state == .skippingEnd, byte == 0x0D {
            state = .between
        } else if state == .skippingEnd, byte == MLLPFrame.start {
            state = .between
            return from
        } else {
            state = byte == MLLPFrame.end ? .skippingEnd : .skipping
        }
        return from + 1
    }

    private mutating func deliver(_ events: inout [Event]) {
        events.append(.message(frame))
        frame = []
        state = .between
    }

    private mutating func refuse(_ fault: Fault, then next: State, _ events: inout [Event]) {
        events.append(.refused(fault, head: Array(frame.prefix(Self.headBytes))))
        frame = []
        skipped = 0
        state = next
    }
}
