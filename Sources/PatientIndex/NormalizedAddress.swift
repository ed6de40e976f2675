import ExchangeCore

/// A postal address as matching compares it: house number, street without its usual words, place.
struct NormalizedAddress: Hashable, Sendable {
    /// House number and what the street sounds like, for a letter is soon written wrongly: `930|LNKLN` for 930 Lincoln Avenue;
    /// `POBOX|12` for a box; nil without a number and for no address at all.
    let street: String?
    /// What a second line names, a house or an estate, without a number: `ROSEDALECOTTAGE`.
    let estate: String?
    /// The first five digits of the postal code, or all of a foreign one.
    let postalCode: String?
    /// The city, closed up.
    let city: String?

    /// Nil when nothing of use is left.
    init?(_ address: PostalAddress) {
        let lines = address.lines.prefix(4).map { line in
            Self.words(line).map { String(decoding: $0, as: UTF8.self) }
        }.filter { !$0.isEmpty }
        // A number may stand on a line of its own.
        let isNumber = lines.first?.count == 1 && lines.count > 1
        let words = isNumber ? lines[0] + lines[1] : lines.first ?? []
        let isPlaceholder =
            words.isEmpty || words.contains("UNKNOWN") || words.contains("HOMELESS") || words.contains("SHELTER")
            || words.starts(with: ["GENERAL", "DELIVERY"]) || words.starts(with: ["NO", "ADDRESS"])
        street = isPlaceholder ? nil : Self.street(words)
        estate = isPlaceholder ? nil : lines.dropFirst(isNumber ? 2 : 1).lazy.compactMap(Self.estate).first
        let code = LatinFold.fold(String((address.postalCode ?? "").prefix(16))).filter { $0 != 0x20 }
        let digits = code.prefix(5)
        let zip = digits.count == 5 && digits.allSatisfy { (0x30...0x39).contains($0) } ? Array(digits) : code
        postalCode =
            zip.count < 3 || Set(zip) == [0x30] || Set(zip) == [0x39] ? nil : String(decoding: zip, as: UTF8.self)
        let place = NormalizedName.tokens(address.city ?? "").joined()
        city = place.isEmpty ? nil : String(decoding: place, as: UTF8.self)
        guard street != nil || postalCode != nil || city != nil else { return nil }
    }

    /// Folded words; a number sign after something begins a unit: `1700 ELM RD #31`.
    private static func words(_ line: String) -> [[UInt8]] {
        let parts = line.prefix(128).split(separator: "#").map { NormalizedName.tokens(String($0)) }
        return Array(parts.joined(separator: [Array("UNIT".utf8)]))
    }

    /// Two words or more that name no unit and hold no number.
    private static func estate(_ words: [String]) -> String? {
        guard words.count > 1, !words.contains(where: units.contains),
            !words.contains(where: { $0.utf8.contains { (0x30...0x39).contains($0) } })
        else { return nil }
        return words.joined()
    }

    private static func street(_ words: [String]) -> String? {
        if let box = words.firstIndex(of: "BOX"), box <= 2, words[0] == "PO" || words[0] == "P",
            let number = words.dropFirst(box + 1).first(where: { !units.contains($0) })
        {
            return "POBOX|" + number
        }
        guard let number = words.first, number.utf8.first.map({ (0x30...0x39).contains($0) }) ?? false else {
            return nil
        }
        var core: [String] = []
        for word in words.dropFirst() {
            // A unit ends the street; directions and kinds of street are written or left out as people please.
            if units.contains(word) { break }
            if !usual.contains(word) { core.append(word) }
        }
        guard !core.isEmpty else { return nil }
        let name = Array(core.joined().utf8)
        let sound = Phonetic.code(name)
        return number + "|" + String(decoding: sound.isEmpty ? name : sound, as: UTF8.self)
    }

    private static let units: Set<String> = [
        "APT", "APARTMENT", "UNIT", "STE", "SUITE", "FL", "FLOOR", "LOT", "RM", "TRLR",
    ]
    private static let usual: Set<String> = [
        "N", "S", "E", "W", "NORTH", "SOUTH", "EAST", "WEST", "NE", "NW", "SE", "SW", "ST", "STREET", "AVE", "AVENUE",
        "AV",
        "RD", "ROAD", "DR", "DRIVE", "LN", "LANE", "CT", "COURT", "BLVD", "BOULEVARD", "PL", "PLACE", "WAY", "CIR",
        "CIRCLE",
        "TRL", "TRAIL", "PKWY", "PARKWAY", "TER", "TERRACE", "HWY", "HIGHWAY", "SQ", "SQUARE", "PIKE",
    ]
}
