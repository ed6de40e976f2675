import ConsentEngine
import DocumentExchange
import ExchangeCore
import JSON
import Journal
import Simulation
import Testing
import Transactions
import XDSMetadata

/// ITI-66 across communities, on the road of ITI-67: every community named, consent decided where the documents are.
@Suite struct LocateListsTests {
    /// Puts one more document into a folder of a node's.
    private static func fill(_ cluster: Cluster, _ node: SimulatedNode, _ number: Int, for patient: PatientID) async throws -> DocumentID {
        let bytes = Array("note \(number) of \(node.facility.name)".utf8)
        var draft = DocumentDraft(mimeType: "text/plain")
        draft.uniqueID = "\(node.facility.community.urn).9.\(number)"
        draft.securityCodes = [CodedValue(code: number % 2 == 0 ? "R" : "N", system: CodeSystems.confidentiality)]
        var request = ProvideRequest(patient: SubmittedPatient(record: patient))
        request.documents = [(draft, bytes)]
        request.folders = [
            FolderDraft(
                uniqueID: "\(node.facility.community.urn).7", mayExist: true, title: "Heart", members: [.submitted(0)],
                path: "Bundle.entry[1].resource"),
        ]
        return try await node.exchange.provideAndRegister(request, for: cluster.context(node)).documents[0].entry.id
    }

    private static func ask(
        _ cluster: Cluster, about patient: PatientID, _ change: (inout ListQuery) -> Void = { _ in }, withDocuments: Bool = false,
        locating: Locating = Locating(),
    ) async throws -> FoundLists {
        var query = ListQuery()
        change(&query)
        let found = try await cluster.emergency.exchange.locateLists(
            of: patient, matching: query, withDocuments: withDocuments, locating, for: cluster.context(cluster.emergency))
        found.ticket?.end()
        return found
    }

    private static func items(_ row: FoundList) -> [String] {
        (row.resource["entry"]?.items ?? []).compactMap { $0["item"]?["reference"]?.string }
    }

    @Test func `lists of every community in one answer, each with its home, this node's patient and a line`() throws {
        try Cluster.run(seed: 11) { cluster in
            let patients = try await cluster.settle()
            let noted = try await Self.fill(cluster, cluster.hospital, 3, for: patients.hospital)
            let own = try await Self.fill(cluster, cluster.emergency, 5, for: patients.here)
            let found = try await Self.ask(cluster, about: patients.here, withDocuments: true)
            #expect(found.receipt.communities.map(\.word) == ["answered", "answered", "answered"])
            #expect(found.receipt.communities.map(\.count) == [3, 1, 2] && found.receipt.isComplete)
            #expect(found.receipt.communities[0].sentence == "Hospital answered: 3 lists")
            #expect(found.rows.count == 6 && Set(found.rows.map(\.id)).count == 6)
            #expect(found.rows.map(\.date.start) == found.rows.map(\.date.start).sorted(by: >))
            for row in found.rows {
                #expect(row.resource["subject"]?["reference"]?.string == "Patient/\(patients.here)")
                let home = row.resource["extension"]?.items.first { $0["url"]?.string?.hasSuffix("HomeCommunityId") == true }
                #expect(home?["valueOid"]?.string == row.home.urn)
                #expect(!row.documents.isEmpty)
                #expect(Self.items(row).filter { $0.hasPrefix("Doc") } == row.documents.map { "DocumentReference/\($0.id)" })
            }
            let folders = try await Self.ask(cluster, about: patients.here) { $0.kinds = [.folder] }
            let theirs = try #require(folders.rows.first { $0.home == cluster.hospital.facility.community })
            #expect(Set(folders.rows.map(Self.items)) == [["DocumentReference/\(own)"], ["DocumentReference/\(noted)"]])
            #expect(Self.items(theirs) == ["DocumentReference/\(noted)"] && theirs.documents.isEmpty, "what was not asked for does not come along")
            #expect(folders.receipt.communities.map(\.word) == ["answered", "none", "answered"])
            // What came along leads through this node, as in a list of documents.
            let along = try #require(found.rows.flatMap(\.documents).first { $0.id == noted })
            let reference = try JSONReader.read(along.reference)
            let base = cluster.emergency.facility.base
            #expect(reference["content"]?[0]?["attachment"]?["url"]?.string?.hasPrefix("\(base)/Binary/\(noted)?home=") == true)
            let document = try await cluster.emergency.exchange.retrieveDocument(
                noted, from: cluster.hospital.facility.community, of: patients.here, for: cluster.context(cluster.emergency))
            defer { document.ticket.end() }
            #expect(try await document.collected() == Array("note 3 of Hospital".utf8))
            let access = try await cluster.hospital.exchange.projection.accesses(to: patients.hospital, limit: 9)
            #expect(access.contains { $0.record.transaction == "ITI-66" && $0.record.community == cluster.emergency.facility.community })
            for node in cluster.nodes {
                let report = try await node.exchange.replayJournal(for: cluster.context(node, .administration))
                #expect(report.findings.isEmpty, "\(report.findings)")
            }
        }
    }

