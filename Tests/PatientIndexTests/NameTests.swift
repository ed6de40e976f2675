import ExchangeCore
import Testing

@testable import PatientIndex

/// Names of many cultures, as registrations write them.
struct NameTests {
    private static func levels(_ one: (String, [String]), _ other: (String, [String])) -> (first: NameLevel, family: NameLevel) {
        func record(_ name: (String, [String])) -> PackedRecord {
            PackedRecord(Demographics(names: [PersonName(family: name.0, given: name.1)]))
        }
        return record(one).read { one in
            record(other).read { other in
                var fold = EvidenceFold(one, names: NameFrequencies())
                fold.add(other)
                let evidence = fold.finished()
                return (evidence.first, evidence.family)
            }
        }
    }

    private static func first(_ one: String, _ other: String) -> NameLevel { levels(("Mohr", [one]), ("Mohr", [other])).first }

    private static func family(_ one: String, _ other: String) -> NameLevel {
        levels((one, ["Alice"]), (other, ["Alice"])).family
    }

    @Test func `short forms, other languages and other spellings are one name`() {
        let pairs = [
            ("William", "Bill"), ("Robert", "Bob"), ("Margaret", "Peggy"), ("Guadalupe", "Lupita"), ("José", "Pepe"),
            ("Francisco", "Paco"), ("Juan", "John"), ("Mohammed", "Muhammad"), ("Hussein", "Hussain"),
            ("Fatima", "Fatimah"), ("Aleksandr", "Alexander"), ("Katarzyna", "Kasia"), ("Theresa", "Teresa"),
            ("Seung", "Sung"), ("Giuseppe", "Joseph"), ("Arthur", "Art"), ("Randall", "Randy"), ("Reginald", "Reggie"),
            ("Kathleen", "Kathy"),
        ]
        for (one, other) in pairs {
            #expect(Self.first(one, other) == .nickname, "\(one) \(other)")
            #expect(Self.first(other, one) == .nickname, "\(other) \(one)")
        }
    }

    @Test func `names that twins are given are not one name`() {
        for (one, other) in [
            ("Jean", "Jane"), ("Olivia", "Livia"), ("Aiden", "Jaden"), ("Taylor", "Tyler"), ("Alyssa", "Alisha"),
            ("Darius", "Marius"), ("Chloe", "Zoe"), ("Jacob", "Joshua"), ("Emily", "Emma"), ("Juan", "Julian"), ("Kathleen", "Katherine"),
            ("Mark", "Marcus"),
        ] {
            let level = Self.first(one, other)
            #expect(![.exact, .nickname, .reordered].contains(level), "\(one) \(other): \(level)")
        }
    }

