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

    /// Seconds of `Request-Timeout`, 1 to 30; 30 when there is none that is.
    static func timeoutSeconds(_ headers: HTTPFields) -> Int {
        guard let text = headers[.requestTimeout], let seconds = Int(text), (1...30).contains(seconds) else { return 30 }
        return seconds
    }

    private static func wellFormed(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count == 32, bytes.contains(where: { $0 != 0x30 }),
            bytes.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
