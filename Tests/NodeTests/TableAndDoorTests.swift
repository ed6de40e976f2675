import ExchangeCore
import ExchangeNode
import FHIRModel
import Fixtures
import JSON
import Logging
import PatientIndex
import Storage
import Testing
import Transactions

extension RealNodes {
    /// A table of questions at the administrator's socket and `$match` at the door: the same decisions.
    @Suite(.enabled(if: SharedData.isPresent, "no ../shared/data")) struct TableAndDoorTests {
        private static let folder = "matching/population-5k/"
        private static let questions = 1000

        /// Who a question may mean, and how sure.
        private struct Ranked: Hashable {
            let person: PersonID
            let grade: String
        }

        private static func lines(_ file: String) throws -> [[UInt8]] {
            try SharedData.bytes(folder + file).split(separator: 0x0A).map { [UInt8]($0) }
        }

        /// Rows of registrations with cells left out by seed: who is here, asked for by less and less.
        private static func asked(_ rows: [[UInt8]], seed: UInt64) throws -> [[UInt8]] {
            var random = SplitMix64(seed: seed)
            return try (0..<questions).map { _ in
                let row = try CSVCells.split(rows.randomElement(using: &random) ?? [], line: 0)
                let thinned = row.enumerated().map { place, cell in
                    place > 0 && Int.random(in: 0..<4, using: &random) == 0 ? "" : CSVCells.quoted(cell)
                }
                return Array(thinned.joined(separator: ",").utf8)
            }
        }

        /// Registers the rows; whose each of them is.
        private static func fill(_ node: RunningNode, _ table: RegistrationTable, _ rows: [[UInt8]]) async throws
            -> [String: PersonID]
        {
            let store = try await NodeStore.open(
                node.home, configuration: try NodeConfiguration(of: node.home), world: .system,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let desk = IdentityDesk(projection: store.projection, journal: store.writer, world: .system, policy: .strict)
            var load = try await PatientImport(desk)
            for row in rows { if let row = try table.row(row, number: 0) { try await load.take(row) } }
            try await load.flush()
            try await store.close()
            return Dictionary(load.clusters.map { ($0.row, $0.person) }) { first, _ in first }
        }

        /// The persons of a `$match` answer, best first: each once, however many records of theirs are in it.
        private static func persons(_ answer: JSONValue, _ owners: [String: PersonID]) throws -> [Ranked] {
            var persons: [Ranked] = []
            for entry in answer["entry"]?.items ?? [] where entry["resource"]?["resourceType"]?.string == "Patient" {
                let identifiers = entry["resource"]?["identifier"]?.items ?? []
                let row = identifiers.first { $0["system"]?.string == RegistrationTable.rowSystem }?["value"]?.string
                let grade = entry["search"]?["extension"]?.items.compactMap { $0["valueCode"]?.string }.first
                let ranked = Ranked(person: try #require(owners[row ?? ""]), grade: grade ?? "")
                if persons.last != ranked { persons.append(ranked) }
            }
            return persons
        }

        @Test func `a thousand random questions are answered alike at the socket and at the door`() async throws {
            let lines = try Self.lines("records.csv")
            let table = try RegistrationTable(header: lines[0])
            let rows = Array(lines.dropFirst().prefix(1500))
            let questions = try Self.asked(rows, seed: 6)
            try await Network.run { network in
                let node = try network.add(.init(limits: ["patients-per-search: 250"]))
                let owners = try await Self.fill(node, table, rows)
                try await node.start()
                let clinician = try node.client()
                var (answered, certain) = (0, 0)
                for first in stride(from: 0, to: questions.count, by: 200) {
                    let chunk = questions[first..<min(first + 200, questions.count)]
                    let told = try await node.home.ask(
                        "patient/look-up",
                        [
                            "header": .string(String(decoding: lines[0], as: UTF8.self)), "profile": "strict",
                            "lines": .array(chunk.map { .string(String(decoding: $0, as: UTF8.self)) }),
                        ])
                    for (line, said) in zip(chunk, told["answers"]?.items ?? []) {
                        let ranked = try (said["persons"]?.items ?? []).map {
                            Ranked(person: try #require(owners[$0["record"]?.string ?? ""]), grade: $0["grade"]?.string ?? "")
                        }
                        let row = try #require(try table.row(line, number: 0))
                        let patient = PatientMapping.resource(identifiers: row.identifiers, demographics: row.demographics)
                        let question = Parameters([
                            .init(name: "resource", resource: patient), .init("onlyCertainMatches", "valueBoolean", false),
                            .init("count", "valueInteger", .number("250")),
                        ])
                        let reply = try await clinician.post("/Patient/$match", .object(question.json))
                        // A question that names nobody at all is refused at the door; the table answers it with nobody.
                        if reply.status == 400 { #expect(ranked.isEmpty); continue }
                        try #require(reply.status == 200, "\(reply.status)")
                        #expect(try Self.persons(reply.json, owners) == ranked)
                        answered += ranked.isEmpty ? 0 : 1
                        certain += ranked.contains { $0.grade == "certain" } ? 1 : 0
                    }
                }
                #expect(answered > 800 && certain > 300, "\(answered) answered, \(certain) certain: too few to compare")
            }
        }
    }
}
