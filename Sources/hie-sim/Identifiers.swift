/// UUIDs as they stand in answers.
enum Identifiers {
    /// Where UUIDs in their 36-character form begin in the bytes.
    static func places(in bytes: [UInt8]) -> [Int] {
        let dash = UInt8(ascii: "-")
        var places: [Int] = []
        var at = 0
        while at + 36 <= bytes.count {
            guard bytes[at + 8] == dash, bytes[at + 13] == dash, bytes[at + 18] == dash, bytes[at + 23] == dash else {
                at += 1
                continue
            }
            places.append(at)
            at += 36
        }
        return places
    }

    /// The UUIDs in the bytes, in their order.
    static func all(in bytes: [UInt8]) -> [String] {
        places(in: bytes).map { String(decoding: bytes[$0..<($0 + 36)], as: UTF8.self) }
    }

    /// The bytes with every UUID that is not known replaced by its number in order of appearance.
    static func mapped(_ bytes: [UInt8], known: Set<String>) -> [UInt8] {
        var numbers: [String: Int] = [:]
        var bytes = bytes
        for place in places(in: bytes) {
            let id = String(decoding: bytes[place..<(place + 36)], as: UTF8.self)
            guard !known.contains(id) else { continue }
            let number = numbers[id] ?? numbers.count
            numbers[id] = number
            bytes.replaceSubrange(
                place..<(place + 36), with: Array("fresh ".utf8) + [UInt8](repeating: 0x2E, count: 26)
                    + Array(String(1000 + number).utf8))
        }
        return bytes
    }
}
