import ConsentEngine
import ExchangeCore
import PatientIndex
import Testing
import Transactions
import XDSMetadata

/// Whoever treats, once the source says that two records were one patient's all along.
@Suite struct MergedStayTests {
    private static func number(_ value: String) throws -> PatientIdentifier {
        try #require(PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: value))
    }

    private static func stay(
        _ change: FedEncounter.Change, _ doctor: String?, at time: String, end: String? = nil,
    ) -> FedEncounter {
        FedEncounter(
            number: "urn:oid:1.2.9|V-1", change: change, start: PartialDate("1960-01-01"), end: end.flatMap { PartialDate($0) },
            practitioners: doctor.map { [.init(system: nil, value: $0)] } ?? [], asOf: PartialDate(time))
    }

    /// Only whoever treats may see anything of a record.
    private static func permitTreating(_ node: OneNode, _ patient: PatientID) async throws {
        var random = node.world.random
        try await node.exchange.recordConsent(
            ConsentDirective(
                id: .ordered(at: node.world.now(), using: &random), patient: patient, base: ConsentRule(.deny),
                exceptions: [ConsentRule(.permit, actors: [.treating])], recorded: node.world.now()), for: node.administrator)
    }

    @Test func `a stay told of the merged record is the survivor's, either way, until the merge is taken back`() throws {
        try OneNode.run { node in
            let kept = try await node.register("K").id
            let gone = try await node.register("G", family: "Zweig", given: ["Bo"]).id
            try await node.publish(1, for: kept)
            try await node.publish(2, for: gone)
            for patient in [kept, gone] { try await Self.permitTreating(node, patient) }
            let (ward, clinic) = (node.context(user: "dr.ward"), node.context(user: "dr.clinic"))
            try await node.tell(Self.stay(.began, "dr.ward", at: "1960-01-02"), of: gone)
            func seen() async throws -> [Int] {
                let (one, other) = (try await node.find(kept, as: ward), try await node.find(kept, as: clinic))
                return [one.count, other.count]
            }
            #expect(try await seen() == [0, 0])
            let merged = try await node.exchange.mergePatient(Self.number("G"), into: Self.number("K"), for: node.administrator)
            #expect(try await seen() == [2, 0], "of both records' documents")
            try await node.tell(Self.stay(.told, "dr.clinic", at: "1960-01-03"), of: kept)
            #expect(try await seen() == [2, 2], "and what is told of the survivor is known of the other")
            let stays = try await node.exchange.projection.encounters(of: kept)
            #expect(stays.count == 1 && stays.first?.practitioners.map(\.value) == ["dr.ward", "dr.clinic"], "one stay, whoever it was told of")
            let desk = node.exchange.desk
            let position = try #require(merged.position)
            _ = try await desk.record(try await desk.undoing(position, actor: "steward", reason: "wrong"))
            #expect(try await seen() == [1, 1], "each record by what was told of it")
            #expect(try await node.find(gone, as: clinic).isEmpty)
            #expect(try await node.find(gone, as: ward).count == 1)
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty && report.decisions > 10, "\(report.findings)")
        }
    }

    @Test func `a discharge told of the survivor ends the stay that was told of the merged record`() throws {
        try OneNode.run { node in
            let kept = try await node.register("K").id
            let gone = try await node.register("G", family: "Zweig", given: ["Bo"]).id
            try await node.publish(1, for: kept)
            try await Self.permitTreating(node, kept)
            let ward = node.context(user: "dr.ward")
            try await node.tell(Self.stay(.began, "dr.ward", at: "1960-01-02"), of: gone)
            _ = try await node.exchange.mergePatient(Self.number("G"), into: Self.number("K"), for: node.administrator)
            #expect(try await node.find(kept, as: ward).count == 1)
            try await node.tell(Self.stay(.ended, nil, at: "1960-02-01", end: "1960-02-01"), of: kept)
            #expect(try await node.find(kept, as: ward).isEmpty, "the last word about a stay counts, not the first record's")
        }
    }

    @Test func `a link alone shows nobody more than before it`() throws {
        try OneNode.run { node in
            let one = try await node.register("A").id
            let other = try await node.register("B", family: "Zweig", given: ["Bo"]).id
            try await node.publish(1, for: one)
            try await Self.permitTreating(node, one)
            let ward = node.context(user: "dr.ward")
            try await node.tell(Self.stay(.began, "dr.ward", at: "1960-01-02"), of: other)
            _ = try await node.exchange.desk.record(
                try await node.exchange.desk.linking(one, other, actor: "steward", reason: "seen"))
            #expect(try await node.find(one, as: ward).isEmpty)
        }
    }

    @Test func `T91 a refusal to whoever treats is no weaker after a merge: of a record without a stay it speaks of everybody`() throws {
        try OneNode.run { node in
            let kept = try await node.register("K").id
            let gone = try await node.register("G", family: "Zweig", given: ["Bo"]).id
            try await node.publish(1, for: kept)
            var random = node.world.random
            try await node.exchange.recordConsent(
                ConsentDirective(
                    id: .ordered(at: node.world.now(), using: &random), patient: kept, base: ConsentRule(.permit),
                    exceptions: [ConsentRule(.deny, actors: [.treating])], recorded: node.world.now()), for: node.administrator)
            let (ward, other) = (node.context(user: "dr.ward"), node.context(user: "dr.other"))
            try await node.tell(Self.stay(.began, "dr.ward", at: "1960-01-02"), of: gone)
            #expect(try await node.find(kept, as: other).isEmpty)
            _ = try await node.exchange.mergePatient(Self.number("G"), into: Self.number("K"), for: node.administrator)
            #expect(try await node.find(kept, as: other).isEmpty, "still everybody")
            try await node.tell(Self.stay(.told, "dr.clinic", at: "1960-01-03"), of: kept)
            #expect(try await node.find(kept, as: other).count == 1, "now its source has said who treats")
            #expect(try await node.find(kept, as: ward).isEmpty)
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty, "\(report.findings)")
        }
    }
}
