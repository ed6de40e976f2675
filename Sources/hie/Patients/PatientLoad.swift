import AdminEndpoint
import ExchangeCore
import ExchangeNode
import JSON
import PatientIndex
import Transactions

/// What a load came to.
struct LoadSummary: Sendable {
    /// Rows taken, those that were known before among them.
    var rows = 0
    /// Rows whose record was there already.
    var known = 0
    /// Persons the rows belong to.
    var persons = 0
    /// Rows that somebody should compare, of those that were registered now.
    var reviews = 0
    /// All rows of the table whose review is open, whenever and by whomever it was opened.
    var openReviews = 0
    /// Rows left out.
    var refusals = TableRefusals()
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
        var seen = RowsSeen()
        do {
            while let line = try file.next() {
                if let reason = try await take(line, file, &seen, &load) {
                    summary.refusals.add(line: file.number, reason: reason)
                }
                if load.count % 1000 == 0 { progress.note("\(load.count) rows") }
            }
            try await load.flush()
            let clusters = load.clusters
            (summary.rows, summary.known, summary.reviews) = (load.count, load.knownCount, load.reviewCount)
            summary.persons = Set(clusters.map(\.person)).count
            let records = load.records
            let doubted = try await desk.doubted(among: records.map(\.record))
            summary.openReviews = doubted.count
            if let out { try write(clusters: clusters.map { ($0.row, $0.person.description) }, to: out) }
            if let review { try write(reviews: named(doubted, records), to: review) }
        } catch {
            // What was taken stays; the tables are made good for whoever comes next.
            try? await load.flush()
            if let error = error as? ExchangeError { throw CommandFailure(error) }
            throw error
        }
        return summary
    }

    private static func named(_ doubted: [DoubtedRecord], _ records: [(row: String, record: PatientID)])
        -> [(row: String, candidate: String, millibits: Int)]
    {
        let wanted = Set(doubted.map(\.record))
        var rows: [PatientID: String] = [:]
        for record in records where wanted.contains(record.record) { rows[record.record] = record.row }
        return doubted.flatMap { one in
            one.candidates.map { (rows[one.record] ?? "", $0.name, $0.millibits) }
        }
    }

    private static func begun(_ desk: IdentityDesk) async throws(CommandFailure) -> PatientImport {
        do { return try await PatientImport(desk) } catch { throw CommandFailure(error) }
    }

    /// Takes one line; why it was left out.
    private static func take(_ line: [UInt8], _ file: TableFile, _ seen: inout RowsSeen, _ load: inout PatientImport)
        async throws(ExchangeError) -> String?
    {
        do throws(ExchangeError) {
            guard let row = try file.table.row(line, number: file.number) else { return nil }
            if let reason = seen.refusal(of: row.id, line) { return reason }
            try await load.take(row)
            seen.note(row.id, line, number: file.number)
            return nil
        } catch {
            guard error.code == .badRequest else { throw error }
            return error.description
        }
    }

    /// What is wrong with a line; nil also for an empty one, of which `isRow` is false.
    private static func look(_ line: [UInt8], _ file: TableFile, _ seen: inout RowsSeen) -> (isRow: Bool, reason: String?) {
        do throws(ExchangeError) {
            guard let row = try file.table.row(line, number: file.number) else { return (false, nil) }
            if let reason = seen.refusal(of: row.id, line) { return (false, reason) }
            seen.note(row.id, line, number: file.number)
            return (true, nil)
        } catch {
            return (false, error.description)
        }
    }

    /// Loads through the socket of a running node.
    static func run(
        _ path: String, _ client: AdminClient, _ policy: MatchPolicy, out: String?, review: String?, _ progress: Progress,
    ) async throws -> LoadSummary {
        var file = try TableFile(path)
        var summary = LoadSummary()
        var records: [(row: String, record: String)] = []
        var seen = RowsSeen()
        var isDone = false
        while !isDone {
            var batch: [JSONValue] = []
            var numbers: [Int] = []
            while batch.count < chunk {
                guard let line = try file.next() else {
                    isDone = true
                    break
                }
                let looked = look(line, file, &seen)
                if let reason = looked.reason { summary.refusals.add(line: file.number, reason: reason) }
                guard looked.isRow else { continue }
                batch.append(.string(String(decoding: line, as: UTF8.self)))
                numbers.append(file.number)
            }
            guard !batch.isEmpty else { continue }
            let answer = try await client.ask(
                .patientImport, ["header": .string(file.header), "lines": .array(batch), "profile": .string(policy.name)])
            for (number, taken) in zip(numbers, answer["rows"]?.items ?? []) {
                if let reason = taken["refused"]?.string {
                    summary.refusals.add(line: number, reason: reason)
                    continue
                }
                summary.rows += 1
                if taken["known"]?.bool ?? false { summary.known += 1 }
                records.append((taken.text("row"), taken.text("record")))
                if !(taken["review"]?.items ?? []).isEmpty { summary.reviews += 1 }
            }
            progress.note("\(summary.rows) rows")
        }
        let standing = try await standing(of: records, client)
        summary.persons = Set(standing.clusters.map(\.person)).count
        summary.openReviews = Set(standing.reviews.map(\.row)).count
        if let out { try write(clusters: standing.clusters, to: out) }
        if let review { try write(reviews: standing.reviews, to: review) }
        return summary
    }

    /// How the rows stand at the end.
    private struct Standing {
        /// Whose each is: a later row may have joined what earlier ones were apart.
        var clusters: [(row: String, person: String)] = []
        /// Whom somebody should compare each with.
        var reviews: [(row: String, candidate: String, millibits: Int)] = []
    }

    private static func standing(of records: [(row: String, record: String)], _ client: AdminClient) async throws -> Standing {
        var standing = Standing()
        var told: Set<String> = []
        for first in stride(from: 0, to: records.count, by: personsChunk) {
            let some = records[first..<min(first + personsChunk, records.count)]
            let answer = try await client.ask(.patientPersons, ["records": .array(some.map { .string($0.record) })])
            for (record, person) in zip(some, answer["persons"]?.items ?? []) {
                standing.clusters.append((record.row, person.string ?? ""))
            }
            let rows = Dictionary(some.map { ($0.record, $0.row) }) { first, _ in first }
            for review in answer["reviews"]?.items ?? [] {
                // A row that the table repeats names its record again.
                guard let row = rows[review.text("record")], told.insert(review.text("record")).inserted else { continue }
                standing.reviews += (review["candidates"]?.items ?? []).map {
                    (row, $0.text("record"), $0["millibits"]?.integer ?? 0)
                }
            }
        }
        return standing
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
