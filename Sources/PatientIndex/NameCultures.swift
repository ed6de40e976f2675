/// Habits of names that differ by where a family comes from.
enum NameCultures {
    /// Whether a first name may be the same person's other one: somebody called Hoang at home and Jason at work.
    ///
    /// Only for family names from China, Korea and Vietnam, one name of theirs and one of common English use; parents
    /// seldom give one twin the one and the other the other.
    static func isAlias(_ a: NameView, _ b: NameView) -> Bool {
        guard eastAsianFamilies.contains(a.familyHash) || eastAsianFamilies.contains(b.familyHash) else { return false }
        return isAlias(own: a, english: b) || isAlias(own: b, english: a)
    }

    /// Whether one is the first syllable of the other's: JAE and JAEWON.
    static func isShortened(_ a: NameView, _ b: NameView) -> Bool {
        guard eastAsianFamilies.contains(a.familyHash) || eastAsianFamilies.contains(b.familyHash) else { return false }
        let (short, long) = a.firstCount < b.firstCount ? (a, b) : (b, a)
        guard short.firstCount >= 2, long.firstCount > short.firstCount else { return false }
        for index in 0..<short.firstCount where short.first[index] != long.first[index] { return false }
        return true
    }

    private static func isAlias(own: NameView, english: NameView) -> Bool {
        guard NameFrequencies.isCommonEnglish(english.firstHash), !NameFrequencies.isCommonEnglish(own.firstHash) else {
            return false
        }
        return own.firstCount <= 5 && isSyllables(own.first) || own.givenTokens.contains(where: isSyllables)
    }

    private static func isSyllables(_ run: ByteRun) -> Bool { syllables.contains(hash(run)) }

    private static func hash(_ run: ByteRun) -> UInt32 {
        PackedRecord.short((0..<run.count).lazy.map { run[$0] })
    }

    private static func set(_ text: String) -> Set<UInt32> {
        Set(text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { PackedRecord.short($0.utf8) })
    }

    private static let eastAsianFamilies = set(
        """
        NGUYEN TRAN LE PHAM HUYNH PHAN VO VU DANG BUI DO NGO DUONG LY HOANG TRINH DINH LAM MAI TRUONG
        WANG LI ZHANG LIU CHEN YANG HUANG ZHAO WU ZHOU XU SUN MA ZHU HU GUO HE LIN GAO LUO ZHENG LIANG XIE TANG
        DENG FENG CHAN WONG CHANG CHENG CHOW LEUNG LAU CHEUNG NG KWOK YEE YEUNG TSAI HSU HUNG LEE
        KIM PARK CHOI JUNG KANG CHO YOON LIM HAN SHIN OH SEO KWON HWANG AHN SONG HONG YOO JEON BAE CHUNG MOON
        """)

    private static let syllables = set(
        """
        WEI MIN JIAN HAO LEI TAO LAN XIA JING YING MEI HONG JUN BIN YAN LING XIN YU QIANG GANG PENG FANG LI YI BO
        CHAO DAN FEI HUI JIE KAI LIANG NA NING PING QI RUI SHAN TING XIANG XUE YUN ZHI MING CHENG HUA XIAO MEILING
        ANH LINH MAI NGA PHUONG THANH THUY TRANG HOANG TUAN SON DAT TUNG MINH HUONG LOAN HUNG DUNG TIEN KHANH NAM
        QUAN VINH BINH CUONG DUC HAI HIEN HOA KIM LONG NGOC QUANG THAO THI THU TRUNG UYEN VAN VI YEN TAM NHI
        JAE WON SUNG YOUNG MI SEO JI HOON SANG EUN HYE JIN KYUNG SOO HYUN JOON HEE SEUNG DONG TAE YEON SUK
        """)
}
