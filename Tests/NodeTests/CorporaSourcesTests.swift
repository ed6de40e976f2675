import Foundation
import Testing

/// What is expected of the corpora, held against what others say of them: their publishers, their index, HL7's own rules.
@Suite struct CorporaSourcesTests {
    private struct Source {
        let beginning: String
        let verdict: String
        let kind: String
    }

    private static func table(_ name: String) throws -> [[String]] {
        let file = Repository.root.appendingPathComponent("Tests/corpora/\(name).tsv")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    /// Whether a row, accepted or refused in some words, is what a source has it.
    private static func agrees(_ row: [String], _ verdict: String) -> Bool {
        guard verdict != "any", verdict != "ours" else { return true }
        let words = verdict.split(separator: " ").map(String.init)
        guard row[2] == words[0] else { return false }
        guard words.count > 1 else { return true }
        // `... 204 words`, `...^204&words`, `400 words`.
        return row[3].split { $0 == " " || $0 == "^" || $0 == "&" }.contains { $0 == words[1] }
    }

    @Test func `every file has a source, and what is expected of it agrees with it`() throws {
        let sources = try Self.table("sources").map { Source(beginning: $0[0], verdict: $0[1], kind: $0[2]) }
        var counts: [String: Int] = [:]
        var used: Set<String> = []
        for row in try Self.table("expected") {
            let found = sources.filter { row[1].hasPrefix($0.beginning) }.max { $0.beginning.utf8.count < $1.beginning.utf8.count }
            let source = try #require(found, "\(row[1])")
            #expect(Self.agrees(row, source.verdict), "\(row[1]): \(row[2]) \(row[3]), and \(source.kind) says \(source.verdict)")
            counts[source.kind, default: 0] += 1
            used.insert(source.beginning)
        }
        #expect(Set(sources.map(\.beginning)).subtracting(used) == [], "no source is of no file")
        print(counts.sorted { $0.key < $1.key }.map { "corpora: \($0.value) by \($0.key)" }.joined(separator: "\n"))
        let own = counts["ours", default: 0]
        #expect(own * 3 < counts.values.reduce(0, +), "two thirds are known from others")
    }

    @Test func `a verdict that differs from its source is seen`() {
        let row = ["c", "c/f", "refused", "MSH^1^9 201 of ADT this port takes"]
        for (verdict, isSo) in [("refused 201", true), ("refused", true), ("refused 200", false), ("accepted", false), ("any", true)] {
            #expect(Self.agrees(row, verdict) == isSo, "\(verdict)")
        }
        #expect(Self.agrees(["c", "c/f", "refused", "MRG^1^1^204&Unknown key identifier&HL70357"], "refused 204"))
    }
}
