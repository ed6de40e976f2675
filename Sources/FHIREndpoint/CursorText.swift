import ExchangeCore

/// How a cursor stands in a link: words in base64url, which callers hand back and do not read.
enum CursorText {
    /// The words of a link's text; nil when it is not one of ours: too long, no base64url, or another number of them.
    static func words(_ text: String, count: Int, bytesMax: Int) -> [Substring]? {
        guard text.utf8.count <= bytesMax, let bytes = Base64.decode(text, .url),
            let plain = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let words = plain.split(separator: " ", omittingEmptySubsequences: false)
        return words.count == count ? words : nil
    }

    /// The text of words that hold no blank.
    static func text(_ words: String) -> String { Base64.encode(Array(words.utf8), .url) }
}
