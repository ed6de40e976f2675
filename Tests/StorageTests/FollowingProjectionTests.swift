import ConsentEngine
import ExchangeCore
import Foundation
import Journal
import PatientIndex
import Testing
import Transactions
import Trust

/// What the projection keeps of directives on their way, in every implementer.
@Suite struct FollowingProjectionTests {
    private static let there = CommunityID("1.3.6.1.4.1.21367.2026.11")!

    private func directive(_ id: DirectiveID, _ patient: PatientID, origin: ConsentOrigin? = nil) -> ConsentDirective {
        ConsentDirective(
            id: id, patient: patient, base: ConsentRule(.deny), recorded: Timestamp(milliseconds: 1_772_445_600_000),
            origin: origin)
    }

    private func record(_ directive: ConsentDirective, in contract: ProjectionContract) async throws {
        _ = try await contract.writer.append(
            EntryDraft(kind: .consent, subject: directive.patient, payload: Records.consent(directive)))
    }

    private func deliver(
        _ id: DirectiveID, _ version: Int, _ outcome: StatementReceipt.Outcome, of patient: PatientID,
        at moment: Timestamp, in contract: ProjectionContract,
    ) async throws {
        let receipt = StatementReceipt(
            issuer: Self.there, audience: ProjectionContract.home, issued: moment, statement: Thumbprint(of: [1]),
            outcome: outcome, since: outcome == .inForce ? moment : nil, reason: outcome == .refused ? "why" : nil)
        let delivery = ConsentDelivery(directive: id, version: version, receipt: receipt, compact: "a.b.c")
        _ = try await contract.writer.append(
            EntryDraft(kind: .delivery, subject: patient, payload: delivery.payload))
    }

    @Test(arguments: ProjectionKind.allCases)
    func `what a community lacks is what was never said to it, or not lately, or has changed since`(
        _ kind: ProjectionKind
    ) async throws {
        let contract = try await ProjectionContract(kind)
        defer { contract.remove() }
        var random = contract.world.random
        let patient = PatientID.random(using: &random)
        let ids = (0..<4).map { _ in DirectiveID.random(using: &random) }.sorted()
        for id in ids { try await record(directive(id, patient), in: contract) }
        let origin = ConsentOrigin(community: Self.there, directive: ids[0], version: 1)
        try await record(directive(.random(using: &random), patient, origin: origin), in: contract)
        let early = Timestamp(milliseconds: 1000)
        let late = Timestamp(milliseconds: 2000)
        func lacking(_ community: CommunityID = Self.there, limit: Int = 10) async throws -> [DirectiveID] {
            try await contract.projection.undelivered(to: community, settledBefore: late, limit: limit)
        }
        #expect(try await lacking() == ids, "a foreign one is not ours to offer")
        #expect(try await lacking(limit: 2) == Array(ids.prefix(2)))
        try await deliver(ids[0], 1, .inForce, of: patient, at: early, in: contract)
        try await deliver(ids[1], 1, .none, of: patient, at: early, in: contract)
        try await deliver(ids[2], 1, .refused, of: patient, at: late, in: contract)
        #expect(try await lacking() == [ids[1], ids[3]])
        #expect(try await lacking(ProjectionContract.home) == ids)
        var changed = directive(ids[0], patient)
        changed.version = 2
        try await record(changed, in: contract)
        #expect(try await lacking() == [ids[0], ids[1], ids[3]])
        let deliveries = try await contract.projection.deliveries(of: ids[2])
        #expect(deliveries.map(\.outcome) == [.refused])
        #expect(deliveries.first?.reason == "why")
        #expect(deliveries.first?.receipt == "a.b.c")
        #expect(try await contract.projection.deliveries(of: ids[3]).isEmpty)
    }

    @Test(arguments: ProjectionKind.allCases)
    func `a foreign directive is found by where it came from, one for each patient, in its newest version`(
        _ kind: ProjectionKind
    ) async throws {
        let contract = try await ProjectionContract(kind)
        defer { contract.remove() }
        var random = contract.world.random
        let patients = [PatientID.random(using: &random), .random(using: &random)]
        let there = DirectiveID.random(using: &random)
        let local = [DirectiveID.random(using: &random), .random(using: &random)].sorted()
        for version in 1...2 {
            for (id, patient) in zip(local, patients) {
                let origin = ConsentOrigin(community: Self.there, directive: there, version: version)
                var made = directive(id, patient, origin: origin)
                made.version = version
                try await record(made, in: contract)
            }
        }
        let copies = try await contract.projection.copies(of: there, from: Self.there)
        #expect(copies.map(\.version.directive.id) == local)
        #expect(copies.map(\.version.directive.patient) == patients)
        #expect(copies.map(\.version.directive.origin?.version) == [2, 2])
        #expect(copies.allSatisfy { $0.since > Timestamp(milliseconds: 0) })
        #expect(try await contract.projection.copies(of: there, from: ProjectionContract.home).isEmpty)
        #expect(try await contract.projection.copies(of: local[0], from: Self.there).isEmpty)
    }
}
