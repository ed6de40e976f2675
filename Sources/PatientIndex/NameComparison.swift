/// How alike two packed names are, on raw bytes.
enum NameComparison {
    static func first(_ a: NameView, _ b: NameView) -> NameLevel {
        guard a.firstCount > 0, b.firstCount > 0 else { return .missing }
        // Two initials that are one letter may be of two names.
        if a.first == b.first { return a.firstCount == 1 ? .initial : .exact }
        if a.nicknames.count > 0, a.nicknames.meets(b.nicknames) { return .nickname }
        if a.firstCount == 1 || b.firstCount == 1 { return a.first[0] == b.first[0] ? .initial : .unlike }
        let likeness = StringDistance.jaroWinkler(a.first, b.first)
        // A slip of the pen is one edit; more are another name, a twin's perhaps (JESSICA and JESSENIA).
        if likeness >= 880 || min(a.firstCount, b.firstCount) > 4, StringDistance.isOneEdit(a.first, b.first) {
            return .similar
        }
        if isReordered(a, b) { return .reordered }
        if isCompound(a, b) || isCompound(b, a) { return .compound }
        // MARY ANN and MARY LOU, JAE WON and JAE.
        if let x = a.givenTokens.first, let y = b.givenTokens.first, x == y, x.count > 1 { return .partial }
        if b.givenTokens.contains(a.first) || a.givenTokens.contains(b.first) { return .partial }
        if NameCultures.isShortened(a, b) { return .partial }
        let isShortSlip = min(a.firstCount, b.firstCount) > 2 && StringDistance.isOneEdit(a.first, b.first)
        // ADZM for ADAM; of two that parents give, or of two that are not known, nobody can tell.
        if isShortSlip, NameFrequencies.isListed(a.firstHash) != NameFrequencies.isListed(b.firstHash) { return .similar }
        if likeness >= 850 || isShortSlip || isLetterLost(a, b) || isLetterLost(b, a) { return .resembling }
        return NameCultures.isAlias(a, b) ? .alias : .unlike
    }

    /// Whether one is two letters that are nobody's name and the other a name with one more: AA and ANA.
    private static func isLetterLost(_ a: NameView, _ b: NameView) -> Bool {
        a.firstCount == 2 && b.firstCount == 3 && StringDistance.isOneEdit(a.first, b.first)
            && !NameFrequencies.isListed(a.firstHash) && NameFrequencies.isListed(b.firstHash)
    }

    /// Whether each one's first name stands among the other's.
    private static func isReordered(_ a: NameView, _ b: NameView) -> Bool {
        a.firstCount >= 3 && b.firstCount >= 3 && b.givenTokens.contains(a.first) && a.givenTokens.contains(b.first)
    }

    /// Whether the middle name of one is the other's first, or the other's first is the first half of a double name
    /// and nothing contradicts the second half.
    ///
    /// Short syllables are left aside: Korean brothers share one.
    private static func isCompound(_ a: NameView, _ b: NameView) -> Bool {
        guard b.firstCount >= 3, a.givenTokens.count > 1, let lead = a.givenTokens.first else { return false }
        if lead == b.first {
            return b.firstCount >= 4 && a.firstCount > lead.count
                && (b.middle == 0 || b.middle == a.givenTokens.second.map { Int($0[0]) } ?? 0)
        }
        return b.firstCount >= 4 && a.givenTokens.contains(b.first)
    }

    static func family(_ a: NameView, _ b: NameView) -> NameLevel {
        guard a.familyCount > 0, b.familyCount > 0 else { return .missing }
        if a.family == b.family { return .exact }
        let likeness = StringDistance.jaroWinkler(a.family, b.family)
        if likeness >= 920 { return .similar }
        if a.familyTokens.contains(where: { $0.count > 1 && b.familyTokens.contains($0) }) { return .partial }
        // One part of a double surname, misspelt.
        if a.familyTokens.count != b.familyTokens.count,
            a.familyTokens.contains(where: { x in
                x.count > 3
                    && b.familyTokens.contains { y in y.count > 3 && StringDistance.jaroWinkler(x, y) >= 940 }
            })
        {
            return .partial
        }
        return likeness >= 850 ? .resembling : .unlike
    }

