import ExchangeCore
import Journal
import PatientIndex
import Synchronization
import Transactions

extension MemoryProjection {
    package func patient(_ id: PatientID) async throws -> PatientRecord? { tables.withLock { $0.patients[id] } }

    package func patientVersions(of id: PatientID) async throws -> [PatientVersion] {
        tables.withLock { tables in
            var versions = tables.patientVersions[id] ?? []
            guard let newest = versions.popLast(), let record = tables.patients[id] else { return [] }
            versions.append(PatientVersion(record: record, number: newest.number, updated: newest.updated))
            return versions.reversed()
        }
    }

    package func isIdentifierSystem(_ system: String) async throws -> Bool {
        tables.withLock { $0.systems.contains(system) }
    }

    package func patients(matching criteria: PatientCriteria, limit: Int) async throws -> [PatientRecord]? {
        let all = tables.withLock { Array($0.patients.values) }
        let read = all.filter { record in
            criteria.lead.map { lead in PatientWords.words(of: record.demographics).contains { lead.holds($0) } } ?? true
        }
        return read.count > limit ? nil : read.filter(criteria.matches).sorted { $0.id < $1.id }
    }

    package func patients(identifier: PatientIdentifier) async throws -> [PatientRecord] {
        tables.withLock { tables in
            tables.patients.values.filter { $0.identifiers.contains(identifier) }.sorted { $0.id < $1.id }
        }
    }

    package func personsNow<Value: Sendable>(
        _ question: @Sendable @escaping (any PersonSnapshot, UInt64) throws -> Value,
    ) async throws -> Value {
        let (persons, position) = tables.withLock { ($0.persons, $0.mark?.next ?? 0) }
        await latency()
        return try question(persons, position)
    }

    /// Every record of the person whose record one is; that one alone where the index does not know it.
    static func records(with patient: PatientID, _ tables: Tables) throws -> [PatientID] {
        guard let person = tables.persons.person(of: patient) else { return [patient] }
        let records = tables.persons.members(of: person)
        guard records.count <= PatientFacts.recordsMax else { throw PatientFacts.tooManyRecords }
        return records
    }
}
