import ExchangeCore
import PatientIndex
import Testing

/// Right patient? A document's demographics against the registration its number names.
@Suite struct PatientAgreementTests {
    private static let registered = person("Quintero Vásquez", ["Marisol", "Elena"], "1957-03-14", .female)

    private static func person(
        _ family: String, _ given: [String], _ born: String?, _ sex: AdministrativeSex?, suffix: String? = nil,
    ) -> Demographics {
        Demographics(
            names: [PersonName(family: family, given: given, suffix: suffix)],
            birthDate: born.flatMap { PartialDate($0) }, sex: sex)
    }

    private static func agreement(_ stated: Demographics, _ registered: [Demographics] = [Self.registered]) -> PatientAgreement {
        PatientAgreement(stated, with: registered)
    }

    @Test func `the same person is the same, however the name is written`() {
        for stated in [
            Self.registered, Self.person("QUINTERO VASQUEZ", ["MARISOL"], "1957-03-14", .female),
            Self.person("Quintero", ["Marisol", "E."], "1957-03-14", nil),
        ] {
            #expect(Self.agreement(stated).differences.isEmpty, "\(Self.agreement(stated).differences)")
        }
    }

    @Test func `a sibling, a twin, a parent and a namesake of another birthday are somebody else`() {
        let others: [(Demographics, PatientAgreement.Difference)] = [
            (Self.person("Quintero Vásquez", ["Ignacio"], "1957-03-14", .male), .firstName),
            (Self.person("Quintero Vásquez", ["Gabriela"], "1957-03-14", .female), .firstName),
            (Self.person("Quintero Vásquez", ["Marisol"], "1931-08-02", .female), .birthDate),
            (Self.person("Quintero Vásquez", ["Marisol", "Elena"], "1957-11-30", .female), .birthDate),
        ]
        for (stated, difference) in others {
            let agreement = Self.agreement(stated)
            #expect(agreement.isOther)
            #expect(agreement.differences.first?.isGrave == true)
            #expect(agreement.differences.contains(difference), "\(agreement.differences)")
        }
        let junior = Self.person("Mohr", ["Al"], "1958-01-30", .male, suffix: "Jr")
        let senior = Self.person("Mohr", ["Al"], "1958-01-30", .male, suffix: "Sr")
        #expect(Self.agreement(junior, [senior]).isOther)
    }

    @Test func `a married name or a slip in the birth date is said and no other person`() {
        let married = Self.agreement(Self.person("Okonkwo", ["Marisol", "Elena"], "1957-03-14", .female))
        #expect(married.differences == [.familyName])
        #expect(!married.isOther)
        let slip = Self.agreement(Self.person("Quintero Vásquez", ["Marisol"], "1957-03-15", .female))
        #expect(slip.differences == [.nearBirthDate] && !slip.isOther, "\(slip.differences)")
        #expect(
            Self.agreement(Self.person("Okonkwo", ["Marisol"], "1957-03-14", .male)).isOther,
            "another family name and another sex together")
    }

    @Test func `too little confirms nobody, and any record of the person may agree`() {
        #expect(Self.agreement(Self.person("Quintero Vásquez", ["Marisol"], nil, .female)).differences == [.nothing])
        #expect(Self.agreement(Self.person("", [], "1957-03-14", nil)).differences == [.nothing])
        let married = Self.person("Okonkwo", ["Marisol", "Elena"], "1957-03-14", .female)
        #expect(Self.agreement(married, [Self.registered, married]).differences.isEmpty)
    }
}
