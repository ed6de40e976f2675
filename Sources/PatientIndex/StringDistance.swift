/// How alike two folded texts are; on bytes, up to 64 of them.
package enum StringDistance {
    /// Jaro-Winkler similarity, 0 to 1000 (Winkler 1990: prefix scale 0.1, at most 4).
    ///
    /// Whole thousandths, so that every machine decides the same.
    static func jaroWinkler(_ a: ByteRun, _ b: ByteRun) -> Int {
        let (m, n) = (min(a.count, 64), min(b.count, 64))
        guard m > 0, n > 0 else { return 0 }
        let window = max(max(m, n) / 2 - 1, 0)
        var usedA: UInt64 = 0
        var usedB: UInt64 = 0
        var matches = 0
        for i in 0..<m {
            var j = max(0, i - window)
            let end = min(n, i + window + 1)
            while j < end {
                if usedB & (1 << UInt64(j)) == 0, a[i] == b[j] {
                    usedA |= 1 << UInt64(i)
                    usedB |= 1 << UInt64(j)
                    matches += 1
                    break
                }
                j += 1
            }
        }
        guard matches > 0 else { return 0 }
        var transposed = 0
        var j = 0
        for i in 0..<m where usedA & (1 << UInt64(i)) != 0 {
            while usedB & (1 << UInt64(j)) == 0 { j += 1 }
            if a[i] != b[j] { transposed += 1 }
            j += 1
        }
        let jaro = (1000 * matches / m + 1000 * matches / n + 1000 * (matches - transposed / 2) / matches) / 3
        var prefix = 0
        while prefix < min(4, m, n), a[prefix] == b[prefix] { prefix += 1 }
        return jaro + prefix * (1000 - jaro) / 10
    }

    /// Whether one letter was changed, left out or put in, or two neighbours swapped; at most one of them.
    static func isOneEdit(_ a: ByteRun, _ b: ByteRun) -> Bool {
        let (short, long) = a.count <= b.count ? (a, b) : (b, a)
        guard long.count - short.count <= 1 else { return false }
        var i = 0
        while i < short.count, short[i] == long[i] { i += 1 }
        func rest(_ x: Int, _ y: Int) -> Bool {
            guard short.count - x == long.count - y, x <= short.count else { return false }
            var offset = 0
            while x + offset < short.count {
                if short[x + offset] != long[y + offset] { return false }
                offset += 1
            }
            return true
        }
        if long.count > short.count { return rest(i, i + 1) }
        if i == short.count || rest(i + 1, i + 1) { return true }
        return i + 1 < short.count && short[i] == long[i + 1] && short[i + 1] == long[i] && rest(i + 2, i + 2)
    }

    /// Whether two texts that are not packed are one edit apart.
    package static func isOneEdit(_ a: [UInt8], _ b: [UInt8]) -> Bool { unpacked(a, b, isOneEdit) }

    /// Jaro-Winkler similarity, 0 to 1000, of two texts that are not packed.
    package static func jaroWinkler(_ a: [UInt8], _ b: [UInt8]) -> Int { unpacked(a, b, jaroWinkler) }

    private static func unpacked<Value>(_ a: [UInt8], _ b: [UInt8], _ body: (ByteRun, ByteRun) -> Value) -> Value {
        a.withUnsafeBytes { x in
            b.withUnsafeBytes { y in
                body(ByteRun(RecordView(x), at: 0, count: a.count), ByteRun(RecordView(y), at: 0, count: b.count))
            }
        }
    }
}
