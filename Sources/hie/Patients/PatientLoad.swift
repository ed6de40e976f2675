import AdminEndpoint
import ExchangeCore
import ExchangeNode
import JSON
import PatientIndex
import Transactions

/// What a load came to.
struct LoadSummary: Sendable {
    /// A row that was left out.
    struct Refusal: Sendable {
        /// Its line in the table.
        let line: Int
        /// Why, with the field; never what stands there.
        let reason: String
    }

    /// Rows taken, those that were known before among them.
    var rows = 0
    /// Rows whose record was there already.
    var known = 0
    /// Persons the rows belong to.
    var persons = 0
    /// Rows that somebody should compare.
    var reviews = 0
    /// Rows left out, in order.
    var refusals: [Refusal] = []
}

/// Loads a table of registrations, into a node at rest or through the socket of one that runs.
enum PatientLoad {
    /// Rows that are sent to a running node at once.
    private static let chunk = 250
    /// Records whose persons are asked for at once.
    private static let personsChunk = 1000

    /// Loads into a node at rest.
    static func rest(_ path: String, _ desk: IdentityDesk, out: String?, review: String?, _ progress: Progress) async throws
        -> LoadSummary
    {
        var file = try TableFile(path)
        var summary = LoadSummary()
        var load = try await begun(desk)
        do {
            while let line = try file.lines.next() {
                if let reason = try await take(line, file, &load) {
                    summary.refusals.append(.init(line: file.lines.number, reason: reason))
                }
                if load.count % 1000 == 0 { progress.note("\(load.count) rows") }
            }
            try await load.flush()
            let clusters = load.clusters
            (summary.rows, summary.known, summary.reviews) = (load.count, load.knownCount, load.reviewCount)
            summary.persons = Set(clusters.map(\.person)).count
            if let out { try write(clusters: clusters.map { ($0.row, $0.person.description) }, to: out) }
            if let review { try write(reviews: load.reviews, to: review) }
        } catch {
            // What was taken stays; the tables are made good for whoever comes next.
            try? await load.flush()
            if let error = error as? ExchangeError { throw CommandFailure(error) }
            throw error
        }
        return summary
    }

    private static func begun(_ desk: IdentityDesk) async throws(CommandFailure) -> PatientImport {
        do { return try await PatientImport(desk) } catch { throw CommandFailure(error) }
    }

    /// Takes one line; why it was left out.
    private static func take(_ line: [UInt8], _ file: TableFile, _ load: inout PatientImport) async throws(ExchangeError)
        -> String?
    {
        do {
            if let row = try file.table.row(line, number: file.lines.number) { try await load.take(row) }
            return nil
        } catch {
            guard error.code == .badRequest else { throw error }
            return error.description
        }
    }

    /// What is wrong with a line; nil also for an empty one, of which `isRow` is false.
    private static func look(_ line: [UInt8], _ file: TableFile) -> (isRow: Bool, reason: String?) {
        do { return (try file.table.row(line, number: file.lines.number) != nil, nil) } catch { return (false, error.description) }
    }

    /// Loads through the socket of a running node.
    static func run(
        _ path: String, _ client: AdminClient, _ policy: MatchPolicy, out: String?, review: String?, _ progress: Progress,
    ) async throws -> LoadSummary {
        var file = try TableFile(path)
        var summary = LoadSummary()
        var records: [(row: String, record: String)] = []
        var reviews: [(row: String, candidate: String, millibits: Int)] = []
        var isDone = false
        while !isDone {
            var batch: [JSONValue] = []
            var numbers: [Int] = []
            while batch.count < chunk {
                guard let line = try file.lines.next() else {
                    isDone = true
                    break
                }
                let looked = look(line, file)
                if let reason = looked.reason { summary.refusals.append(.init(line: file.lines.number, reason: reason)) }
                guard looked.isRow else { continue }
                batch.append(.string(String(decoding: line, as: UTF8.self)))
                numbers.append(file.lines.number)
            }
            guard !batch.isEmpty else { continue }
            let answer = try await client.ask(
                .patientImport, ["header": .string(file.header), "lines": .array(batch), "profile": .string(policy.name)])
            for (number, taken) in zip(numbers, answer["rows"]?.items ?? []) {
                if let reason = taken["refused"]?.string {
                    summary.refusals.append(.init(line: number, reason: reason))
                    continue
                }
                summary.rows += 1
                if taken["known"]?.bool ?? false { summary.known += 1 }
                records.append((taken.text("row"), taken.text("record")))
                let candidates = taken["review"]?.items ?? []
                if !candidates.isEmpty { summary.reviews += 1 }
                reviews += candidates.map { (taken.text("row"), $0.text("record"), $0["millibits"]?.integer ?? 0) }
            }
            progress.note("\(summary.rows) rows")
        }
        let clusters = try await persons(of: records, client)
        summary.persons = Set(clusters.map(\.person)).count
        if let out { try write(clusters: clusters, to: out) }
        if let review { try write(reviews: reviews, to: review) }
        return summary
    }

    /// Whose the records are at the end: a later row may have joined what earlier ones were apart.
    private static func persons(of records: [(row: String, record: String)], _ client: AdminClient) async throws
        -> [(row: String, person: String)]
    {
        var persons: [(row: String, person: String)] = []
        for first in stride(from: 0, to: records.count, by: personsChunk) {
            let some = records[first..<min(first + personsChunk, records.count)]
            let answer = try await client.ask(.patientPersons, ["records": .array(some.map { .string($0.record) })])
            for (record, person) in zip(some, answer["persons"]?.items ?? []) { persons.append((record.row, person.string ?? "")) }
        }
        return persons
    }

    private static func write(clusters: [(row: String, person: String)], to path: String) throws {
        try PatientTable.write("rec_id,cluster_id", clusters.map { "\(CSVCells.quoted($0.row)),\($0.person)" }, to: path)
    }

    private static func write(reviews: [(row: String, candidate: String, millibits: Int)], to path: String) throws {
        try PatientTable.write(
            "rec_id,candidate_rec_id,score",
            reviews.map {
                "\(CSVCells.quoted($0.row)),\(CSVCells.quoted($0.candidate)),\(PatientTable.bits($0.millibits))"
            }, to: path)
    }
}

/// A table of registrations, opened: its header is read.
struct TableFile {
    var lines: TextLines
    let table: RegistrationTable
    let header: String

    init(_ path: String) throws {
        lines = try TextLines(path)
        guard let header = try lines.next() else {
            throw CommandFailure(.failed, "\(path) is empty", hint: "its first line names the columns")
        }
        do { table = try RegistrationTable(header: header) } catch { throw CommandFailure(error) }
        self.header = String(decoding: header, as: UTF8.self)
    }
}
