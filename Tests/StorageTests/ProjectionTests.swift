import ConsentEngine
import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Journal
import PatientIndex
import Simulation
import Storage
import Testing
import Transactions
import XDSMetadata

/// Payloads as transactions write them.
enum Records {
    static func identity(_ record: PatientRecord) -> [UInt8] {
        JSONWriter.bytes(.object(PatientMapping.resource(record)))
    }

    static func consent(_ directive: ConsentDirective) -> [UInt8] {
        JSONWriter.bytes(.object(ConsentMapping.json(directive)))
    }
}

@Suite struct ProjectionTests {
    /// Everything a projection says, as one comparable text.
    private func portrait(_ projection: any ExchangeProjection, _ patients: [PatientID]) async throws -> [String] {
        var lines = ["\(try await projection.counts())", "\(String(describing: try await projection.applied()?.next))"]
        var only = DocumentQuery()
        only.statuses = [.current]
        only.typeCodes = [.init(code: "18842-5")]
        for patient in patients {
            for query in [DocumentQuery(), only] {
                let facts = try await projection.facts(about: patient, matching: query)
                lines.append("\(String(describing: facts.patient)) \(facts.position)")
                lines += facts.documents.map {
                    "\($0.facts) \($0.uniqueID) \($0.registered) \($0.content) " + String(decoding: $0.reference, as: UTF8.self)
                }
                lines += facts.directives.map { "\($0)" }
            }
            let all = try await projection.lists(about: patient)
            lines.append("\(all.facts.documents.map(\.facts.id)) \(all.facts.position)")
            for list in all.lists {
                lines.append("\(list)")
                let again = try await projection.lists(aboutList: list.id)?.lists.first { $0.id == list.id }
                lines.append("\(again == list)")
                if case .folder(let folder) = list.content {
                    let known = (try await projection.folder(folder.id), try await projection.folder(uniqueID: folder.uniqueID))
                    lines.append("\(known)")
                }
            }
            for newest in try await projection.consents(of: patient).versions {
                lines.append("\(newest.directive) \(newest.number) \(newest.position)")
                for version in try await projection.versions(of: newest.id) {
                    lines.append("\(version.number) \(version.position) " + String(decoding: version.resource, as: UTF8.self))
                }
            }
            lines += try await projection.accesses(to: patient, limit: 5).map { "\($0.position) \($0.record)" }
            let names = try await projection.patient(patient)?.demographics ?? Demographics()
            let asked = PackedRecord(names)
            lines += try await projection.persons { snapshot in
                let found = try asked.read { try PersonLookup(SnapshotIndex(snapshot), policy: .strict).lookUp($0) }
                return try found.persons.map { person in
                    let id = try snapshot.id(of: person.candidate.person)
                    return "\(id) \(person.grade) \(try snapshot.members(of: person.candidate.person))"
                }
            }
        }
        for withClosed in [false, true] {
            for alert in try await projection.alerts(withClosed: withClosed, limit: 100) {
                let again = try await projection.alert(alert.id)
                lines.append("\(alert.state) " + String(decoding: alert.stored, as: UTF8.self))
                lines.append("\(again == alert)")
            }
        }
        return lines
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `every implementer answers every question alike`(seed: UInt64) async throws {
        var portraits: [[String]] = []
        for kind in ProjectionKind.allCases {
            let contract = try await ProjectionContract(kind)
            defer { contract.remove() }
            let patients = try await contract.populate(seed: seed)
            portraits.append(try await portrait(contract.projection, patients))
        }
        #expect(portraits[0] == portraits[1])
    }

    @Test(arguments: ProjectionKind.allCases)
    func `a projection made anew from the journal is the one that was kept`(kind: ProjectionKind) async throws {
        let contract = try await ProjectionContract(kind)
        defer { contract.remove() }
        let patients = try await contract.populate(seed: 3)
        let kept = try await portrait(contract.projection, patients)
        _ = try await contract.reader.bringUpToDate(contract.projection, rebuild: true)
        #expect(try await portrait(contract.projection, patients) == kept)
    }

    @Test(arguments: ProjectionKind.allCases)
    func `an entry that cannot be applied leaves no trace of its group`(kind: ProjectionKind) async throws {
        let contract = try await ProjectionContract(kind)
        defer { contract.remove() }
        let patients = try await contract.populate(seed: 4, entries: 10)
        let before = try await portrait(contract.projection, patients)
        let good = AccessRecord(
            transaction: "ITI-67",
            context: AccessContext(
                door: .client, user: "u", role: nil, organization: "o", community: ProjectionContract.home,
                purpose: "TREAT", deadline: .zero, traceID: "t"), factsPosition: 0, decisions: [])
        func entry(_ position: UInt64, _ kind: EntryKind, _ payload: [UInt8]) -> CommittedEntry {
            CommittedEntry(
                position: position, kind: kind, time: Timestamp(milliseconds: 0), subject: patients[0],
                payload: payload, leaf: [UInt8](repeating: 0, count: 32), contents: [])
        }
        let next = contract.writer.size
        await #expect(throws: ExchangeError.self) {
            try await contract.projection.apply([
                entry(next, .access, good.payload), entry(next + 1, .consent, Array("no json".utf8)),
            ])
        }
        #expect(try await portrait(contract.projection, patients) == before)
    }

    @Test func `a projection with another base URL is foreign, and is made anew`() async throws {
        let contract = try await ProjectionContract(.sqlite)
        defer { contract.remove() }
        let patients = try await contract.populate(seed: 5, entries: 12)
        let moved = try ProjectionContract.sqlite(contract.folder, base: "https://b.example.org/fhir")
        #expect(try await moved.applied()?.origin == "")
        let report = try await contract.reader.bringUpToDate(moved)
        #expect(report.rebuiltBecause != nil)
        let references = try await moved.facts(about: patients[0], matching: DocumentQuery()).documents.map(\.reference)
        #expect(references.allSatisfy { String(decoding: $0, as: UTF8.self).contains("https://b.example.org/fhir/Binary/") })
    }
}
