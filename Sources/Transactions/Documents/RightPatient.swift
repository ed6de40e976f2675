import DocumentReview
import ExchangeCore
import PatientIndex

extension Exchange {
    /// Right patient? What a document says of its patient, compared with who is registered under the number it names; and who
    /// else was recognised, a record of that person: to be told so is an access to it.
    func patientFindings(_ stated: Demographics?, registered patient: PatientID) async throws(ExchangeError)
        -> (findings: [ReviewFinding], another: PatientID?)
    {
        guard let stated else { return (PatientRules.findings([.unconfirmed]), nil) }
        let (agreement, records) = try await agreement(of: stated, with: patient)
        var standings = agreement.differences.map { Self.standing($0, agreement) }
        // By name, birth date and more: certain only where nobody else comes near.
        let found = try await desk.lookUp(PackedRecord(stated, identifiers: []))
        var another: PatientID?
        if let best = found.persons.first, best.grade == .certain, !best.records.contains(where: records.contains) {
            standings.insert(.another, at: 0)
            another = best.records.first
        }
        return (PatientRules.findings(standings), another)
    }

    /// What a publisher is told of a submission whose own patient data speak for somebody else; nothing of either is in it.
    func patientWarning(_ stated: Demographics?, registered patient: PatientID) async throws(ExchangeError) -> String? {
        guard let stated else { return nil }
        let (agreement, _) = try await agreement(of: stated, with: patient)
        guard agreement.isOther else { return nil }
        let fields = agreement.differences.compactMap { PatientRules.Field($0)?.rawValue }
        return "PatientDemographicsDiffer: \(fields.joined(separator: ", ")) of the submission's patient and of the patient "
            + "registered under this number differ; the document is published: check that it is the right patient"
    }

    private func agreement(of stated: Demographics, with patient: PatientID) async throws(ExchangeError)
        -> (PatientAgreement, records: [PatientID])
    {
        let records = try await read {
            try await projection.persons { snapshot in
                guard let person = try snapshot.person(of: patient) else { return [patient] }
                return try snapshot.members(of: person)
            }
        }
        var registered: [Demographics] = []
        for id in records {
            if let record = try await read({ try await projection.patient(id) }) { registered.append(record.demographics) }
        }
        return (PatientAgreement(stated, with: registered), records)
    }

    private static func standing(_ difference: PatientAgreement.Difference, _ agreement: PatientAgreement)
        -> PatientRules.Standing
    {
        if let field = PatientRules.Field(difference) {
            // Another family name alone is a marriage; with another sex it is another person.
            let isGrave = difference.isGrave || agreement.isOther && (field == .familyName || field == .sex)
            return .differs(field, isGrave: isGrave)
        }
        return difference == .placeholder ? .placeholder : .unconfirmed
    }
}

extension PatientRules.Field {
    /// The field of a difference; nil for one that is about no field.
    fileprivate init?(_ difference: PatientAgreement.Difference) {
        switch difference {
        case .birthDate, .nearBirthDate: self = .birthDate
        case .firstName, .likeName: self = .firstName
        case .familyName: self = .familyName
        case .suffix: self = .suffix
        case .sex: self = .sex
        case .socialSecurity: self = .socialSecurity
        case .placeholder, .nothing: return nil
        }
    }
}
