import ExchangeCore
import JSON
import Journal

extension JournalReplay {
    /// Folds a whole journal, from its first entry.
    ///
    /// - Parameter progress: told now and then how many of how many entries are done.
    package static func run(
        _ reader: JournalReader, size: JournalPosition, replay: JournalReplay,
        progress: @Sendable (UInt64, UInt64) -> Void = { _, _ in },
    ) async throws(ExchangeError) -> Report {
        var replay = replay
        var next: JournalPosition = 0
        while next < size {
            let entries = try await reader.entries(from: next, limit: 512)
            guard let last = entries.last else { break }
            for entry in entries where entry.position < size { try replay.take(entry) }
            next = last.position + 1
            progress(min(next, size), size)
        }
        return replay.report
    }
}

extension JournalReplay.Report {
    /// As `hie audit verify --replay --json` prints it.
    package var json: JSONValue {
        func number(_ value: UInt64) -> JSONValue { .number(String(value)) }
        return [
            "entries": number(entries), "accesses": number(accesses), "decisions": number(decisions),
            "elsewhere": number(elsewhere), "erased": number(erased), "assumedPolicy": number(assumed),
            "follows": .bool(findings.isEmpty),
            "findings": .array(
                findings.map { ["entry": .number(String($0.position)), "reason": .string($0.reason)] }),
        ]
    }
}

extension Exchange {
    /// Decides every disclosure of this node's journal anew, from the consents in force at its position.
    package func replayJournal(for context: AccessContext) async throws(ExchangeError) -> JournalReplay.Report {
        guard context.door == .administration else {
            throw ExchangeError(.forbidden, "the journal is replayed at the node's own socket: hie audit verify --replay")
        }
        return try await JournalReplay.run(
            reader, size: journal.size,
            replay: JournalReplay(
                community: settings.community, base: settings.clientBase, policy: settings.consentDefault))
    }
}
