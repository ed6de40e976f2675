import ExchangeCore
import PatientIndex

extension Exchange {
    /// A feed's change of identifier (HL7 v2 A47): from now on the patient is known by a new identifier, and the prior one
    /// leads to it.
    ///
    /// Made of ITI-104's own steps: the new identifier is registered where it is not known yet, and the prior one's record is
    /// merged into it; where one record has both, the prior one is taken off it. Safe to repeat. Throws `.notFound` when the
    /// prior was never registered, else as `feedPatient` and `mergePatient` do.
    package func renumberPatient(
        _ prior: PatientIdentifier, to new: PatientIdentifier, _ demographics: Demographics, for context: AccessContext,
    ) async throws(ExchangeError) {
        try IdentityAuthority.demandFeeder(context)
        let carriers = try await read { try await projection.patients(identifier: prior) }
        guard let known = carriers.first(where: \.isActive) ?? carriers.first else { throw Self.noSuchIdentifier }
        let taken = try await read { try await projection.patients(identifier: new) }
        let said = demographics.names.isEmpty ? known.demographics : demographics
        if taken.contains(where: { $0.id == known.id }) {
            let kept = [new] + known.identifiers.filter { $0 != new && $0 != prior }
            _ = try await feedPatient(PatientRegistration(identifiers: kept, demographics: said), for: context)
            return
        }
        if taken.isEmpty {
            _ = try await feedPatient(PatientRegistration(identifiers: [new], demographics: said), for: context)
        }
        _ = try await mergePatient(prior, into: new, for: context)
    }
}
