import ConsentEngine
import Crypto
import DocumentExchange
import ExchangeCore
import Foundation
import Journal
import Logging
import PatientIndex
import Simulation
import Storage
import Synchronization
import Transactions
import XDSMetadata

/// The implementers of the port `ExchangeProjection`: one contract suite runs against each.
enum ProjectionKind: String, CaseIterable, Sendable { case memory, sqlite }

/// A journal in memory with the projection under test on top, driven by entries as transactions write them.
struct ProjectionContract: Sendable {
    static let base = "https://a.example.org/fhir"
    static let home = CommunityID("1.3.6.1.4.1.21367.2026.10")!

    /// The world is seeded, so it cannot name folders apart: this counts them.
    private static let made = Mutex(0)

    let projection: any ExchangeProjection
    let writer: JournalWriter
    let reader: JournalReader
    let folder: URL
    let world: World

    init(_ kind: ProjectionKind, folder: URL? = nil, store: MemoryJournalStore? = nil, keyring: MemoryKeyring? = nil)
        async throws
    {
        let random = Mutex(SplitMix64(seed: 7))
        let clock = Mutex(Int64(1_772_445_600_000))
        world = World(
            now: { clock.withLock { $0 += 1000; return Timestamp(milliseconds: $0) } }, uptime: { .zero },
            randomBits: { random.withLock { $0.next() } }, sleep: { _ in })
        let number = Self.made.withLock { $0 += 1; return $0 }
        self.folder =
            folder
            ?? FileManager.default.temporaryDirectory.appendingPathComponent("projection-\(getpid())-\(number)")
        switch kind {
        case .memory: projection = MemoryProjection(base: Self.base)
        case .sqlite:
            try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
            projection = try Self.sqlite(self.folder, base: Self.base)
        }
        let store = store ?? MemoryJournalStore(origin: "oid/\(Self.home.oid.dotted)", world: world)
        let keyring = keyring ?? MemoryKeyring(world: world)
        reader = JournalReader(store: store, keyring: keyring)
        _ = try await reader.bringUpToDate(projection)
        writer = try await JournalWriter(store: store, keyring: keyring, projection: projection, world: world)
    }

