import ExchangeCore
import Journal
import PatientIndex
import Testing
import Transactions

/// Links that rested on what turned out to name nobody, from the journal to the steward.
@Suite struct PlaceholderDoubtTests {
    private static func register(_ node: OneNode, _ number: Int, _ family: String, born: String) async throws -> PatientID {
        try await node.exchange.registerPatient(
            PatientRegistration(
                identifiers: [PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: "N\(number)")!],
                demographics: Demographics(
                    names: [PersonName(family: family, given: ["Given\(number / 100)"])], birthDate: PartialDate(born), sex: .female,
                    phones: ["614-231-4433"])), for: node.administrator
        ).id
    }

    /// Two registrations of one name and birth date, linked by a telephone that then comes to stand on everybody's.
    private static func linked(_ node: OneNode) async throws -> (PatientID, PatientID) {
        let pair = (
            try await register(node, 1, "Mohr", born: "1958-01-30"), try await register(node, 2, "Mohr", born: "1958-01-30")
        )
        for number in 1...12 { _ = try await register(node, number * 100, "Stranger\(number)", born: "19\(60 + number)-02-0\(1 + number % 9)") }
        return pair
    }

    private static func areOne(_ node: OneNode, _ pair: (PatientID, PatientID)) async throws -> Bool {
        try await node.exchange.projection.persons { try $0.person(of: pair.0) == $0.person(of: pair.1) }
    }

    @Test func `each has an entry of its own, and nobody's history names a stranger`() throws {
        try OneNode.run { node in
            let other = (
                try await Self.register(node, 3, "Ruiz", born: "1971-11-02"), try await Self.register(node, 4, "Ruiz", born: "1971-11-02")
            )
            let one = try await Self.linked(node)
            #expect(try await Self.areOne(node, other))
            let desk = node.exchange.desk
            let size = node.exchange.journal.size
            #expect(try await desk.doubtPlaceholders(actor: "the node") == (2, 0))
            #expect(node.exchange.journal.size == size + 2)
            for record in [one.1, other.1] {
                let about = try await desk.history(of: record).flatMap(\.act.records)
                #expect(about == [record])
            }
        }
    }

    @Test func `they are opened for review once; confirmed they stay, rejected they part`() throws {
        for isConfirmed in [true, false] {
            try OneNode.run { node in
                let pair = try await Self.linked(node)
                let desk = node.exchange.desk
                #expect(try await Self.areOne(node, pair))
                #expect(try await desk.doubtPlaceholders(actor: "the node") == (1, 0))
                #expect(try await Self.areOne(node, pair), "nobody is moved")
                #expect(try await desk.reviews(limit: 10).map(\.record) == [pair.1])
                let size = node.exchange.journal.size
                #expect(try await desk.doubtPlaceholders(actor: "the node") == (0, 0))
                #expect(node.exchange.journal.size == size)
                let act =
                    isConfirmed
                    ? try await desk.linking(pair.0, pair.1, actor: "steward", reason: "passport seen")
                    : try await desk.closing(pair.1, rejecting: true, actor: "steward", reason: "two people")
                _ = try await desk.record(act)
                #expect(try await Self.areOne(node, pair) == isConfirmed)
                #expect(try await desk.reviews(limit: 10).isEmpty)
                #expect(try await desk.doubtPlaceholders(actor: "the node") == (0, 0))
            }
        }
    }
}
