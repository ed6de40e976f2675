import ExchangeCore
import HTTPTypes

/// The trace id a caller sends: of `traceparent` (W3C Trace Context) or `X-Request-Id`, believed only when well formed.
enum RequestTrace {
    /// 32 lower-case hexadecimal digits, not all zero; nil when the caller sent none that is.
    static func id(_ headers: HTTPFields) -> String? {
        if let parent = headers[.traceparent] {
            let bytes = Array(parent.utf8)
            // version "-" trace id "-" parent id "-" flags; later versions may append.
            if bytes.count >= 55, bytes[2] == 0x2D, bytes[35] == 0x2D, bytes[52] == 0x2D, bytes.prefix(2) != [0x66, 0x66],
                let id = wellFormed(bytes[3..<35])
            {
                return id
            }
        }
        guard let text = headers[.requestID] else { return nil }
        let bytes = Array(text.utf8)
        return wellFormed(bytes[...])
    }

    /// The span that asks, of `traceparent`; nil when there is none that is well formed.
    static func parent(_ headers: HTTPFields) -> TraceParent? {
        guard let text = headers[.traceparent], let traceID = id(headers) else { return nil }
        let bytes = Array(text.utf8)
        guard bytes.count >= 55, bytes.dropFirst(3).prefix(32).elementsEqual(traceID.utf8),
            let spanID = wellFormed(bytes[36..<52], count: 16), let flags = UInt8(String(decoding: bytes[53..<55], as: UTF8.self), radix: 16)
        else { return nil }
        return TraceParent(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1)
    }

    /// The time a caller waits, of `Request-Timeout`: seconds, with up to three decimals, from 0.05 to 30; 30 when there is
    /// none that is.
    static func timeout(_ headers: HTTPFields) -> Duration {
        guard let text = headers[.requestTimeout], let milliseconds = milliseconds(text), (50...30_000).contains(milliseconds)
        else { return .seconds(30) }
        return .milliseconds(milliseconds)
    }

    private static func milliseconds(_ text: String) -> Int? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ (1...3).contains($0.count) && $0.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        let digits = String(decoding: parts[0], as: UTF8.self)
            + (parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : "").padded(to: 3)
        return Int(digits)
    }

    private static func wellFormed(_ bytes: ArraySlice<UInt8>, count: Int = 32) -> String? {
        guard bytes.count == count, bytes.contains(where: { $0 != 0x30 }),
            bytes.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    /// The text with zeros behind it, up to so many characters.
    fileprivate func padded(to count: Int) -> String { self + String(repeating: "0", count: max(0, count - utf8.count)) }
}
