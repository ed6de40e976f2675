import ConsentEngine
import ExchangeCore
import JSON
import Journal
import Simulation
import Testing
import Transactions

/// Changes that wait for a second administrator: who may agree, until when, and to what.
@Suite struct ApprovalTests {
    private static let anna = ChangePerson(account: 1001, name: "anna")
    private static let bernd = ChangePerson(account: 1002, name: "bernd")
    private static let ground: JSONValue = ["reason": "case 2026-114, county court"]

    private func ask(_ scene: OneNode, by person: ChangePerson = anna, of subject: PatientID? = nil, _ ground: JSONValue = ground)
        async throws -> ChangeRequest
    {
        try await scene.exchange.ask(
            for: ChangeDraft(command: "retention/release", arguments: ["reason": "settled"], ground: ground, subject: subject),
            by: person, lasting: .seconds(3600), context: scene.administrator)
    }

    /// What came of an acceptance: whether the change was carried out, and the refusal.
    private func accept(
        _ scene: OneNode, _ id: JournalPosition, by person: ChangePerson = bernd, now: JSONValue = ground,
        failing: ExchangeError? = nil,
    ) async throws -> (done: Bool, refusal: ExchangeError?) {
        var done = false
        do {
            done = try await scene.exchange.accept(id, by: person, for: scene.administrator) { _ throws(ExchangeError) in
                now
            } perform: { _ throws(ExchangeError) in
                if let failing { throw failing }
                return true
            }
            return (done, nil)
        } catch { return (done, error) }
    }

    private func state(_ scene: OneNode, _ id: JournalPosition) async throws -> ChangeRequest.State {
        try await scene.exchange.change(id, for: scene.administrator).state(at: scene.world.now())
    }

    @Test func `a second person's word carries it out, once, and both are named`() throws {
        try OneNode.run { scene in
            let request = try await ask(scene)
            #expect(try await state(scene, request.id) == .waiting)
            let first = try await accept(scene, request.id)
            #expect(first.done)
            #expect(first.refusal == nil)
            let after = try await scene.exchange.change(request.id, for: scene.administrator)
            #expect(after.state(at: scene.world.now()) == .accepted)
            #expect(after.person == Self.anna)
            #expect(after.acts.map(\.person) == [Self.bernd])
            let again = try await accept(scene, request.id)
            #expect(!again.done)
            #expect(again.refusal?.code == .conflict)
            #expect(try await scene.exchange.changes(withDecided: false, for: scene.administrator).isEmpty)
            #expect(try await scene.exchange.changes(withDecided: true, for: scene.administrator).map(\.id) == [request.id])
        }
    }

    @Test func `nobody agrees to what they asked for, by whatever name`() throws {
        try OneNode.run { scene in
            let request = try await ask(scene)
            let other = try await accept(scene, request.id, by: ChangePerson(account: 1001, name: "someone-else"))
            #expect(!other.done)
            #expect(other.refusal?.code == .forbidden)
            #expect(try await state(scene, request.id) == .waiting, "a wrong try costs nothing")
            #expect(try await accept(scene, request.id).done)
        }
    }

    @Test func `what nobody agreed to in time is over`() throws {
        try OneNode.run { scene in
            let request = try await ask(scene)
            try await scene.world.sleep(.seconds(3599))
            #expect(try await state(scene, request.id) == .waiting)
            try await scene.world.sleep(.seconds(1))
            #expect(try await state(scene, request.id) == .expired)
            let late = try await accept(scene, request.id)
            #expect(!late.done)
            #expect(late.refusal?.code == .conflict)
            let next = try await ask(scene)
            #expect(next.id != request.id, "it can be asked for again")
        }
    }

    @Test func `what it is about must be as it was; once it was not, the request is over for good`() throws {
        try OneNode.run { scene in
            let request = try await ask(scene)
            let changed = try await accept(scene, request.id, now: ["reason": "another case"])
            #expect(!changed.done)
            #expect(changed.refusal?.code == .conflict)
            #expect(try await state(scene, request.id) == .lapsed)
            #expect(try await accept(scene, request.id).done == false, "also when it is as it was again")
        }
    }

