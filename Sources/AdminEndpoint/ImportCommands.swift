import ExchangeCore
import JSON
import PatientIndex
import Transactions

extension AdminService {
    /// Rows of a table, registered in order of arrival; what became of each, in the same order.
    func importPatients(_ call: AdminCall) async throws -> AdminAnswer {
        guard let header = call.arguments["header"]?.string, let lines = call.arguments["lines"]?.items,
            lines.count <= Exchange.importedRowsMax
        else {
            throw ExchangeError(
                .badRequest, "give header and at most \(Exchange.importedRowsMax) lines", at: "lines")
        }
        let own = exchange.settings.matching.name
        if let profile = call.arguments["profile"]?.string, profile != own {
            throw ExchangeError(
                .conflict, "this node runs and links by \(own): load by that profile, or stop the node to load by another",
                at: "profile")
        }
        let table = try RegistrationTable(header: Array(header.utf8))
        var rows: [RegistrationTable.Row] = []
        for (index, line) in lines.enumerated() {
            guard let row = try table.row(Array((line.string ?? "").utf8), number: index + 2) else {
                throw ExchangeError(.badRequest, "an empty line is no row", at: "lines[\(index)]")
            }
            rows.append(row)
        }
        var answers: [JSONValue] = []
        for taken in try await exchange.importRows(rows, for: call.context) { answers.append(try await answer(taken)) }
        return AdminAnswer(["rows": .array(answers)])
    }

    private func answer(_ taken: ImportedRow) async throws -> JSONValue {
        switch taken.outcome {
        case .known(let record):
            return ["row": .string(taken.row), "record": .string(record.description), "known": true]
        case .refused(let error):
            return ["row": .string(taken.row), "refused": .string(error.description)]
        case .created(let record, let review):
            var candidates: [JSONValue] = []
            for candidate in review {
                guard let member = try await exchange.desk.member(of: candidate.person) else { continue }
                candidates.append([
                    "record": .string(try await exchange.desk.rowName(of: member)),
                    "millibits": .number(String(candidate.millibits)),
                ])
            }
            return [
                "row": .string(taken.row), "record": .string(record.description), "known": false,
                "review": .array(candidates),
            ]
        }
    }

    /// Whose each record is, by the person's lasting name, null for a record that is not known; and which of them somebody
    /// should compare with whom.
    func personsOfPatients(_ call: AdminCall) async throws -> AdminAnswer {
        guard let texts = call.arguments["records"]?.items, texts.count <= 1000 else {
            throw ExchangeError(.badRequest, "give at most 1,000 records", at: "records")
        }
        var records: [PatientID] = []
        for (index, text) in texts.enumerated() {
            guard let id = text.string.flatMap({ PatientID($0) }) else {
                throw ExchangeError(.badRequest, "this is no record's id", at: "records[\(index)]")
            }
            records.append(id)
        }
        let persons = try await exchange.persons(of: records)
        let reviews = try await exchange.desk.doubted(among: records).map { doubted -> JSONValue in
            let candidates = doubted.candidates.map { candidate -> JSONValue in
                ["record": .string(candidate.name), "millibits": .number(String(candidate.millibits))]
            }
            return ["record": .string(doubted.record.description), "candidates": .array(candidates)]
        }
        return AdminAnswer([
            "persons": .array(persons.map { $0.map { .string($0.description) } ?? .null }), "reviews": .array(reviews),
        ])
    }
}
