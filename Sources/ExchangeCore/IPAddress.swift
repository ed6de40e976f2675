/// An IP address from its strict text: four decimal numbers without leading zeros, or RFC 4291's groups for version 6.
///
/// `0x7f.1`, `2130706433` and `0177.0.0.1`, which the C library takes for 127.0.0.1, are none.
package struct IPAddress: Hashable, Sendable {
    /// Who can stand behind an address (IANA's special-purpose registries, RFC 6890).
    package enum Reach: Hashable, Sendable {
        /// Anybody on the internet.
        case global
        /// Who shares the network.
        case `private`
        /// This machine.
        case loopback
        /// Nobody whom a node should speak to: link-local, a cloud's metadata, multicast, unspecified, reserved.
        case never
    }

    /// Its 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    /// Reads the text of either version, without brackets and without a zone; nil for anything else.
    package init?(_ text: String) {
        let text = Array(text.utf8)
        guard let bytes = text.contains(UInt8(ascii: ":")) ? Self.six(text[...]) : Self.four(text[...]) else { return nil }
        self.bytes = bytes
    }

    /// An address from its 4 or 16 bytes; nil for another number of them.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Who can stand behind it. An address of version 4 within one of version 6 is judged, too.
    package var reach: Reach { bytes.count == 4 ? Self.reach(four: bytes[...]) : Self.reach(six: bytes) }

    private static func reach(four bytes: ArraySlice<UInt8>) -> Reach {
        let at = bytes.startIndex
        return switch (bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]) {
        case (100, 100, 100, 200), (168, 63, 129, 16): .never
        case (10, _, _, _), (172, 16...31, _, _), (192, 168, _, _), (100, 64...127, _, _): .private
        case (127, _, _, _): .loopback
        case (0, _, _, _), (169, 254, _, _), (192, 0, 0, _), (192, 0, 2, _), (192, 88, 99, _), (198, 18...19, _, _),
            (198, 51, 100, _), (203, 0, 113, _), (224..., _, _, _):
            .never
        default: .global
        }
    }

    private static func reach(six bytes: [UInt8]) -> Reach {
        func begins(_ prefix: UInt8...) -> Bool { bytes.starts(with: prefix) }
        /// A translator or a tunnel takes it to the address within, which only the internet's may be.
        func through(_ four: ArraySlice<UInt8>) -> Reach { reach(four: four) == .global ? .global : .never }
        if bytes.dropLast().allSatisfy({ $0 == 0 }) { return bytes[15] == 1 ? .loopback : .never }
        if bytes.prefix(10).allSatisfy({ $0 == 0 }) { return bytes[10] == 0xFF && bytes[11] == 0xFF ? reach(four: bytes[12...]) : .never }
        if begins(0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0) { return through(bytes[12...]) }
        if begins(0x20, 0x02) { return through(bytes[2..<6]) }
        // A cloud's metadata; then Teredo and other protocols' own, and what is for documentation.
        if begins(0xFD, 0x00, 0x0E, 0xC2) { return .never }
        if begins(0x20, 0x01), bytes[2] < 0x02 || (bytes[2], bytes[3]) == (0x0D, 0xB8) { return .never }
        if begins(0x3F, 0xFF), bytes[2] < 0x10 { return .never }
        if bytes[0] & 0xFE == 0xFC { return .private }
        return bytes[0] & 0xE0 == 0x20 ? .global : .never
    }

    private static func four(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != 0x30, part.allSatisfy({ (0x30...0x39).contains($0) }),
                let byte = UInt8(exactly: part.reduce(0) { $0 * 10 + Int($1 - 0x30) })
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func six(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let colon = UInt8(ascii: ":")
        guard let gap = text.indices.dropLast().first(where: { text[$0] == colon && text[$0 + 1] == colon }) else {
            let bytes = groups(text, isEnd: true)
            return bytes?.count == 16 ? bytes : nil
        }
        guard let head = text[..<gap].isEmpty ? [] : groups(text[..<gap], isEnd: false),
            let tail = text[(gap + 2)...].isEmpty ? [] : groups(text[(gap + 2)...], isEnd: true), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The bytes of groups between single colons; the last may be an address of version 4.
    private static func groups(_ text: ArraySlice<UInt8>, isEnd: Bool) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var bytes: [UInt8] = []
        for (number, part) in parts.enumerated() {
            if isEnd, number == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let four = four(part) else { return nil }
                bytes += four
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var value: UInt16 = 0
            for sign in part {
                switch sign {
                case 0x30...0x39: value = value << 4 | UInt16(sign - 0x30)
                case 0x41...0x46, 0x61...0x66: value = value << 4 | UInt16((sign | 0x20) - 0x61 + 10)
                default: return nil
                }
            }
            bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
        }
        return bytes
    }
}