    @Test func `what is no more there lapses, a node that cannot look decides nothing`() throws {
        try OneNode.run { scene in
            func look(_ id: JournalPosition, _ error: ExchangeError) async -> ExchangeError.Code? {
                do throws(ExchangeError) {
                    let done = try await scene.exchange.accept(id, by: Self.bernd, for: scene.administrator) {
                        (_: ChangeRequest) throws(ExchangeError) -> JSONValue in throw error
                    } perform: { (_: ChangeRequest) throws(ExchangeError) -> Bool in true }
                    #expect(!done)
                    return nil
                } catch { return error.code }
            }
            let request = try await ask(scene)
            #expect(await look(request.id, ExchangeError(.unavailable, "the disk")) == .unavailable)
            #expect(try await state(scene, request.id) == .waiting)
            #expect(await look(request.id, ExchangeError(.unknownPatient, "gone")) == .conflict)
            #expect(try await state(scene, request.id) == .lapsed)
        }
    }

    @Test func `what could not be carried out says so`() throws {
        try OneNode.run { scene in
            let request = try await ask(scene)
            let tried = try await accept(scene, request.id, failing: ExchangeError(.conflict, "the record is not under hold"))
            #expect(tried.refusal?.message == "the record is not under hold")
            let after = try await scene.exchange.change(request.id, for: scene.administrator)
            #expect(after.acts.map(\.state) == [.accepted, .failed])
            #expect(after.state(at: scene.world.now()) == .failed)
        }
    }

    @Test func `anybody rejects, who asked takes back, and what is unknown is not found`() throws {
        try OneNode.run { scene in
            let first = try await ask(scene)
            _ = try await scene.exchange.reject(first.id, note: "not yet", by: Self.bernd, for: scene.administrator)
            let second = try await ask(scene)
            let back = try await scene.exchange.reject(second.id, note: "", by: Self.anna, for: scene.administrator)
            #expect(back.state(at: scene.world.now()) == .rejected)
            #expect(try await accept(scene, first.id).refusal?.code == .conflict)
            for id in [9998, 9999, UInt64(Int64.max) + 1] as [JournalPosition] {
                #expect(try await accept(scene, id).refusal?.code == .notFound)
            }
            await #expect(throws: ExchangeError(.badRequest, "")) {
                try await scene.exchange.reject(
                    second.id, note: String(repeating: "a", count: 501), by: Self.anna, for: scene.administrator)
            }
            await #expect(throws: ExchangeError(.forbidden, "")) {
                try await scene.exchange.changes(withDecided: true, for: scene.context())
            }
        }
    }

    @Test func `the same wish twice waits once, and no more than a hundred wait`() throws {
        try OneNode.run { scene in
            let first = try await ask(scene)
            #expect(try await ask(scene, by: Self.bernd).id == first.id)
            #expect(try await ask(scene, ["reason": "another"]).id != first.id)
            for number in 2..<Exchange.changesWaitingMax { _ = try await ask(scene, ["number": .number(String(number))]) }
            await #expect(throws: ExchangeError(.conflict, "")) { try await ask(scene, ["one": "more"]) }
        }
    }

    @Test func `two who agree at the same moment carry it out once`() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            try OneNode.run(seed: seed) { scene in
                let request = try await ask(scene)
                async let one = accept(scene, request.id)
                async let other = accept(scene, request.id, by: ChangePerson(account: 1003, name: "cora"))
                let outcomes = try await [one, other]
                #expect(outcomes.count { $0.done } == 1)
            }
        }
    }

    @Test func `a request goes with the patient it is about; who agreed to what stays provable`() throws {
        try OneNode.run { scene in
            let patient = try await scene.register("M-1").id
            let request = try await ask(scene, of: patient)
            #expect(try await accept(scene, request.id).done)
            _ = try await scene.exchange.erasePatient(patient, ground: .request, for: scene.administrator)
            #expect(try await scene.exchange.changes(withDecided: true, for: scene.administrator).isEmpty)
            let size = scene.exchange.journal.size
            let entries = try await scene.exchange.reader.entries(in: 0..<size) { $0.kind == .administration }
            let asked = try #require(entries.first { $0.position == request.id })
            #expect(asked.isErased, "what was asked is sealed under the patient's key")
            let acts = try entries.compactMap { entry in try ChangeRequest.Act(entry) }
            #expect(acts.map(\.person.name) == ["bernd"])
        }
    }
}
