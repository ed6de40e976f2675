import ExchangeCore
import ExchangeNode
import Fixtures
import JSON
import Logging
import PatientIndex
import Storage
import Testing
import Transactions

extension RealNodes {
    /// A table loaded through the socket of a running node, and the same one into a node at rest.
    @Suite(.enabled(if: SharedData.isPresent, "no ../shared/data")) struct ImportTests {
        private static func lines() throws -> [[UInt8]] {
            try SharedData.bytes("matching/population-5k/records.csv").split(separator: 0x0A).prefix(901).map { [UInt8]($0) }
        }

        private static func send(_ node: RunningNode, _ lines: [[UInt8]]) async throws -> [JSONValue] {
            var rows: [JSONValue] = []
            for first in stride(from: 1, to: lines.count, by: 250) {
                let chunk = lines[first..<min(first + 250, lines.count)]
                let answer = try await node.home.ask(
                    "patient/import",
                    [
                        "header": .string(String(decoding: lines[0], as: UTF8.self)), "profile": "strict",
                        "lines": .array(chunk.map { .string(String(decoding: $0, as: UTF8.self)) }),
                    ])
                rows += answer["rows"]?.items ?? []
            }
            return rows
        }

        /// Rows of one person, as sets; the persons' own names are drawn anew in each node.
        private static func clusters(_ pairs: [(row: String, person: String)]) -> Set<Set<String>> {
            Set(Dictionary(grouping: pairs, by: \.person).values.map { Set($0.map(\.row)) })
        }

        private static func resting(_ node: RunningNode, _ lines: [[UInt8]]) async throws -> Set<Set<String>> {
            let store = try await NodeStore.open(
                node.home, configuration: try NodeConfiguration(of: node.home), world: .system,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let desk = IdentityDesk(projection: store.projection, journal: store.writer, world: .system, policy: .strict)
            var load = try await PatientImport(desk)
            let table = try RegistrationTable(header: lines[0])
            for line in lines.dropFirst() { if let row = try table.row(line, number: 0) { try await load.take(row) } }
            try await load.flush()
            try await store.close()
            return clusters(load.clusters.map { ($0.row, $0.person.description) })
        }

        @Test func `a running node links a table as one at rest does, and knows it the second time`() async throws {
            let lines = try Self.lines()
            try await Network.run { network in
                let still = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let atRest = try await Self.resting(still, lines)
                let node = try network.add(.init())
                try await node.start()
                let rows = try await Self.send(node, lines)
                #expect(rows.count == lines.count - 1)
                #expect(rows.allSatisfy { $0["known"]?.bool == false })
                #expect(rows.contains { !($0["review"]?.items.isEmpty ?? true) })
                let records = rows.map { $0["record"] ?? .null }
                let persons = try await node.home.ask("patient/persons", ["records": .array(records)])["persons"]?.items ?? []
                let pairs = zip(rows, persons).map { ($0["row"]?.string ?? "", $1.string ?? "") }
                #expect(Self.clusters(pairs.map { (row: $0.0, person: $0.1) }) == atRest)
                let again = try await Self.send(node, lines)
                #expect(again.map { $0["record"] ?? .null } == records)
                #expect(again.allSatisfy { $0["known"]?.bool == true })
            }
        }
    }
}
