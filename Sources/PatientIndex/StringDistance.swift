/// How alike two folded texts are; on bytes, up to 64 of them.
enum StringDistance {
    /// Jaro-Winkler similarity, 0 to 1000 (Winkler 1990: prefix scale 0.1, at most 4).
    ///
    /// Whole thousandths, so that every machine decides the same.
    static func jaroWinkler(_ left: [UInt8], _ right: [UInt8]) -> Int {
        if left == right { return left.isEmpty ? 0 : 1000 }
        let a = left.prefix(64)
        let b = right.prefix(64)
        guard !a.isEmpty, !b.isEmpty else { return 0 }
        let window = max(max(a.count, b.count) / 2 - 1, 0)
        var usedA: UInt64 = 0
        var usedB: UInt64 = 0
        var matches = 0
        for i in a.indices {
            for j in max(0, i - window)..<max(max(0, i - window), min(b.count, i + window + 1))
            where usedB & (1 << UInt64(j)) == 0 && a[i] == b[j] {
                usedA |= 1 << UInt64(i)
                usedB |= 1 << UInt64(j)
                matches += 1
                break
            }
        }
        guard matches > 0 else { return 0 }
        var transposed = 0
        var j = 0
        for i in a.indices where usedA & (1 << UInt64(i)) != 0 {
            while usedB & (1 << UInt64(j)) == 0 { j += 1 }
            if a[i] != b[j] { transposed += 1 }
            j += 1
        }
        let jaro =
            (1000 * matches / a.count + 1000 * matches / b.count + 1000 * (matches - transposed / 2) / matches) / 3
        let prefix = zip(a.prefix(4), b.prefix(4)).prefix { $0 == $1 }.count
        return jaro + prefix * (1000 - jaro) / 10
    }

    /// Edits between two texts, swaps of neighbours included (optimal string alignment); `limit + 1` when there are
    /// more.
    static func edits(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
        let a = Array(left.prefix(64))
        let b = Array(right.prefix(64))
        guard abs(a.count - b.count) <= limit else { return limit + 1 }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var least = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, beforeLast[j - 1] + 1) }
                row.append(least)
            }
            beforeLast = last
            last = row
        }
        return min(last[b.count], limit + 1)
    }
}
