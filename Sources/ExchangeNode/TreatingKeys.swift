import ConsentEngine

/// The section `treating` of `node.yaml`: for how long whoever a stay or visit names is taken to treat.
enum TreatingKeys {
    struct Key {
        let name: String
        let path: WritableKeyPath<TreatingPeriod, Int>
        let range: ClosedRange<Int>
        let meaning: String
    }

    static var keys: [Key] {
        [
            Key(
                name: "days-after-end", path: \.daysAfterEnd, range: 0...3650,
                meaning: "days after the end of a stay in which those it names still treat"),
            Key(
                name: "days-without-end", path: \.daysWithoutEnd, range: 1...36_500,
                meaning: "days that a stay lasts of which no end is heard"),
        ]
    }

    static func read(_ section: inout YAMLReader) -> TreatingPeriod {
        var period = TreatingPeriod.usual
        for key in keys {
            if let value = section.integer(key.name, in: key.range) { period[keyPath: key.path] = value }
        }
        return period
    }

    static func effective(_ period: TreatingPeriod) -> [(key: String, value: String)] {
        keys.map { ("treating." + $0.name, String(period[keyPath: $0.path])) }
    }

    static var schema: [ConfigurationKey] {
        keys.map { ConfigurationKey("treating." + $0.name, .integer($0.range), $0.meaning) }
    }
}
