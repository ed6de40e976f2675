import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import Simulation
import Testing
import Transactions
import XDSMetadata

/// Submission sets and folders on the one road: ITI-66, erasure, merges, replay.
@Suite struct ListTests {
    /// Puts one new document into a folder of that unique id.
    private static func fill(_ node: OneNode, _ number: Int, _ patient: PatientID, folder: String, replaces: DocumentID? = nil)
        async throws -> Submission
    {
        var request = ProvideRequest(patient: SubmittedPatient(record: patient))
        let content = Array("document \(number)".utf8)
        var draft = DocumentDraft(mimeType: "text/plain")
        draft.uniqueID = "urn:oid:1.3.6.1.4.1.21367.2026.10.8.\(number)"
        draft.securityCodes = [CodedValue(code: "N", system: CodeSystems.confidentiality)]
        if let replaces { draft.relations = [.init(.replaces, target: replaces, reference: "DocumentReference/\(replaces)")] }
        request.documents = [(draft, content)]
        if replaces == nil {
            request.folders = [
                FolderDraft(
                    uniqueID: folder, id: nil, mayExist: true, title: "Heart", codes: [], comments: nil, members: [.submitted(0)],
                    path: "Bundle.entry[1].resource")
            ]
        }
        return try await node.exchange.provideAndRegister(request, for: node.context())
    }

    private static func lists(_ node: OneNode, _ patient: PatientID, as context: AccessContext? = nil) async throws -> [FoundList] {
        let found = try await node.exchange.findLists(of: patient, matching: ListQuery(), for: context ?? node.context())
        found.ticket?.end()
        return found.rows
    }

    private static func shown(_ lists: [FoundList], _ kind: ListKind) -> [[DocumentID]] {
        lists.filter { $0.kind == kind }.map { $0.documents.map(\.id) }
    }

    @Test func `T87 each answer about lists is in the journal with every document judged, and a replay agrees`() throws {
        try OneNode.run { node in
            let patient = try await node.register("M-1").id
            let first = try await Self.fill(node, 1, patient, folder: "urn:oid:1.2.7.1").documents[0].entry.id
            #expect(try await Self.lists(node, patient).count == 2)
            try await node.refuse(patient)
            #expect(try await Self.lists(node, patient).isEmpty)
            let accesses = try await node.exchange.projection.accesses(to: patient, limit: 10)
                .filter { $0.record.transaction == "ITI-66" }
            #expect(accesses.map { $0.record.decisions.map(\.isPermitted) } == [[false], [true]])
            #expect(accesses.allSatisfy { $0.record.decisions.flatMap(\.documents) == [first] })
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty && report.accesses == 2 && report.decisions == 2)
            let nobody = try await Self.lists(node, PatientID("0190aaaa-0000-4000-8000-000000000001")!)
            #expect(nobody.isEmpty)
            await #expect(throws: ExchangeError(.forbidden, "")) {
                try await Self.lists(node, patient, as: node.context(purpose: nil))
            }
        }
    }

    @Test func `what is erased is in no folder any more, and who is erased has no lists`() throws {
        try OneNode.run { node in
            let patient = try await node.register("M-1").id
            let one = try await Self.fill(node, 1, patient, folder: "urn:oid:1.2.7.1").documents[0].entry.id
            let two = try await Self.fill(node, 2, patient, folder: "urn:oid:1.2.7.1").documents[0].entry.id
            _ = try await node.exchange.eraseDocument(one, ground: .request, for: node.administrator)
            var lists = try await Self.lists(node, patient)
            #expect(Self.shown(lists, .folder) == [[two]])
            #expect(Self.shown(lists, .submissionSet) == [[two]])
            _ = try await node.exchange.reader.bringUpToDate(node.exchange.projection, rebuild: true)
            #expect(try await Self.lists(node, patient).map(\.resource) == lists.map(\.resource))
            _ = try await node.exchange.erasePatient(patient, ground: .request, for: node.administrator)
            lists = try await Self.lists(node, patient)
            #expect(lists.isEmpty)
            let folder = try await node.exchange.projection.folder(uniqueID: "urn:oid:1.2.7.1")
            #expect(folder == nil)
        }
    }

    @Test func `after a merge the survivor's documents replace the other's, and join its folders`() throws {
        try OneNode.run { node in
            let old = try await node.register("M-1")
            let new = try await node.register("M-2", family: "Zweig", given: ["Bo"])
            let first = try await Self.fill(node, 1, old.id, folder: "urn:oid:1.2.7.1").documents[0].entry.id
            await #expect(throws: ExchangeError(.notFound, "")) {
                try await Self.fill(node, 2, new.id, folder: "", replaces: first)
            }
            _ = try await node.exchange.mergePatient(old.identifiers[0], into: new.identifiers[0], for: node.administrator)
            let second = try await Self.fill(node, 3, new.id, folder: "", replaces: first)
            #expect(second.set.patient == new.id)
            let third = try await Self.fill(node, 4, new.id, folder: "urn:oid:1.2.7.1").documents[0].entry.id
            let lists = try await Self.lists(node, new.id)
            #expect(Self.shown(lists, .folder).map(Set.init) == [[first, second.documents[0].entry.id, third]])
            #expect(try await node.find(new.id).first { $0.id == first }?.status == .superseded)
        }
    }

    @Test func `T83 a conditional publication sees what its publisher may see, and two at once make one`() throws {
        try OneNode.run { node in
            let patient = try await node.register("M-1").id
            func request(_ number: Int) -> ProvideRequest {
                var request = ProvideRequest(patient: SubmittedPatient(record: patient))
                var draft = DocumentDraft(mimeType: "text/plain")
                draft.uniqueID = "urn:oid:1.2.8.\(number)"
                draft.securityCodes = [CodedValue(code: "N", system: CodeSystems.confidentiality)]
                request.documents = [(draft, Array("\(number)".utf8))]
                return request
            }
            var query = DocumentQuery()
            query.identifiers = ["urn:oid:1.2.8.1"]
            let asked = query
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        do {
                            if case .published = try await node.exchange.provideUnlessFound(
                                request(1), matching: asked, of: nil, for: node.context())
                            {
                                return true
                            }
                            return false
                        } catch let error as ExchangeError where error.code == .conflict {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 }.count == 1)
            #expect(try await node.find(patient).count == 1)
            let again = try await node.exchange.provideUnlessFound(request(1), matching: query, of: nil, for: node.context())
            guard case .found(_, let ticket) = again else { return #expect(Bool(false), "\(again)") }
            ticket?.end()
            await #expect(throws: ExchangeError(.badRequest, "")) {
                try await node.exchange.provideUnlessFound(
                    request(2), matching: asked, of: PatientID("0190aaaa-0000-4000-8000-000000000001")!, for: node.context())
            }
            try await node.refuse(patient)
            // Hidden from the publisher it is as if it were not there: the same bytes are taken again.
            let hidden = try await node.exchange.provideUnlessFound(request(1), matching: query, of: nil, for: node.context())
            guard case .published = hidden else { return #expect(Bool(false), "\(hidden)") }
        }
    }
}
