/// Evidence in thousandths of a bit, in whole numbers: it sums exactly, and equally on every machine.
enum Millibits {
    /// log2 of a ratio, rounded down to a thousandth; both parts are at least 1.
    static func log2(_ numerator: UInt64, over denominator: UInt64) -> Int { log2(numerator) - log2(denominator) }

    /// log2 of a number, in thousandths; 0 for 0.
    static func log2(_ value: UInt64) -> Int {
        guard value > 1 else { return 0 }
        let whole = 63 - value.leadingZeroBitCount
        // The fraction by repeated squaring of a number between 1 and 2 with 31 bits after the point.
        var fraction = whole >= 31 ? value >> UInt64(whole - 31) : value << UInt64(31 - whole)
        var parts = 0
        for _ in 0..<20 {
            fraction = (fraction * fraction) >> 31
            parts <<= 1
            if fraction >= 1 << 32 {
                fraction >>= 1
                parts |= 1
            }
        }
        return whole * 1000 + ((parts * 1000) >> 20)
    }

    /// Odds of 2 to so many bits; as exact as `probability`.
    static func odds(_ millibits: Int) -> Double {
        let bits = min(max(millibits, -40_000), 40_000)
        var odds = 1.0
        for _ in 0..<abs(bits / 1000) { odds *= bits > 0 ? 2 : 0.5 }
        return odds * (1 + Double(bits % 1000) / 1000 * (bits < 0 ? 0.5 : 1))
    }

    /// The probability that odds of 2 to so many bits make, in thousandths; only for showing.
    static func probability(_ millibits: Int) -> Double {
        // Between two whole bits the odds are taken to grow evenly: near enough for a figure of three digits.
        let odds = odds(millibits)
        return (odds / (1 + odds) * 1000).rounded() / 1000
    }
}
