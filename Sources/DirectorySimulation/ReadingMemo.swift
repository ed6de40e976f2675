import GossipDirectory
import Synchronization
import Trust

/// Remembers what each text gave: the nodes of a simulation read the same texts, and what they read is a pure function.
final class ReadingMemo: Sendable {
    /// A text by its last bytes, which of a signed one are its signature's.
    private struct Key: Hashable {
        let text: String

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { bytes in
                hasher.combine(bytes.count)
                hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes).suffix(16)))
            }
        }
    }

    private struct Verified<Value: Sendable>: Sendable {
        let admission: Thumbprint
        let result: Result<Value, DirectoryRefusal>
    }

    private struct Tables: Sendable {
        var drafts: [Key: Result<UnverifiedToken, TokenRefusal>] = [:]
        var admissions: [Key: Result<Admission, DirectoryRefusal>] = [:]
        var records: [Key: Verified<DirectoryRecord>] = [:]
        var observations: [Key: Verified<Observation>] = [:]
        var heartbeats: [Key: Verified<Heartbeat>] = [:]
    }

    private let tables = Mutex(Tables())

    /// Forgets everything once it is much, so that a row of seeds needs little more memory than one.
    func trim() {
        tables.withLock { tables in
            if tables.drafts.count > 20_000 { tables = Tables() }
        }
    }

    var reading: TextReading {
        let real = TextReading.verifying
        return TextReading(
            draft: { text, type in
                let known = self.tables.withLock { $0.drafts[Key(text: text)] }
                if case .success(let draft)? = known, draft.type == type { return .success(draft) }
                let read = real.draft(text, type)
                self.tables.withLock { $0.drafts[Key(text: text)] = read }
                return read
            },
            admission: { text, identity in
                if let known = self.tables.withLock({ $0.admissions[Key(text: text)] }) { return known }
                let read = real.admission(text, identity)
                self.tables.withLock { $0.admissions[Key(text: text)] = read }
                return read
            },
            record: { self.verified($0, $1, \.records, real.record) },
            observation: { self.verified($0, $1, \.observations, real.observation) },
            heartbeat: { self.verified($0, $1, \.heartbeats, real.heartbeat) })
    }

    private func verified<Value>(
        _ draft: UnverifiedToken, _ admission: Admission, _ table: WritableKeyPath<Tables, [Key: Verified<Value>]>,
        _ real: (UnverifiedToken, Admission) -> Result<Value, DirectoryRefusal>,
    ) -> Result<Value, DirectoryRefusal> {
        let key = Key(text: draft.compact)
        let known = tables.withLock { $0[keyPath: table][key] }
        if let known, known.admission == admission.token.hash { return known.result }
        let read = real(draft, admission)
        tables.withLock { $0[keyPath: table][key] = Verified(admission: admission.token.hash, result: read) }
        return read
    }
}
