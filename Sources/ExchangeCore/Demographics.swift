/// A person's name as one registration wrote it, normalised to Unicode NFC by the edge.
package struct PersonName: Hashable, Sendable {
    /// The family name, particles included.
    package var family: String
    /// Given names, first name first.
    package var given: [String]
    /// `Jr`, `III` and the like.
    package var suffix: String?

    /// A name from its parts.
    package init(family: String, given: [String] = [], suffix: String? = nil) {
        self.family = family
        self.given = given
        self.suffix = suffix
    }
}

/// Administrative sex (FHIR `administrative-gender`).
package enum AdministrativeSex: String, Sendable, CaseIterable { case male, female, other, unknown }

/// A postal address.
package struct PostalAddress: Hashable, Sendable {
    /// Street lines, house number included.
    package var lines: [String]
    /// City or town.
    package var city: String?
    /// State or province.
    package var state: String?
    /// Postal code as written.
    package var postalCode: String?
    /// ISO 3166 country code or name, as written.
    package var country: String?

    /// An address from its parts.
    package init(
        lines: [String] = [], city: String? = nil, state: String? = nil, postalCode: String? = nil,
        country: String? = nil,
    ) {
        self.lines = lines
        self.city = city
        self.state = state
        self.postalCode = postalCode
        self.country = country
    }
}

/// What a registration says about who a person is: the facts matching works on.
///
/// Printing one prints nothing: demographics must not reach a log by interpolation.
package struct Demographics: Hashable, Sendable, CustomStringConvertible {
    /// Names, the one in use first.
    package var names: [PersonName]
    /// Date of birth, to the precision known.
    package var birthDate: PartialDate?
    /// Administrative sex, where stated.
    package var sex: AdministrativeSex?
    /// Addresses, the current one first.
    package var addresses: [PostalAddress]
    /// Telephone numbers as written.
    package var phones: [String]
    /// Electronic mail addresses as written.
    package var emails: [String]
    /// The family name the mother was born with; kept and searched by, and no evidence for matching.
    package var mothersMaidenName: String?

    /// Demographics from their parts.
    package init(
        names: [PersonName] = [], birthDate: PartialDate? = nil, sex: AdministrativeSex? = nil,
        addresses: [PostalAddress] = [], phones: [String] = [], emails: [String] = [],
        mothersMaidenName: String? = nil,
    ) {
        self.mothersMaidenName = mothersMaidenName
        self.names = names
        self.birthDate = birthDate
        self.sex = sex
        self.addresses = addresses
        self.phones = phones
        self.emails = emails
    }

    package var description: String { "<redacted>" }
}

/// One patient as this node knows it: its own id, the identifiers facilities gave, and the demographics registered.
package struct PatientRecord: Hashable, Sendable, CustomStringConvertible {
    /// This node's id of the record.
    package let id: PatientID
    /// Identifiers, the facility's own medical record number first.
    package var identifiers: [PatientIdentifier]
    /// The demographics of the latest registration.
    package var demographics: Demographics
    /// False when the record was merged into another or withdrawn.
    package var isActive: Bool
    /// The record that took this one's place, where a merge said so.
    package var survivor: PatientID?

    /// A record from its parts.
    package init(
        id: PatientID, identifiers: [PatientIdentifier], demographics: Demographics, isActive: Bool = true,
        survivor: PatientID? = nil,
    ) {
        self.survivor = survivor
        self.id = id
        self.identifiers = identifiers
        self.demographics = demographics
        self.isActive = isActive
    }

    package var description: String { "patient \(id)" }
}
