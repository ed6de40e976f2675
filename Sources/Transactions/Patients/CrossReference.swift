import ConsentEngine
import ExchangeCore
import PatientIndex

/// What ITI-83 finds, or why it does not: the transaction's own refusals.
package enum CrossReference: Sendable {
    /// The other records of the person, and the identifiers they carry in the domains asked for.
    case found(records: [PatientRecord], identifiers: [PatientIdentifier], tickets: [AnswersUnderWay.Ticket])
    /// Nobody carries the identifier.
    case unknownIdentifier
    /// Nobody carries any identifier of that domain.
    case unknownAuthority
    /// Nobody carries any identifier of a domain asked for.
    case unknownTarget
}

extension Exchange {
    /// ITI-83 `$ihe-pix`: who else is the person that an identifier names; for the facility's own.
    ///
    /// Records that are in use no more lead to their person and are not told of. Each record told of has its entry.
    /// - Parameter targets: only identifiers of these domains; empty for all.
    package func crossReference(_ source: PatientIdentifier, targets: [String], for context: AccessContext)
        async throws(ExchangeError) -> CrossReference
    {
        try await admit(context, to: Permissions.findPatients)
        guard context.door != .peer else {
            throw ExchangeError(.forbidden, "identifiers are cross-referenced for the facility's own")
        }
        guard try await read({ try await projection.isIdentifierSystem(source.system) }) else {
            try await recordMiss("ITI-83", context)
            return .unknownAuthority
        }
        for target in targets where try await !read({ try await projection.isIdentifierSystem(target) }) {
            try await recordMiss("ITI-83", context)
            return .unknownTarget
        }
        let carriers = try await read { try await projection.patients(identifier: source) }
        guard let first = carriers.first else {
            try await recordMiss("ITI-83", context)
            return .unknownIdentifier
        }
        let person = try await read { try await projection.standing(of: first.id) }.consent.records
        guard carriers.allSatisfy({ person.contains($0.id) }) else {
            throw ExchangeError(.conflict, "the identifier names several persons; see hie patient review list")
        }
        var records: [PatientRecord] = []
        for id in person {
            guard let record = try await read({ try await projection.patient(id) }), record.isActive else { continue }
            records.append(record)
        }
        let answer = try await answer(records.map(Self.exact), transaction: "ITI-83", for: context)
        let shown = answer.matches.map(\.record)
        var identifiers: [PatientIdentifier] = []
        for identifier in shown.flatMap(\.identifiers) where identifier != source && !identifiers.contains(identifier) {
            if targets.isEmpty || targets.contains(identifier.system) { identifiers.append(identifier) }
        }
        let meant = shown.filter { $0.identifiers.contains(where: identifiers.contains) }
        return .found(records: meant, identifiers: identifiers, tickets: answer.tickets)
    }
}
