import ExchangeCore
import JSON

/// A body with what is random or signed in it opened: two signatures over the same words differ by chance.
enum OpenedBody {
    private static let receipt = Array(#"completeness-receipt","valueString":""#.utf8)
    private static let page = Array("_page=".utf8)

    /// The body with the signed receipt's claims in the place of the JWS, and the places of pages in the place of links'
    /// tokens.
    static func of(_ body: [UInt8]) -> [UInt8] {
        replaced(in: replaced(in: body, behind: receipt, by: claims), behind: page, by: place)
    }

    /// Without the digests, which stand for what the rest of the body shows and for the directory's random keys.
    private static func claims(_ compact: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = compact.split(separator: UInt8(ascii: "."))
        guard parts.count == 3, let claims = Base64.decode(String(decoding: parts[1], as: UTF8.self), .url),
            var payload = (try? JSONReader.read(claims))?.object
        else { return nil }
        payload["list"] = nil
        payload["directory"] = nil
        return JSONWriter.bytes(.object(payload))
    }

    /// Without the search's random name.
    private static func place(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard let plain = Base64.decode(String(decoding: text, as: UTF8.self), .url) else { return nil }
        let parts = plain.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        return parts.count == 4 ? Array([parts[0], parts[1], parts[3]].joined(separator: Array(" ".utf8))) : nil
    }

    private static func replaced(
        in body: [UInt8], behind lead: [UInt8], by opened: (ArraySlice<UInt8>) -> [UInt8]?,
    ) -> [UInt8] {
        var result: [UInt8] = []
        var rest = body[...]
        while let start = rest.indices.first(where: { rest[$0] == lead[0] && rest[$0...].starts(with: lead) }) {
            let begin = start + lead.count
            let end = rest[begin...].firstIndex { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "&") } ?? rest.endIndex
            result += rest[..<begin]
            result += opened(rest[begin..<end]) ?? Array(rest[begin..<end])
            rest = rest[end...]
        }
        return result + rest
    }
}