    @Test func `T80 T82 what is withheld there looks like what is not there`() throws {
        try Cluster.run(seed: 12) { cluster in
            let patients = try await cluster.settle()
            _ = try await Self.fill(cluster, cluster.hospital, 3, for: patients.hospital)
            let label = ConsentRule(.deny, securityLabels: [CodedValue(code: "R", system: CodeSystems.confidentiality)])
            let directive = try await cluster.record(ConsentRule(.permit), for: patients.hospital, at: cluster.hospital, exceptions: [label])
            try await cluster.inForce(directive, from: cluster.hospital, at: [cluster.clinic, cluster.emergency])
            let before = try await Self.ask(cluster, about: patients.here)
            _ = try await Self.fill(cluster, cluster.hospital, 4, for: patients.hospital)
            let after = try await Self.ask(cluster, about: patients.here)
            #expect(after.rows.map(\.resource) == before.rows.map(\.resource))
            #expect(after.receipt.communities.map(\.word) == before.receipt.communities.map(\.word))
            let refusal = try await cluster.record(ConsentRule(.deny), for: patients.hospital, at: cluster.hospital)
            try await cluster.inForce(refusal, from: cluster.hospital, at: [cluster.clinic, cluster.emergency])
            let hidden = try await Self.ask(cluster, about: patients.here)
            #expect(hidden.rows.isEmpty && hidden.receipt.communities.map(\.word) == ["none", "none", "none"])
            let unknown = try await Self.ask(cluster, about: PatientID("0190aaaa-0000-4000-8000-000000000001")!)
            #expect(unknown.rows.isEmpty && unknown.receipt.communities.map(\.subject) == [.lists])
        }
    }

    @Test func `a community that is away, left out, or silent is named, and what comes late is in the same search`() throws {
        try Cluster.run(seed: 13) { cluster in
            let patients = try await cluster.settle()
            let clinic = cluster.clinic.facility.community
            cluster.network.set(clinic, .down)
            var found = try await Self.ask(cluster, about: patients.here)
            #expect(found.receipt.communities.map(\.word) == ["answered", "unreachable", "none"] && !found.receipt.isComplete)
            #expect(found.receipt.communities[1].sentence == "Clinic could not be reached; its lists are not in this answer")
            cluster.network.set(clinic, .silent)
            found = try await Self.ask(cluster, about: patients.here)
            #expect(found.receipt.communities.map(\.word) == ["answered", "timed-out", "none"])
            cluster.network.set(clinic, .up)
            found = try await Self.ask(cluster, about: patients.here, locating: Locating(only: [clinic]))
            #expect(found.receipt.communities.map(\.word) == ["skipped", "answered", "skipped"])
            #expect(found.rows.allSatisfy { $0.home == clinic })
            // The same question goes on with its search; lists and documents are two questions.
            let search = try #require(found.search)
            #expect(search.isOver && search.seen == 1)
            var again = Locating(only: [clinic])
            again.resuming = .init(token: search.token, seen: search.seen, isPaging: true)
            let journaled = cluster.clinic.exchange.journal.size
            let page = try await Self.ask(cluster, about: patients.here, locating: again)
            #expect(page.search?.token == search.token && page.rows.map(\.id) == found.rows.map(\.id))
            #expect(cluster.clinic.exchange.journal.size == journaled, "nobody was asked again")
            let other = try await cluster.emergency.exchange.locateDocuments(
                of: patients.here, matching: DocumentQuery(), again, for: cluster.context(cluster.emergency))
            other.ticket?.end()
            #expect(other.search?.token != search.token)
        }
    }

    /// A refusal that is acknowledged while lists are on their way takes them back, as it does documents.
    @Test(arguments: Seeds.all)
    func `word of the refusal takes back what was shown but not passed on yet`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            cluster.network.set(cluster.clinic.facility.community, .silent)
            async let answer = Self.ask(cluster, about: patients.here)
            async let acknowledged = Self.refuse(cluster, patients.hospital)
            let (found, moment) = try await (answer, acknowledged)
            #expect(found.rows.isEmpty)
            #expect(moment < cluster.world.uptime())
        }
    }

    private static func refuse(_ cluster: Cluster, _ patient: PatientID) async throws -> Duration {
        try await cluster.world.sleep(.seconds(1))
        _ = try await cluster.record(ConsentRule(.deny), for: patient, at: cluster.hospital)
        return cluster.world.uptime()
    }
}