    /// First and family name in each other's place, or a family name that stands among the given ones.
    static func isSwapped(_ a: NameView, _ b: NameView) -> Bool {
        guard a.firstCount > 1, b.firstCount > 1, a.familyCount > 1, b.familyCount > 1 else { return false }
        return stands(a.first, b.family, b.familyTokens) && stands(b.first, a.family, a.familyTokens)
            || stands(a.family, b.first, b.givenTokens, before: b.firstCount)
                && stands(b.family, a.first, a.givenTokens, before: a.firstCount)
    }

    /// The first name of one in the place of the other's family name, the other half of the name another one: SIYU ZHANG, who was
    /// written ZHANG SIYU before she married.
    static func isHalfSwapped(_ a: NameView, _ b: NameView) -> Bool {
        func isIn(_ name: ByteRun, _ other: ByteRun) -> Bool { name.count > 2 && name == other }
        return isIn(a.first, b.family) || isIn(a.family, b.first)
    }

    /// Whether a name is another one, or one of its parts.
    ///
    /// - Parameter end: how many letters of the parts belong to it; a middle name behind them may be a twin's first name.
    private static func stands(_ name: ByteRun, _ other: ByteRun, _ tokens: TokenList, before end: Int = .max) -> Bool {
        if near(name, other) { return true }
        var letters = 0
        return tokens.contains { token in
            defer { letters += token.count }
            return letters < end && token.count > 2 && token == name
        }
    }

    private static func near(_ a: ByteRun, _ b: ByteRun) -> Bool {
        a == b || StringDistance.jaroWinkler(a, b) >= 920 || min(a.count, b.count) > 4 && StringDistance.isOneEdit(a, b)
    }
}

/// How alike two dates and two social security numbers are, as packed numbers.
enum DateComparison {
    static func level(_ left: UInt32, _ right: UInt32) -> DateLevel {
        guard left != 0, right != 0 else { return .missing }
        if left == right { return left % 100 == 0 ? .consistent : .exact }
        // The first of January is what is put in when only the year is known.
        if left / 10000 == right / 10000, left % 10000 == 101 || right % 10000 == 101 {
            return edits(left, right) <= 1 ? .oneEdit : .consistent
        }
        if left % 100 == 0 || right % 100 == 0 {
            let known: UInt32 = left % 10000 == 0 || right % 10000 == 0 ? 10000 : 100
            return left / known == right / known ? .consistent : .unlike
        }
        let isSwapped =
            left / 10000 == right / 10000 && left / 100 % 100 == right % 100 && left % 100 == right / 100 % 100
        if isSwapped { return .oneEdit }
        // A day off: the last of a month and the first of the next.
        switch edits(left, right) {
        case 0, 1: return .oneEdit
        case 2: return isNextDay(left, right) ? .oneEdit : .twoEdits
        default:
            if isNextDay(left, right) { return .oneEdit }
            return left / 10000 == right / 10000 ? .sameYear : .unlike
        }
    }

    private static func isNextDay(_ left: UInt32, _ right: UInt32) -> Bool {
        let (early, late) = left < right ? (left, right) : (right, left)
        if late - early == 1 { return true }
        return late % 100 == 1 && early % 100 >= 28 && (late / 100 - early / 100 == 1 || late / 100 - early / 100 == 89)
    }

    /// Digits that differ; a swap of neighbours counts once.
    static func edits(_ left: UInt32, _ right: UInt32) -> Int {
        var (a, b) = (left, right)
        var edits = 0
        while a != 0 || b != 0 {
            let (x, y) = (a % 10, b % 10)
            a /= 10
            b /= 10
            if x == y { continue }
            edits += 1
            if x == b % 10, y == a % 10, x != y {
                a /= 10
                b /= 10
            }
        }
        return edits
    }

    static func socialSecurity(_ left: UInt32, _ right: UInt32) -> SocialSecurityLevel {
        let four: UInt32 = 1 << 31
        if left & four != 0 || right & four != 0 {
            let (mine, theirs) = ((left & ~four) % 10000, (right & ~four) % 10000)
            return mine == theirs ? .lastFour : edits(mine, theirs) <= 1 ? .lastFourClose : .different
        }
        if left == right { return .same }
        guard edits(left, right) <= 1 else { return .different }
        // Twins have consecutive numbers: what differs in the last two digits alone is perhaps the other one's.
        return left / 100 == right / 100 ? .close : .slip
    }
}
