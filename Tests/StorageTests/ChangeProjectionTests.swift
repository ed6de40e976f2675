import ExchangeCore
import JSON
import Journal
import Storage
import Testing
import Transactions

/// Changes that wait for a second administrator, as every implementer keeps them.
@Suite struct ChangeProjectionTests {
    private let anna = ChangePerson(account: 1001, name: "anna")
    private let bernd = ChangePerson(account: 1002, name: "bernd")

    @Test func `requests and what was decided are alike in every implementer, made anew, and gone with their patient`() async throws {
        var said: [[String]] = []
        for kind in ProjectionKind.allCases {
            let contract = try await ProjectionContract(kind)
            defer { contract.remove() }
            let patients = try await contract.populate(seed: 3, entries: 12)
            func ask(_ number: Int, of subject: PatientID?) async throws -> JournalPosition {
                let request = ChangeRequest(
                    id: 0, command: "retention/release", arguments: ["number": .number(String(number))], ground: ["a": "b"],
                    subject: subject, person: anna, asked: Timestamp(milliseconds: 0), until: Timestamp(milliseconds: 5))
                return try await contract.writer.append(
                    EntryDraft(kind: .administration, subject: subject, payload: request.payload)
                ).position
            }
            func decide(_ id: JournalPosition, _ state: ChangeRequest.State, of subject: PatientID? = nil) async throws {
                let act = ChangeRequest.Act(id, state, by: bernd, note: state == .rejected ? "no" : "")
                _ = try await contract.writer.append(
                    EntryDraft(kind: .administration, subject: subject, payload: act.payload))
            }
            let waiting = try await ask(1, of: nil)
            let accepted = try await ask(2, of: patients[0])
            let rejected = try await ask(3, of: patients[0])
            try await decide(accepted, .accepted)
            try await decide(accepted, .failed)
            try await decide(rejected, .rejected, of: patients[0])
            try await decide(9999, .accepted)
            func portrait() async throws -> [String] {
                var lines: [String] = []
                for withDecided in [false, true] {
                    let found = try await contract.projection.changes(withDecided: withDecided, limit: 10)
                    lines.append(found.map { "\($0.id) \($0.state(at: Timestamp(milliseconds: 1)))" }.joined(separator: ", "))
                    lines += found.map { String(decoding: $0.stored, as: UTF8.self) }
                }
                lines.append("\(try await contract.projection.changes(withDecided: true, limit: 1).map(\.id))")
                for id in [waiting, accepted, 9999] { lines.append("\(try await contract.projection.change(id)?.acts.count ?? -1)") }
                return lines
            }
            let before = try await portrait()
            #expect(before[0] == "\(waiting) waiting")
            _ = try await contract.reader.bringUpToDate(contract.projection, rebuild: true)
            #expect(try await portrait() == before)
            let erasure = Erasure(patient: patients[0], ground: .request, user: "anna")
            _ = try await contract.writer.append(
                EntryDraft(kind: .administration, subject: nil, payload: erasure.payload, value: erasure))
            let after = try await contract.projection.changes(withDecided: true, limit: 10)
            #expect(after.map(\.id) == [waiting])
            said.append(before + after.map { String(decoding: $0.stored, as: UTF8.self) })
        }
        #expect(said[0] == said[1])
    }
}
