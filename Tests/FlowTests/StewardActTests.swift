import ExchangeCore
import Journal
import PatientIndex
import Testing
import Transactions

/// What a steward takes back, and looks at first.
@Suite struct StewardActTests {
    @Test func `what later decisions rest on is taken back after them, not under them`() throws {
        try OneNode.run { node in
            let one = try await node.register("A")
            let other = try await node.register("B", family: "Zweig", given: ["Bo"])
            let desk = node.exchange.desk
            func link() async throws -> JournalPosition {
                try await desk.record(try await desk.linking(one.id, other.id, actor: "steward", reason: "seen"))
            }
            let first = try await link()
            let parted = try await desk.record(try await desk.unlinking(other.id, actor: "steward", reason: "different"))
            let again = try await link()
            for position in [first, parted] {
                await #expect(throws: ExchangeError(.conflict, "")) {
                    _ = try await desk.undoing(position, actor: "steward", reason: "back")
                }
            }
            for position in [again, parted, first] {
                _ = try await desk.record(try await desk.undoing(position, actor: "steward", reason: "back"))
            }
            let persons = try await node.exchange.projection.persons { [try $0.person(of: one.id), try $0.person(of: other.id)] }
            #expect(persons[0] != persons[1])
        }
    }

    @Test func `a link that stands and should not is looked at before any that is perhaps missed`() throws {
        try OneNode.run { node in
            let kept = try await node.register("K")
            let twin = try await node.register("T")
            let desk = node.exchange.desk
            _ = try await desk.record(try await desk.unlinking(twin.id, actor: "steward", reason: "twins"))
            await #expect(throws: ExchangeError(.conflict, "")) {
                _ = try await node.exchange.mergePatient(twin.identifiers[0], into: kept.identifiers[0], for: node.administrator)
            }
            let wrong = try await node.register("W", family: "Klee", given: ["Paul"])
            _ = try await node.exchange.registerPatient(
                PatientRegistration(
                    identifiers: wrong.identifiers,
                    demographics: Demographics(
                        names: [PersonName(family: "Zweig", given: ["Bo"])], birthDate: PartialDate("1990-07-07"), sex: .female)),
                for: node.administrator)
            let reviews = try await desk.reviews(limit: 5)
            #expect(reviews.map(\.record) == [wrong.id, twin.id])
            #expect(reviews.map(\.isStanding) == [true, false])
            #expect(try await desk.openReviews() == 2)
            #expect(try await desk.history(of: twin.id).first?.act.reason.hasPrefix("not merged") ?? false)
            let explained = try await desk.explain(kept.id, twin.id)
            #expect(explained.areDifferent && !explained.areLinked)
        }
    }
}
