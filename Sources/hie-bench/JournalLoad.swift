import Crypto
import ExchangeCore
import ExchangeNode
import FHIRModel
import Glibc
import JSON
import Journal
import Logging
import PatientIndex
import Storage
import Synchronization
import Transactions
import XDSMetadata

/// A node's journal, keyring and projection in this process, and writers that publish into them.
final class JournalLoad: Sendable {
    /// What a round gave.
    struct Round: Sendable {
        /// Documents a second.
        let rate: Double
        /// How long a writer waited, the median.
        let p50Milliseconds: Double
        /// CPU of this process for one document.
        let cpuMicroseconds: Double
    }

    private static let origin = "oid/1.3.6.1.4.1.21367.2026.99"
    private static let base = "https://bench.example.org/fhir"
    private let folder: String
    private let store: FileJournalStore
    private let projection: SQLiteProjection
    private let writer: JournalWriter
    private let reader: JournalReader
    private let patients: [PatientID]
    private let home: CommunityID

    /// A journal of its own in an empty folder, with its patients registered.
    init(in folder: String, patients count: Int = 1000) async throws {
        let world = World.system
        guard let home = CommunityID("1.3.6.1.4.1.21367.2026.99") else {
            throw ExchangeError(.internal, "the benchmark's community is no OID")
        }
        self.folder = folder
        self.home = home
        store = try await FileJournalStore.create(folder + "/journal", origin: Self.origin)
        let keyring = try await FileKeyring.create(
            folder + "/keyring", wrappingKey: SymmetricKey(size: .bits256), world: world)
        projection = try SQLiteProjection(
            path: folder + "/projection.sqlite", base: Self.base, home: home, indexKey: SymmetricKey(size: .bits256),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        reader = JournalReader(store: store, keyring: keyring)
        _ = try await reader.bringUpToDate(projection)
        writer = try await JournalWriter(store: store, keyring: keyring, projection: projection, world: world)
        var random = world.random
        patients = (0..<count).map { _ in PatientID.random(using: &random) }
        try await append(count) { number, _ in self.registration(number) }
    }

    private func registration(_ number: Int) -> EntryDraft {
        let record = PatientRecord(
            id: patients[number], identifiers: [],
            demographics: Demographics(names: [PersonName(family: "Family\(number)", given: ["Given"])]))
        return EntryDraft(
            kind: .identity, subject: patients[number],
            payload: JSONWriter.bytes(.object(PatientMapping.resource(record))), value: record)
    }

    /// Appends so many drafts over 256 lanes.
    private func append(_ count: Int, _ draft: @escaping @Sendable (Int, inout World.Random) -> EntryDraft) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<min(256, count) {
                group.addTask {
                    var random = World.system.random
                    for number in stride(from: lane, to: count, by: 256) {
                        _ = try await self.writer.append(draft(number, &random))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// How many entries there are.
    var size: UInt64 { writer.size }

    /// Closes everything.
    func close() async throws {
        try await store.close()
        try projection.close()
    }

    /// One round with a journal of its own.
    static func round(in folder: String, writers: Int, seconds: Double) async throws -> Round {
        let load = try await JournalLoad(in: folder)
        let round = try await load.publish(writers: writers, seconds: seconds)
        try await load.close()
        return round
    }

    /// A round for somebody who watches this process: says how many documents in how many groups there were.
    static func alone(in folder: String, writers: Int, seconds: Double) async throws {
        let load = try await JournalLoad(in: folder)
        let before = load.size
        _ = try await load.publish(writers: writers, seconds: seconds)
        let done = load.size - before
        let groups = try await load.store.verify(keys: []).groups
        Report(asJSON: false).words("\(done) documents in \(groups) groups")
        try await load.close()
    }

    /// Publishes until the time is over.
    func publish(writers: Int, seconds: Double) async throws -> Round {
        let bytes = [UInt8](repeating: 0x78, count: JournalCommand.documentBytes)
        let watch = Stopwatch()
        let before = Self.cpuSeconds()
        let times = try await withThrowingTaskGroup(of: [Double].self) { group in
            for number in 0..<writers {
                group.addTask {
                    var random = World.system.random
                    var times: [Double] = []
                    while watch.seconds < seconds {
                        let draft = self.submission(bytes, &random, number)
                        let one = Stopwatch()
                        _ = try await self.writer.append(draft)
                        times.append(one.milliseconds)
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let took = watch.seconds
        let cpu = (Self.cpuSeconds() - before) / Double(max(1, times.count)) * 1e6
        return Round(rate: Double(times.count) / took, p50Milliseconds: times.median, cpuMicroseconds: cpu)
    }

    private func submission(_ bytes: [UInt8], _ random: inout World.Random, _ number: Int) -> EntryDraft {
        let now = World.system.now()
        let patient = patients[Int.random(in: 0..<patients.count, using: &random)]
        let id = DocumentID.ordered(at: now, using: &random)
        var entry = DocumentEntry(
            id: id, uniqueID: "urn:uuid:\(id)", patient: patient, home: home, mimeType: "text/plain",
            sha1: [UInt8](repeating: 1, count: 20), sha256: [UInt8](repeating: 2, count: 32), size: bytes.count,
            registered: now)
        entry.typeCode = CodedValue(code: "18842-5", system: CodeSystems.loinc)
        entry.classCode = entry.typeCode
        entry.securityCodes = [CodedValue(code: "N", system: CodeSystems.confidentiality)]
        let set = SubmissionSet(
            id: .ordered(at: now, using: &random), uniqueID: "urn:uuid:\(id)-set", patient: patient,
            submissionTime: PartialDate(now), documents: [id])
        let record = SubmissionRecord(set: set, entries: [entry], superseded: [], base: Self.base)
        return EntryDraft(
            kind: .submission, subject: patient, payload: record.payload,
            contents: [DraftContent(document: id, bytes: bytes)], value: record)
    }

    /// Fills the journal: a fifth publishes of 2 KiB, the others accesses.
    func fill(_ entries: Int) async throws {
        let bytes = [UInt8](repeating: 0x78, count: 2 << 10)
        try await append(entries) { number, random in
            number % 5 == 0 ? self.submission(bytes, &random, number) : self.access(&random)
        }
    }

    private func access(_ random: inout World.Random) -> EntryDraft {
        let context = AccessContext(
            door: .client, user: "dr.brattain", role: "physician", organization: "Port Lisle", community: home,
            purpose: "TREAT", deadline: .zero, traceID: World.system.newTraceID())
        let record = AccessRecord(transaction: "ITI-67", context: context, factsPosition: 0, decisions: [])
        return EntryDraft(
            kind: .access, subject: patients[Int.random(in: 0..<patients.count, using: &random)],
            payload: record.payload, value: record)
    }

    /// Entries a second of a walk over every frame, hash and root.
    func verifyRate() async throws -> Double {
        let watch = Stopwatch()
        let report = try await store.verify(keys: [])
        return Double(report.entries) / watch.seconds
    }

    /// Entries a second of making the projection anew.
    func rebuildRate() async throws -> Double {
        let watch = Stopwatch()
        let report = try await reader.bringUpToDate(projection, batch: 4096, rebuild: true)
        return Double(report.applied) / watch.seconds
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}
