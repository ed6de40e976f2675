import ExchangeCore

/// An `https` address of a node as a directory record states it, taken apart strictly (T23).
///
/// No user, no query, no fragment, no escapes, no dot segments; the host is a DNS name in ASCII, without a dot at its end, or an IP
/// address in its strict form.
package struct EndpointURL: Hashable, Sendable, CustomStringConvertible {
    /// The host, lower case; an IPv6 address without its brackets.
    package let host: String
    /// The port; 443 when none is written.
    package let port: Int
    /// The path without a slash at its end; empty or beginning with a slash.
    package let path: String

    /// Reads `https://host[:port][/path]` of 256 bytes at the most; nil for anything else.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 256, bytes.starts(with: "https://".utf8) else { return nil }
        let rest = bytes.dropFirst(8)
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<slash]), let path = Self.path(rest[slash...]) else { return nil }
        self.host = host
        self.port = port
        self.path = path
    }

    /// The whole address; reading it gives the same value.
    package var description: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "https://\(name)\(port == 443 ? "" : ":\(port)")\(path)"
    }

    private static func authority(_ bytes: ArraySlice<UInt8>) -> (host: String, port: Int)? {
        var host = bytes
        var port = 443
        let isSix = bytes.first == UInt8(ascii: "[")
        if isSix {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = bytes[bytes.index(after: bytes.startIndex)..<close]
            let after = bytes[bytes.index(after: close)...]
            if !after.isEmpty {
                guard after.first == UInt8(ascii: ":"), let number = number(after.dropFirst()) else { return nil }
                port = number
            }
            guard (2...45).contains(host.count), host.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") }),
                IPAddress(String(decoding: host, as: UTF8.self)) != nil
            else { return nil }
        } else if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            host = bytes[..<colon]
            guard let number = number(bytes[bytes.index(after: colon)...]) else { return nil }
            port = number
        }
        if !isSix, !isName(host), IPAddress(String(decoding: host, as: UTF8.self)) == nil { return nil }
        return (String(decoding: host.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self), port)
    }

    /// A DNS name. One whose last label is a number is none: resolvers take `0x7f.1` and `2130706433` for IP addresses.
    private static func isName(_ host: ArraySlice<UInt8>) -> Bool {
        let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let hyphen = UInt8(ascii: "-")
        let isSound = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
                && label.allSatisfy { isLetterOrDigit($0) || $0 == hyphen }
        }
        guard isSound, host.count <= 253, let last = labels.last else { return false }
        let isNumber = last.allSatisfy { (0x30...0x39).contains($0) } || last.starts(with: "0x".utf8) || last.starts(with: "0X".utf8)
        return !isNumber
    }

    private static func path(_ bytes: ArraySlice<UInt8>) -> String? {
        let allowed = bytes.allSatisfy { byte in
            isLetterOrDigit(byte) || [UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
        }
        guard allowed else { return nil }
        let segments = bytes.split(separator: UInt8(ascii: "/"))
        guard !segments.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) else { return nil }
        return segments.map { "/" + String(decoding: $0, as: UTF8.self) }.joined()
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(bytes.count), bytes.first != 0x30, bytes.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        let value = bytes.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return value <= 65535 ? value : nil
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}
