import ExchangeCore

/// `base64Binary` as R4 has it: base64 in which blanks and line breaks may stand between the digits.
enum FHIRBase64 {
    /// The bytes; nil for anything but base64 once the blanks are gone.
    static func decode(_ text: String) -> [UInt8]? {
        if let bytes = Base64.decode(text) { return bytes }
        guard text.utf8.contains(where: isBlank) else { return nil }
        return Base64.decode(String(decoding: text.utf8.filter { !isBlank($0) }, as: UTF8.self))
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
}
