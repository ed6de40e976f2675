import HL7v2

/// One MLLP connection without its socket: bytes in, one thing to do at a time out. Frames are answered in their order, and
/// nothing more is read while one waits for its answer.
struct MLLPSession: Sendable {
    /// What is to be done next.
    enum Step: Hashable, Sendable {
        /// Answer this message.
        case answer([UInt8])
        /// Answer a frame that is none, by how it began.
        case refuse(MLLPDecoder.Fault, head: [UInt8])
        /// Read on.
        case read
        /// Close the connection.
        case close
    }

    private var decoder: MLLPDecoder
    private var waiting: [Step] = []
    private var next = 0
    private var isEnded = false

    /// A session with the limits of one feed.
    init(limits: HL7Limits) { decoder = MLLPDecoder(limits: limits) }

    /// Whether a frame has begun and not ended.
    var isWithin: Bool { decoder.isWithin && !isEnded }

    /// Whether everything that came was dealt with.
    var isIdle: Bool { next == waiting.count && !isWithin }

    /// Takes what came.
    mutating func feed(_ bytes: some Collection<UInt8>) {
        guard !isEnded else { return }
        for event in decoder.feed(bytes) {
            switch event {
            case .message(let message): waiting.append(.answer(message))
            case .refused(let fault, let head): waiting.append(.refuse(fault, head: head))
            case .passedOver: break
            }
        }
    }

    /// Nothing more is read: what came whole is still answered.
    mutating func end() { isEnded = true }

    /// The next thing to do; asked again when it is done.
    mutating func step() -> Step {
        if next < waiting.count {
            defer { next += 1 }
            return waiting[next]
        }
        waiting.removeAll(keepingCapacity: true)
        next = 0
        return isEnded || decoder.isOver ? .close : .read
    }
}
