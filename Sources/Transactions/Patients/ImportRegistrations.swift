import ExchangeCore
import FHIRModel
import Journal
import PatientIndex

/// What became of one row of a table.
package struct ImportedRow: Sendable {
    /// What was done.
    package enum Outcome: Sendable {
        /// A record was made; the candidates are whom somebody should compare it with.
        case created(PatientID, review: [ReviewCandidate])
        /// The row's record is there already, and was left as it is.
        case known(PatientID)
        /// The row was not taken: the error says why and names the field.
        case refused(ExchangeError)
    }

    /// The row's own name.
    package let row: String
    /// What was done.
    package let outcome: Outcome
}

extension RegistrationTable.Row {
    /// Every number the row carries, what names its record first: the source's own number, else the row's id.
    package var recordIdentifiers: [PatientIdentifier] {
        var own: [PatientIdentifier] = []
        if let source, let recordNumber,
            let identifier = PatientIdentifier(system: RegistrationTable.sourceSystem(source), value: recordNumber)
        {
            own.append(identifier)
        }
        if let identifier = PatientIdentifier(system: RegistrationTable.rowSystem, value: id) { own.append(identifier) }
        return own.isEmpty ? [] : own + identifiers
    }
}

extension Exchange {
    /// Rows that are taken at once at most.
    package static var importedRowsMax: Int { 500 }

    /// Registers rows of a table in order of arrival, each linked by what came before it, while the node goes on serving.
    ///
    /// Rows that could be about the same person wait for each other, so the decisions are those of one row after the other;
    /// all others share syncs of the journal. Safe to repeat: a row whose record is there is left as it is. `.badRequest` for
    /// more than `importedRowsMax` rows; what is wrong with one row is its outcome, and the others are taken.
    package func importRows(_ rows: [RegistrationTable.Row], for context: AccessContext) async throws(ExchangeError)
        -> [ImportedRow]
    {
        try IdentityAuthority.demandFeeder(context)
        guard rows.count <= Self.importedRowsMax else {
            throw ExchangeError(.badRequest, "at most \(Self.importedRowsMax) rows are taken at once", at: "lines")
        }
        var random = world.random
        var outcomes: [ImportedRow] = []
        await withTaskGroup(of: (Int, ImportedRow).self) { group in
            for (place, row) in rows.enumerated() {
                let identifiers = row.recordIdentifiers
                let record = PatientRecord(
                    id: .random(using: &random), identifiers: identifiers, demographics: row.demographics)
                let packed = PackedRecord(record.demographics, identifiers: identifiers)
                // Far keys, too: the next row decides as if this one had been filed before it.
                let keys = packed.read { BlockingKey.keys(of: $0, secret: LinkingTurns.secret) }
                await turns.begin(keys)
                group.addTask {
                    defer { turns.end(keys) }
                    return (place, ImportedRow(row: row.id, outcome: await take(record, packed)))
                }
            }
            var taken: [(Int, ImportedRow)] = []
            for await one in group { taken.append(one) }
            outcomes = taken.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return outcomes
    }

    /// Takes one row; the caller holds its turn.
    private func take(_ record: PatientRecord, _ packed: PackedRecord) async -> ImportedRow.Outcome {
        do throws(ExchangeError) {
            guard let key = record.identifiers.first else {
                throw ExchangeError(.badRequest, "a row's id has to be printable ASCII without blanks", at: "row")
            }
            let held = Self.own(record.identifiers).map { "patient " + $0.system + "|" + $0.value }
            guard submissions.begin(held) else {
                throw ExchangeError(.conflict, "the same patient is being registered right now; load the table again")
            }
            defer { submissions.end(held) }
            if let known = try await read({ try await projection.patients(identifier: key) }).first { return .known(known.id) }
            try RegistrationRules.check(record.identifiers, record.demographics, now: world.now())
            return .created(record.id, review: try await decide(record, packed, known: nil).review)
        } catch {
            return .refused(error)
        }
    }

    /// Whose each of some records is now; nil for one that is not known.
    package func persons(of records: [PatientID]) async throws(ExchangeError) -> [PersonID?] {
        try await read {
            try await projection.persons { snapshot in
                try records.map { record in try snapshot.person(of: record).map { try snapshot.id(of: $0) } }
            }
        }
    }
}