    @Test func `particles, double surnames and marks are written as people please`() {
        for (one, other) in [
            ("de la Cruz", "Delacruz"), ("Mc Carthy", "McCarthy"), ("O'Brien", "OBRIEN"), ("Nguyễn", "Nguyen"),
            ("van der Berg", "Vanderberg"), ("Müller", "MU\u{308}LLER"), ("Smith-Jones", "Smith Jones"),
        ] { #expect(Self.family(one, other) == .exact, "\(one) \(other)") }
        for (one, other) in [("García Márquez", "García"), ("Fuentes-Orozco", "Orozco"), ("Silva Chavez", "SILVA")] {
            #expect(Self.family(one, other) == .partial, "\(one) \(other)")
        }
    }

    @Test func `swapped and reordered names are recognised, also beside a second surname`() {
        #expect(Self.levels(("Mohr", ["Alice"]), ("Alice", ["Mohr"])) == (.swapped, .swapped))
        #expect(Self.levels(("Garcia", ["Jorge"]), ("Jorge", ["Garcia Flores"])) == (.swapped, .swapped))
        #expect(Self.levels(("Fuentes", ["Ethan", "Paul"]), ("Fuentes", ["Paul", "Ethan"])).first == .reordered)
    }

    @Test func `a middle name in the family name's place is no name written the wrong way round`() {
        #expect(Self.levels(("Mohr", ["Jaden"]), ("Jaden", ["Mohr"])).first == .swapped)
        #expect(Self.levels(("Mohr", ["Mary Ann", "Jaden"]), ("Ann", ["Mohr"])).first == .swapped, "half of a double first name")
        #expect(Self.levels(("Mohr", ["James", "Jaden"]), ("Jaden", ["Mohr"])).first == .unlike, "a twin's, perhaps")
        #expect(Self.levels(("Whitep", ["Hollh"]), ("Holly", ["White"])).first == .swapped, "with a slip in each")
    }

    @Test func `a first name where the other has a family name brings two records together, and is no name in common`() {
        func evidence(_ one: (String, String), _ other: (String, String)) -> Evidence {
            func record(_ name: (String, String)) -> PackedRecord {
                PackedRecord(Demographics(names: [PersonName(family: name.0, given: [name.1])], birthDate: PartialDate("1990-02-07")))
            }
            return record(one).read { one in
                record(other).read { other in
                    var fold = EvidenceFold(one, names: NameFrequencies())
                    fold.add(other)
                    return fold.finished()
                }
            }
        }
        let crossed = evidence(("Siyu", "Zhang"), ("Czickmann", "Siyu"))
        #expect(crossed.isCrossed && crossed.first == .unlike && crossed.family == .unlike)
        #expect(MatchModel.initial.first(crossed, NameFrequencies()) > 0)
        #expect(!MatchPolicy.balanced.verdict(crossed, namesakes: 0).isCertain)
        #expect(!evidence(("Mohr", "Alice"), ("Quux", "Bertha")).isCrossed)
        #expect(!evidence(("Li", "Zhang"), ("Czickmann", "Li")).isCrossed, "two letters say little")
    }

    @Test func `of two short names one letter apart one is a slip, unless both are names`() {
        #expect(Self.first("Adzm", "Adam") == .similar)
        #expect(Self.first("Ane", "Ana") == .similar)
        #expect(Self.first("Jane", "June") == .resembling)
        #expect(Self.first("Xun", "Xin") == .resembling, "nobody knows either")
        #expect(Self.first("Aa", "Ana") == .resembling, "a letter lost, or a twin nobody knows: somebody has to look")
        #expect(Self.first("Al", "Sal") == .unlike, "two names")
    }

    @Test func `a newborn's words are nobody's name, also with a letter wrong`() {
        func isPlaceholder(_ given: String) -> Bool {
            NormalizedPerson(Demographics(names: [PersonName(family: "Mohr", given: [given])]), identifiers: []).hasPlaceholderName
        }
        for word in ["Baby Boy", "Babybyo", "bab yboy", "BBABYGIRL", "aby girl", "BF", "Baby Girl A", "Infant Gril", "BB"] {
            #expect(isPlaceholder(word), "\(word)")
        }
        for name in ["Abigail", "Babette", "Boyd", "Barbara", "Bo"] { #expect(!isPlaceholder(name), "\(name)") }
    }

    @Test func `words for want of a name are nobody's name, in the languages of wards, and names that look like them are names`() {
        func isPlaceholder(_ given: String, _ family: String = "Mohr") -> Bool {
            NormalizedPerson(Demographics(names: [PersonName(family: family, given: [given])]), identifiers: []).hasPlaceholderName
        }
        for word in [
            "Neonate", "Neonatal", "No Name", "NN", "N.N.", "Unborn", "Twin1", "Twin 2", "Triplet", "Triplet B", "Unnamed", "Not Named", "None",
            "Null", "N/A", "TBD", "Pending", "Refused", "XX", "XXX", "FNU", "LNU", "UNK", "No Given Name", "Child", "Kind", "Daughter",
            "Son of Mary", "Hija de Maria", "Nino de Rosa", "Bebe", "Bébé", "Recien Nacido", "RN", "Nouveau-né", "Neugeborenes", "Säugling",
            "Bb Of Mary", "1", "123", "\u{1F600}", "Aaaa",
        ] { #expect(isPlaceholder(word), "\(word)") }
        for name in ["Na", "Nina", "Nino", "Son", "Noel", "Oo", "X", "Kindra", "Nadia", "Рита", "光", "Nina D"] {
            #expect(!isPlaceholder(name), "\(name)")
        }
        #expect(isPlaceholder("Jane", "Doe") && isPlaceholder("Ann", "Unknown") && isPlaceholder("Ann", "Aaaaaa"))
        for family in ["Child", "Kind", "Null", "Doe", "Nguyễn", "Bebe", "O", "山田"] { #expect(!isPlaceholder("Ann", family), "\(family)") }
    }

    @Test func `letters of several scripts in one word, no letter, or more than any name has make nobody's name`() {
        for text in ["Иван王", "Pаypal", "999", "\u{1F600}\u{1F621}", String(repeating: "Ab", count: 5_000), String(repeating: "A", count: 999)] {
            #expect(PlaceholderNames.isAbsurd(text))
        }
        for text in ["Иванов-Smith", "Иван Smith", "O'Neill", "ひらがなカタカナ漢字", "", "-", "Ng", "Лев 3"] {
            #expect(!PlaceholderNames.isAbsurd(text), "\(text)")
        }
    }

    @Test func `one letter alone is an initial, also where both have it`() {
        #expect(Self.first("X", "X") == .initial)
    }

    @Test func `a person called otherwise at work is an alias only among names of such a custom`() {
        #expect(Self.levels(("Nguyen", ["Hoang"]), ("Nguyen", ["Jason"])).first == .alias)
        #expect(Self.levels(("Smith", ["Hoang"]), ("Smith", ["Jason"])).first == .unlike)
        #expect(Self.levels(("Kim", ["Jae-Won"]), ("Kim", ["Jae"])).first != .unlike)
    }

    @Test func `numbers that are one slip apart are no conflict, and twins' numbers are no evidence`() {
        func level(_ one: String, _ other: String) -> SocialSecurityLevel {
            func word(_ text: String) -> UInt32 { (UInt32(text) ?? 0) | (text.utf8.count == 4 ? 1 << 31 : 0) }
            return DateComparison.socialSecurity(word(one), word(other))
        }
        #expect(level("343911789", "343917189") == .slip)
        #expect(level("381770803", "381770804") == .close)
        #expect(level("381770803", "0803") == .lastFour)
        #expect(level("1096", "1006") == .lastFourClose)
        #expect(level("381770803", "0830") == .lastFourClose)
        #expect(level("1096", "2387") == .different)
        #expect(level("531534525", "093469583") == .different)
    }

    @Test func `a twentieth dependent is a slip of the pen`() throws {
        let plain = try #require(NormalizedIdentifiers.member("HUM142897201"))
        let slip = try #require(NormalizedIdentifiers.member("HUM14289720171"))
        let other = try #require(NormalizedIdentifiers.member("HUM14289720102"))
        #expect(slip & 0xFF == 0xFF)
        #expect(other & 0xFF == 2)
        #expect(plain & 0xFF == 0xFF)
    }
}
