import DocumentExchange
import ExchangeCore
import Journal
import PatientIndex
import Testing
import Transactions
import XDSMetadata

/// Documents as feeds bring them: by their source's number, in every order, each with one effect.
@Suite struct FeedDocumentTests {
    private static let system = "urn:oid:1.3.6.1.4.1.21367.2026.10.1"

    private static func fed(_ number: String, _ act: FedDocument.Act, _ text: String?, of mrn: String = "A") throws -> FedDocument {
        let identifier = try #require(PatientIdentifier(system: system, value: mrn))
        var request = ProvideRequest(patient: SubmittedPatient(identifiers: [identifier]))
        if let text {
            var draft = DocumentDraft(mimeType: "text/plain")
            draft.typeCode = CodedValue(code: "18842-5", system: CodeSystems.loinc)
            draft.securityCodes = [CodedValue(code: "N", system: CodeSystems.confidentiality)]
            request.documents = [(draft, Array(text.utf8))]
        }
        return FedDocument(number: "urn:oid:1.2.3|" + number, act: act, request: request)
    }

    private static func feed(_ node: OneNode, _ fed: FedDocument) async throws -> FedDocumentOutcome {
        try await node.exchange.feedDocument(fed, for: node.context())
    }

    private static func statuses(_ node: OneNode, _ patient: PatientID) async throws -> [DocumentID: AvailabilityStatus] {
        Dictionary(uniqueKeysWithValues: try await node.find(patient).map { ($0.id, $0.status) })
    }

    @Test func `the same bytes under one number are one document, other bytes are refused for a new one`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A").id
            guard case .published(let id) = try await Self.feed(node, Self.fed("D-1", .original, "one")) else {
                Issue.record("not published")
                return
            }
            let size = node.exchange.journal.size
            #expect(try await Self.feed(node, Self.fed("D-1", .original, "one")) == .unchanged(id))
            #expect(try await Self.feed(node, Self.fed("D-1", .original, nil)) == .unchanged(id), "only spoken of")
            #expect(node.exchange.journal.size == size, "nothing was written")
            let refusal = await #expect(throws: ExchangeError.self) { try await Self.feed(node, Self.fed("D-1", .original, "two")) }
            #expect(refusal?.code == .conflict && refusal?.location == "number")
            #expect(try await node.find(patient).first?.related == ["urn:oid:1.2.3|D-1"])
        }
    }

    @Test func `edits, replacements and cancellations take the place of what is current, however often`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A").id
            for text in ["one", "two", "three"] { _ = try await Self.feed(node, Self.fed("D-1", .revision, text)) }
            #expect(try await Self.statuses(node, patient).values.count { $0 == .current } == 1)
            _ = try await Self.feed(node, Self.fed("D-2", .replacement(of: "urn:oid:1.2.3|D-1"), "four"))
            let after = try await Self.statuses(node, patient)
            #expect(after.count == 4 && after.values.count { $0 == .current } == 1)
            guard case .published(let cancelled) = try await Self.feed(node, Self.fed("D-2", .cancellation, "cancelled")) else {
                Issue.record("not cancelled")
                return
            }
            let last = try await Self.statuses(node, patient)
            #expect(last.filter { $0.value == .current }.map(\.key) == [cancelled])
            #expect(try await Self.feed(node, Self.fed("D-2", .cancellation, "cancelled")) == .unchanged(cancelled))
        }
    }

    @Test func `an addendum leaves its parent current and goes with it when that is replaced`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A").id
            _ = try await Self.feed(node, Self.fed("D-1", .original, "one"))
            let parent = "urn:oid:1.2.3|D-1"
            let added = try await Self.feed(node, Self.fed("D-2", .addendum(to: parent), "more"))
            #expect(try await Self.statuses(node, patient).values.count { $0 == .current } == 2)
            guard case .published(let id) = added else {
                Issue.record("not added")
                return
            }
            #expect(try await Self.feed(node, Self.fed("D-2", .addendum(to: parent), "more")) == .unchanged(id))
            _ = try await Self.feed(node, Self.fed("D-3", .replacement(of: parent), "instead"))
            #expect(try await Self.statuses(node, patient)[id] == .superseded)
        }
    }

    @Test func `what is not here is told by its place, and another patient's number is nobody's`() throws {
        try OneNode.run { node in
            _ = try await node.register("A")
            _ = try await node.register("B", family: "Zweig", given: ["Bo"])
            _ = try await Self.feed(node, Self.fed("D-1", .original, "one", of: "B"))
            let cases: [(FedDocument, ExchangeError.Code, String?)] = [
                (try Self.fed("D-9", .original, nil), .notFound, "number"),
                (try Self.fed("D-1", .cancellation, "x"), .notFound, "number"),
                (try Self.fed("D-2", .addendum(to: "urn:oid:1.2.3|D-1"), "x"), .notFound, "parent"),
                (try Self.fed("D-2", .replacement(of: "urn:oid:1.2.3|D-9"), "x"), .notFound, "parent"),
                (try Self.fed("D-2", .original, "x", of: "nobody"), .unknownPatient, nil),
            ]
            let size = node.exchange.journal.size
            for (fed, code, place) in cases {
                let refusal = await #expect(throws: ExchangeError.self) { try await Self.feed(node, fed) }
                #expect(refusal?.code == code && refusal?.location == place, "\(fed.act): \(String(describing: refusal))")
            }
            #expect(node.exchange.journal.size == size)
        }
    }

    private static func number(_ value: String) throws -> PatientIdentifier {
        try #require(PatientIdentifier(system: system, value: value))
    }

    @Test func `a changed identifier leads to the patient, and the old one still does`() throws {
        try OneNode.run { node in
            let before = try await node.register("A")
            let document = try await node.publish(1, for: before.id)
            let (old, new) = (try Self.number("A"), try Self.number("A2"))
            try await node.exchange.renumberPatient(old, to: new, Demographics(names: []), for: node.administrator)
            let record = try #require(try await node.exchange.activePatients(identifier: new).first)
            #expect(record.demographics == before.demographics, "what the message leaves out is known")
            #expect(try await node.exchange.activePatients(identifier: old).map(\.id) == [record.id])
            #expect(try await node.find(record.id).map(\.id) == [document.id])
            let size = node.exchange.journal.size
            try await node.exchange.renumberPatient(old, to: new, Demographics(names: []), for: node.administrator)
            #expect(node.exchange.journal.size == size, "sent twice it writes nothing")
            let unknown = await #expect(throws: ExchangeError.self) {
                try await node.exchange.renumberPatient(
                    Self.number("Z"), to: Self.number("Z2"), before.demographics, for: node.administrator)
            }
            #expect(unknown?.code == .notFound)
            let stranger = await #expect(throws: ExchangeError.self) {
                try await node.exchange.renumberPatient(old, to: new, before.demographics, for: node.context())
            }
            #expect(stranger?.code == .forbidden, "a physician is no identity source")
        }
    }

    @Test func `where one record has both identifiers the old one is taken off`() throws {
        try OneNode.run { node in
            let (old, new) = (try Self.number("A"), try Self.number("A2"))
            let record = try await node.exchange.registerPatient(
                PatientRegistration(identifiers: [old, new], demographics: Demographics(names: [PersonName(family: "Mohr")])),
                for: node.administrator)
            try await node.exchange.renumberPatient(old, to: new, record.demographics, for: node.administrator)
            #expect(try await node.exchange.activePatients(identifier: new).map(\.id) == [record.id])
            #expect(try await node.exchange.activePatients(identifier: old).isEmpty)
        }
    }
}
