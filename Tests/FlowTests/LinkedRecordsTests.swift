import ConsentEngine
import ExchangeCore
import Journal
import PatientIndex
import Simulation
import Testing
import Transactions
import XDSMetadata

/// Consent and documents of a person who has several records here.
@Suite struct LinkedRecordsTests {
    /// Two records that the index keeps apart, each with a document.
    private struct Two: Sendable {
        let node: OneNode
        let one: PatientRecord
        let other: PatientRecord
        let first: DocumentEntry
        let second: DocumentEntry

        init(_ node: OneNode) async throws {
            self.node = node
            one = try await node.register("A1")
            other = try await node.register("B2", family: "Zweig", given: ["Bo"])
            first = try await node.publish(1, for: one.id)
            second = try await node.publish(2, for: other.id)
        }

        @discardableResult
        func link() async throws -> JournalPosition {
            let desk = node.exchange.desk
            return try await desk.record(try await desk.linking(one.id, other.id, actor: "steward", reason: "seen"))
        }

        func find(_ record: PatientRecord, as context: AccessContext? = nil) async throws -> Set<DocumentID> {
            Set(try await node.find(record.id, as: context).map(\.id))
        }
    }

    @Test func `a query for one record finds the documents of all records of the person, until they are parted`() throws {
        try OneNode.run { node in
            let two = try await Two(node)
            #expect(try await two.find(two.one) == [two.first.id])
            let position = try await two.link()
            for record in [two.one, two.other] {
                #expect(try await two.find(record) == [two.first.id, two.second.id])
            }
            let peer = node.context(.peer, community: OneNode.elsewhere)
            #expect(try await two.find(two.one, as: peer) == [two.first.id, two.second.id])
            let desk = node.exchange.desk
            _ = try await desk.record(try await desk.undoing(position, actor: "steward", reason: "wrong"))
            #expect(try await two.find(two.one) == [two.first.id])
            #expect(try await two.find(two.other) == [two.second.id])
        }
    }