    static func sqlite(_ folder: URL, base: String) throws(ExchangeError) -> SQLiteProjection {
        try SQLiteProjection(
            path: folder.appendingPathComponent("projection.sqlite").path, base: base, home: home,
            indexKey: SymmetricKey(data: [UInt8](repeating: 7, count: 32)),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// Registers, publishes, replaces, consents and discloses by a seed: the same entries for every implementer.
    func populate(seed: UInt64, entries: Int = 60) async throws -> [PatientID] {
        var random = SplitMix64(seed: seed)
        var patients: [PatientID] = []
        var documents: [(id: DocumentID, patient: PatientID)] = []
        var directives: [ConsentDirective] = []
        var folders: [Folder] = []
        var emergencies: [(position: JournalPosition, patient: PatientID)] = []
        for number in 0..<entries {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...1 where patients.count < 8, _ where patients.isEmpty:
                patients.append(try await register(number, &random))
            case 2...6:
                let patient = patients.randomElement(using: &random) ?? patients[0]
                let target = documents.filter { $0.patient == patient }.randomElement(using: &random)
                let replaced = Bool.random(using: &random) ? target : nil
                let put = try folder(number, of: patient, among: &folders, &random)
                documents.append(
                    (try await publish(number, patient, replaces: replaced?.id, into: put, target?.id, &random), patient))
            case 7:
                let again = Bool.random(using: &random) ? directives.randomElement(using: &random) : nil
                let patient = patients.randomElement(using: &random) ?? patients[0]
                directives.append(try await consent(again?.patient ?? patient, again: again, &random))
            case 8:
                let patient = patients.randomElement(using: &random) ?? patients[0]
                let act = Bool.random(using: &random) ? emergencies.randomElement(using: &random) : nil
                if let act {
                    try await note(act.position, of: act.patient, closes: Bool.random(using: &random))
                } else {
                    emergencies.append((writer.size, patient))
                    try await disclose(number % 2, to: patient, purpose: "BTG")
                }
            default: try await disclose(number, to: patients.randomElement(using: &random) ?? patients[0])
            }
        }
        return patients
    }

    private func register(_ number: Int, _ random: inout SplitMix64) async throws -> PatientID {
        let record = PatientRecord(
            id: .random(using: &random),
            identifiers: [PatientIdentifier(system: "urn:oid:1.2.3", value: "M\(number)")!],
            demographics: Demographics(
                names: [PersonName(family: "Family\(number % 3)", given: ["Given"])], birthDate: PartialDate("1960-01-0\(1 + number % 9)"),
                sex: .female))
        try await write(.identity, record.id, Records.identity(record), record)
        return record.id
    }

    /// A folder to put into: none, a new one, or one of that patient's.
    private func folder(
        _ number: Int, of patient: PatientID, among folders: inout [Folder], _ random: inout SplitMix64,
    ) throws -> (folder: Folder, isNew: Bool)? {
        guard Int.random(in: 0..<3, using: &random) > 0 else { return nil }
        if Bool.random(using: &random),
            let known = folders.filter({ $0.patient == patient }).randomElement(using: &random)
        {
            return (known, false)
        }
        let made = Folder(
            id: .ordered(at: world.now(), using: &random), uniqueID: "urn:oid:1.2.7.\(number)", patient: patient,
            title: "Folder \(number)", codes: [CodedValue(code: "F\(number % 2)", system: "urn:x")])
        folders.append(made)
        return (made, true)
    }

    private func publish(
        _ number: Int, _ patient: PatientID, replaces: DocumentID?, into put: (folder: Folder, isNew: Bool)?,
        _ along: DocumentID?, _ random: inout SplitMix64,
    ) async throws -> DocumentID {
        let bytes = Array("content \(number)".utf8)
        let digest = ContentDigest(bytes)
        let now = world.now()
        var entry = DocumentEntry(
            id: .ordered(at: now, using: &random), uniqueID: "urn:oid:1.2.3.\(number)", patient: patient,
            home: Self.home, mimeType: "text/plain", sha1: digest.sha1, sha256: digest.sha256, size: bytes.count,
            registered: now)
        entry.typeCode = CodedValue(code: number % 2 == 0 ? "18842-5" : "11488-4", system: CodeSystems.loinc)
        entry.classCode = entry.typeCode
        entry.creationTime = PartialDate("2026-0\(1 + number % 9)-1\(number % 10)")
        entry.securityCodes = [CodedValue(code: number % 5 == 0 ? "R" : "N", system: CodeSystems.confidentiality)]
        entry.authors = [DocumentAuthor(person: PersonName(family: "Adams", given: ["Ann"]), institution: "Ward")]
        if let replaces { entry.relations = [DocumentRelation(.replaces, replaces)] }
        var set = SubmissionSet(
            id: .ordered(at: now, using: &random), uniqueID: "urn:oid:1.2.9.\(number)", patient: patient,
            submissionTime: PartialDate(now), documents: [entry.id])
        let filled = put.map {
            SubmittedFolder(folder: $0.folder, isNew: $0.isNew, documents: [entry.id] + (along.map { [$0] } ?? []))
        }
        set.folders = put.map { [$0.folder.id] } ?? []
        set.author = DocumentAuthor(person: PersonName(family: "Adams", given: ["Ann"]), institution: "Ward")
        set.title = number % 2 == 0 ? "Set \(number)" : nil
        set.recipients = ["urn:oid:1.9.\(number)"]
        let record = SubmissionRecord(
            set: set, entries: [entry], folders: filled.map { [$0] } ?? [], superseded: replaces.map { [$0] } ?? [], base: Self.base)
        _ = try await writer.append(
            EntryDraft(
                kind: .submission, subject: patient, payload: record.payload,
                contents: [DraftContent(document: entry.id, bytes: bytes)], value: record))
        return entry.id
    }

    private func consent(_ patient: PatientID, again: ConsentDirective?, _ random: inout SplitMix64) async throws
        -> ConsentDirective
    {
        let directive = ConsentDirective(
            id: again?.id ?? .ordered(at: world.now(), using: &random), patient: patient,
            version: (again?.version ?? 0) + 1,
            status: Bool.random(using: &random) ? .active : .inactive, base: ConsentRule(.deny), recorded: world.now())
        try await write(.consent, patient, Records.consent(directive), directive)
        return directive
    }

    /// Reviews or closes an emergency, as a privacy officer would.
    private func note(_ alert: JournalPosition, of patient: PatientID, closes: Bool) async throws {
        let act = AlertAct(alert: alert, kind: closes ? .close : .review, user: "officer", note: "looked at")
        try await write(.administration, patient, act.payload, act)
    }

    private func disclose(_ number: Int, to patient: PatientID, purpose: String = "TREAT") async throws {
        let context = AccessContext(
            door: .client, user: "u\(number)", role: nil, organization: "o", community: Self.home, purpose: purpose,
            deadline: .zero, traceID: world.newTraceID(), reason: purpose == "BTG" ? "found on the floor" : nil)
        let record = AccessRecord(transaction: "ITI-67", context: context, factsPosition: 0, decisions: [])
        try await write(.access, patient, record.payload, record)
    }

    private func write(_ kind: EntryKind, _ subject: PatientID, _ payload: [UInt8], _ value: any Sendable) async throws {
        _ = try await writer.append(EntryDraft(kind: kind, subject: subject, payload: payload, value: value))
    }
}
