import ExchangeCore

/// One name and value of a query or a form, decoded.
struct RequestField: Hashable, Sendable {
    let name: String
    let value: String
}

/// A request's path and query, read strictly: ASCII, well-formed escapes, valid UTF-8, no control characters.
///
/// Hummingbird decodes `%FF` to U+FFFD without a word and leaves path segments encoded, so the edge reads them itself.
struct RequestTarget: Sendable {
    /// Bytes of a request's target at the most.
    static let bytesMax = 16 * 1024
    /// Fields of a query or a form at the most (security.md T106).
    static let fieldsMax = 32
    /// Bytes of one decoded value at the most.
    static let valueBytesMax = 2048
    /// Bytes of a form, and of one of its values, at the most: a peer sends a client's search on with systems filled in.
    static let formBytesMax = 64 * 1024
    static let formValueBytesMax = 8192

    /// The path's segments, decoded, without empty ones at the end.
    let segments: [String]
    /// The query as written, not decoded yet.
    let query: ArraySlice<UInt8>

    /// Reads origin form (`/fhir/...?...`), or absolute form, of which only path and query count.
    init(_ target: String) throws(ExchangeError) {
        let bytes = Array(target.utf8)
        guard bytes.count <= Self.bytesMax else {
            throw ExchangeError(.badRequest, "the request target is longer than \(Self.bytesMax) bytes")
        }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ExchangeError(.badRequest, "the request target holds bytes that must be percent-encoded")
        }
        let start = try Self.pathStart(bytes)
        let mark = bytes[start...].firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        query = mark < bytes.endIndex ? bytes[(mark + 1)...] : []
        var segments: [String] = []
        for part in bytes[start..<mark].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
            segments.append(try PercentEncoding.decode(part, plusIsSpace: false))
        }
        if segments.last?.isEmpty ?? false { segments.removeLast() }
        self.segments = segments
    }

    /// The query's fields in order; `+` stays a plus, as `+01:00` in dates needs.
    var fields: [RequestField] {
        get throws(ExchangeError) { try Self.fields(query, plusIsSpace: false, valueBytesMax: Self.valueBytesMax) }
    }

    /// The fields of an `application/x-www-form-urlencoded` body in order.
    static func fields(form body: [UInt8]) throws(ExchangeError) -> [RequestField] {
        guard body.count <= formBytesMax else {
            throw ExchangeError(.tooLarge, "a search form may have \(formBytesMax) bytes at the most")
        }
        return try fields(body[...], plusIsSpace: true, valueBytesMax: formValueBytesMax)
    }

    private static func fields(
        _ bytes: ArraySlice<UInt8>, plusIsSpace: Bool, valueBytesMax: Int,
    ) throws(ExchangeError) -> [RequestField] {
        guard !bytes.isEmpty else { return [] }
        var fields: [RequestField] = []
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            guard fields.count < fieldsMax else {
                throw ExchangeError(.badRequest, "a search may have \(fieldsMax) parameters at the most")
            }
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let name = try PercentEncoding.decode(part[..<equals], plusIsSpace: plusIsSpace)
            let value = try PercentEncoding.decode(
                equals < part.endIndex ? part[(equals + 1)...] : [], plusIsSpace: plusIsSpace)
            guard !name.isEmpty, name.utf8.count <= 64, value.utf8.count <= valueBytesMax else {
                throw ExchangeError(.badRequest, "a search parameter is nameless or longer than \(valueBytesMax) bytes")
            }
            fields.append(RequestField(name: name, value: value))
        }
        return fields
    }

    private static func pathStart(_ bytes: [UInt8]) throws(ExchangeError) -> Int {
        if bytes.first == UInt8(ascii: "/") { return 0 }
        guard let scheme = [Array("https://".utf8), Array("http://".utf8)].first(where: { bytes.starts(with: $0) }),
            let slash = bytes[scheme.count...].firstIndex(of: UInt8(ascii: "/"))
        else { throw ExchangeError(.badRequest, "the request target must begin with a slash") }
        return slash
    }
}

/// Percent-encoding (RFC 3986 section 2.1), strict both ways.
enum PercentEncoding {
    /// The text; throws `badRequest` for a broken escape, invalid UTF-8 or a control character.
    static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) throws(ExchangeError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var at = bytes.startIndex
        while at < bytes.endIndex {
            switch bytes[at] {
            case UInt8(ascii: "%"):
                guard at + 2 < bytes.endIndex, let high = hexadecimal(bytes[at + 1]), let low = hexadecimal(bytes[at + 2])
                else { throw ExchangeError(.badRequest, "a percent sign needs two hexadecimal digits") }
                decoded.append(high << 4 | low)
                at += 3
            case UInt8(ascii: "+") where plusIsSpace:
                decoded.append(0x20)
                at += 1
            default:
                decoded.append(bytes[at])
                at += 1
            }
        }
        guard decoded.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let text = String(validating: decoded, as: UTF8.self) else {
            throw ExchangeError(.badRequest, "percent-encoded bytes are not UTF-8 text")
        }
        return text
    }

    /// Appends a text so that it reads back the same in a query or a form: unreserved characters and `:/|,` as they are.
    static func append(_ text: String, to output: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x3A, 0x2F, 0x7C, 0x2C:
                output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            }
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
