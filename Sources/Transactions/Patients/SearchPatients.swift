import ConsentEngine
import ExchangeCore
import FHIRModel
import PatientIndex

/// One version of a patient's record on its way to who asked, with what it says about others.
package struct FoundVersions: Sendable {
    /// The versions, newest first.
    package let versions: [PatientVersion]
    /// How the record stands to others of the same person, besides the one that took its place.
    package let links: [(type: PatientMapping.LinkType, other: PatientID)]
    /// To be ended when the answer has left.
    package let tickets: [AnswersUnderWay.Ticket]
}

extension Exchange {
    /// ITI-78 by demographics: a page of the records meant, in order of id; for the facility's own.
    ///
    /// - Parameters:
    ///   - after: the last record of the page before; nil for the first page.
    ///   - count: records on the page; 0 asks only how many there are.
    /// - Throws: `.badRequest` (XDSTooManyResults) when it would mean reading more than `patientsReadMax` records.
    package func searchPatients(
        _ criteria: PatientCriteria, after: PatientID? = nil, count: Int, for context: AccessContext,
    ) async throws(ExchangeError) -> FoundPatients {
        try await admit(context, to: Permissions.findPatients)
        guard context.door != .peer else {
            throw ExchangeError(.badRequest, "search patients by identifier, or ask Patient/$match")
        }
        let limit = settings.limits.patientsReadMax
        guard let all = try await read({ try await projection.patients(matching: criteria, limit: limit) }) else {
            throw ExchangeError(
                .badRequest,
                "XDSTooManyResults: more than \(limit) records would have to be read; add a family name, a birth date, a "
                    + "telephone number or an identifier")
        }
        let found = all.filter(Self.isListed)
        let page = found.drop { record in after.map { record.id <= $0 } ?? false }
            .prefix(min(count, settings.limits.patientsPerSearchMax))
        var answer = try await answer(page.map(Self.exact), transaction: "ITI-78", for: context)
        answer.total = found.count
        return answer
    }

    /// A patient's record with its versions and its links to the person's other records; empty when there is none or
    /// consent hides it.
    package func patientVersions(of id: PatientID, for context: AccessContext) async throws(ExchangeError) -> FoundVersions {
        let found = try await findPatient(id, for: context)
        do throws(ExchangeError) {
            guard let match = found.matches.first else { return FoundVersions(versions: [], links: [], tickets: found.tickets) }
            // Another community sees the record as it is now, and nothing of others.
            guard context.door != .peer else {
                let newest = try await read { try await projection.patientVersions(of: id) }.prefix(1)
                return FoundVersions(versions: Array(newest), links: [], tickets: found.tickets)
            }
            let versions = try await read { try await projection.patientVersions(of: id) }
            return FoundVersions(versions: versions, links: try await links(of: match.record), tickets: found.tickets)
        } catch {
            for ticket in found.tickets { ticket.end() }
            throw error
        }
    }

    private func links(of record: PatientRecord) async throws(ExchangeError)
        -> [(type: PatientMapping.LinkType, other: PatientID)]
    {
        var links: [(type: PatientMapping.LinkType, other: PatientID)] = []
        let person = try await read { try await projection.standing(of: record.id) }.consent.records
        for id in person where id != record.id && id != record.survivor {
            guard let other = try await read({ try await projection.patient(id) }) else { continue }
            if other.survivor == record.id {
                links.append((.replaces, id))
            } else if other.isActive {
                links.append((.seeAlso, id))
            }
        }
        return links
    }
}