    @Test func `the stricter record wins for both, in every transaction, until its directive is revoked`() throws {
        try OneNode.run { node in
            let two = try await Two(node)
            let refusal = try await node.refuse(two.other.id)
            try await two.link()
            let peer = node.context(.peer, community: OneNode.elsewhere)
            for record in [two.one, two.other] {
                #expect(try await two.find(record).isEmpty)
                #expect(try await two.find(record, as: peer).isEmpty)
                let known = try await node.exchange.findPatient(record.id, for: peer)
                for ticket in known.tickets { ticket.end() }
                #expect(known.matches.isEmpty)
            }
            for document in [two.first.id, two.second.id] {
                await #expect(throws: ExchangeError(.notFound, "")) {
                    _ = try await node.exchange.retrieveDocument(document, for: node.context())
                }
            }
            let match = try await node.exchange.matchPatients(
                two.one.demographics, identifiers: two.one.identifiers, onlyCertain: true, limit: 5, for: peer)
            for ticket in match.tickets { ticket.end() }
            #expect(match.matches.isEmpty && !match.isAmbiguous)
            _ = try await node.exchange.revokeConsent(refusal.id, for: node.administrator)
            #expect(try await two.find(two.one) == [two.first.id, two.second.id])
        }
    }

    @Test func `who is told of several records waits for one sync, as who is told of nobody`() throws {
        try OneNode.run { node in
            let two = try await Two(node)
            try await two.link()
            let stranger = Demographics(
                names: [PersonName(family: "Nobody", given: ["None"])], birthDate: PartialDate("1990-09-09"), sex: .male)
            for (demographics, records, entries) in [(two.one.demographics, 2, 2), (stranger, 0, 1)] {
                let before = (syncs: node.facility.disk.syncs, size: node.exchange.journal.size)
                let found = try await node.exchange.matchPatients(
                    demographics, identifiers: [], onlyCertain: true, limit: 5, for: node.context())
                for ticket in found.tickets { ticket.end() }
                #expect(found.matches.count == records)
                #expect(node.exchange.journal.size == before.size + UInt64(entries))
                #expect(node.facility.disk.syncs == before.syncs + 1)
            }
        }
    }

    @Test func `a permission at one record shows nothing of a record that was silent where silence denies`() throws {
        try OneNode.run(consent: .optIn) { node in
            let two = try await Two(node)
            var random = node.world.random
            try await node.exchange.recordConsent(
                ConsentDirective(
                    id: .ordered(at: node.world.now(), using: &random), patient: two.one.id, base: ConsentRule(.permit),
                    recorded: node.world.now()), for: node.administrator)
            #expect(try await two.find(two.one) == [two.first.id])
            try await two.link()
            for record in [two.one, two.other] { #expect(try await two.find(record) == [two.first.id]) }
        }
    }

    @Test func `each record's log holds what was decided of its own documents, under its own key`() throws {
        try OneNode.run { node in
            let two = try await Two(node)
            try await two.link()
            _ = try await two.find(two.one, as: node.context(user: "dr.linked"))
            for (record, document) in [(two.one, two.first), (two.other, two.second)] {
                let log = try await node.exchange.accessLog(of: record.id, limit: 10, for: node.administrator)
                let line = try #require(log.first { $0.record.user == "dr.linked" })
                #expect(line.record.decisions.flatMap(\.documents) == [document.id])
                #expect(line.record.together == [two.one.id, two.other.id])
            }
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty, "\(report.findings)")
        }
    }

    @Test func `a replay names an answer that was judged without every record of the person`() throws {
        try OneNode.run { node in
            let two = try await Two(node)
            try await two.link()
            let position = node.exchange.journal.size
            let alone = AccessRecord(
                transaction: "ITI-67", context: node.context(), factsPosition: position,
                decisions: [.init(documents: [two.first.id], isPermitted: true, rules: ["default policy basic-normal"])],
                policy: ConsentPolicyDefault.optOut.rawValue, decided: node.world.now())
            _ = try await node.exchange.journal.append(
                EntryDraft(kind: .access, subject: two.one.id, payload: alone.payload, value: alone))
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.map(\.position) == [position])
        }
    }

    @Test func `explain and what-if speak of the whole person`() throws {
        try OneNode.run { node in
            let two = try await Two(node)
            let refusal = try await node.refuse(two.other.id)
            try await two.link()
            let told = try await node.exchange.explainConsent(
                of: two.one.id, to: node.context(), for: node.administrator)
            told.ticket.end()
            #expect(told.documents.count == 2 && told.documents.allSatisfy { $0.explanation.effect == .deny })
            let own = try #require(told.documents.first { $0.document.id == two.first.id })
            #expect(own.explanation.steps.contains { $0.contains("another record of the same person") })
            var draft = refusal
            draft.base = ConsentRule(.permit)
            let compared = try await node.exchange.compareConsent(
                of: two.other.id, with: draft, requesters: [node.context()], for: node.administrator)
            compared.ticket.end()
            #expect(compared.comparison.changes.map { $0.gained.count } == [2])
        }
    }

    /// What somebody says or a steward does while questions are asked; afterwards nothing forbidden may leave.
    private enum Turn: CaseIterable { case refuseThere, refuseThenLink, linkRefused, mergeByFeed }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `T-race no answer about any record leaves after a refusal or a link that forbids it was acknowledged`(seed: UInt64)
        throws
    {
        let turn = Turn.allCases[Int(seed) % Turn.allCases.count]
        try OneNode.run(seed: seed) { node in
            let two = try await Two(node)
            switch turn {
            case .refuseThere: try await two.link()
            case .linkRefused, .mergeByFeed: try await node.refuse(two.other.id)
            case .refuseThenLink: break
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                let forbidden = Flag()
                for number in 0..<6 {
                    group.addTask {
                        // Documents of the one that has not refused: only the person's other record forbids them.
                        let ticket: AnswersUnderWay.Ticket?
                        let shows: Bool
                        if number % 3 == 2 {
                            let document = try? await node.exchange.retrieveDocument(two.first.id, for: node.context())
                            (ticket, shows) = (document?.ticket, document != nil)
                        } else {
                            let found = try await node.exchange.findDocuments(
                                of: two.one.id, matching: DocumentQuery(), for: node.context())
                            (ticket, shows) = (found.ticket, !found.references.isEmpty)
                        }
                        for _ in 0..<5 {
                            try await node.world.sleep(.milliseconds(1))
                            guard let ticket, !ticket.isCut else { break }
                            #expect(!shows || !forbidden.isSet)
                        }
                        ticket?.end()
                    }
                }
                group.addTask {
                    switch turn {
                    case .refuseThere: try await node.refuse(two.other.id)
                    case .linkRefused: try await two.link()
                    case .refuseThenLink:
                        try await node.refuse(two.other.id)
                        try await two.link()
                    case .mergeByFeed:
                        _ = try await node.exchange.mergePatient(
                            two.other.identifiers[0], into: two.one.identifiers[0], for: node.administrator)
                    }
                    forbidden.set()
                }
                try await group.waitForAll()
            }
            #expect(try await two.find(two.one).isEmpty)
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty, "seed \(seed): \(report.findings)")
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `acts and registrations at once leave whole persons, and every answer follows`(seed: UInt64) throws {
        try OneNode.run(seed: seed) { node in
            let two = try await Two(node)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let desk = node.exchange.desk
                for number in 0..<3 {
                    group.addTask {
                        // Somebody else may have changed them meanwhile: refused, and nothing changed.
                        guard let act = try? await desk.linking(two.one.id, two.other.id, actor: "s\(number)", reason: "r"),
                            let position = try? await desk.record(act)
                        else { return }
                        guard let undo = try? await desk.undoing(position, actor: "s\(number)", reason: "r") else { return }
                        _ = try? await desk.record(undo)
                    }
                    group.addTask {
                        // The same person as the first, by the index itself.
                        _ = try await node.register("A1-\(number)")
                        _ = try await two.find(two.one)
                    }
                }
                try await group.waitForAll()
            }
            let persons = try await node.exchange.projection.persons { snapshot in
                var seen: [PatientID: PersonNumber] = [:]
                var all: [[PatientID]] = []
                try snapshot.everyRecord { record, person, _ in
                    seen[record] = person
                    all.append(try snapshot.members(of: person))
                }
                for members in all { #expect(Set(members.compactMap { seen[$0] }).count == 1) }
                return seen
            }
            #expect(persons.count == 5)
            // Nobody said anything of the first and its namesakes but that they are one.
            let one = try #require(persons[two.one.id])
            #expect(persons.filter { $0.key != two.other.id }.allSatisfy { $0.value == one })
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty, "seed \(seed): \(report.findings)")
        }
    }
}
