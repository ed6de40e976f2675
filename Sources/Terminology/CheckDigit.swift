/// Check digits of code systems, over ASCII digits.
enum CheckDigit {
    /// Verhoeff's dihedral check (SNOMED CT TIG, 6.3): true when the last digit fits the others.
    static func isVerhoeff(_ digits: some BidirectionalCollection<UInt8>) -> Bool {
        var check = 0
        for (place, digit) in digits.reversed().enumerated() {
            check = product[check][permutation[place % 8][Int(digit - 0x30)]]
        }
        return check == 0
    }

    /// LOINC's mod 10 (LOINC Users' Guide, appendix C), which is Luhn's: the check digit of the number before the hyphen.
    static func mod10(_ digits: some BidirectionalCollection<UInt8>) -> UInt8 {
        var sum = 0
        for (place, digit) in digits.reversed().enumerated() {
            let value = Int(digit - 0x30) * (place.isMultiple(of: 2) ? 2 : 1)
            sum += value / 10 + value % 10
        }
        return UInt8((10 - sum % 10) % 10) + 0x30
    }

    private static let product = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ]

    private static let permutation: [[Int]] = {
        // Row i is row 1 applied i times.
        var rows = [Array(0..<10), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
        for row in 2..<8 { rows.append(rows[1].indices.map { rows[row - 1][rows[1][$0]] }) }
        return rows
    }()
}
