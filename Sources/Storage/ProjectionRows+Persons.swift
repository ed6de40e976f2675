import Crypto
import ExchangeCore
import GRDB
import Journal
import PatientIndex
import Transactions

extension ProjectionRows {
    func applyIdentity(_ entry: CommittedEntry, _ subject: PatientID, _ database: Database) throws {
        switch try IdentityEntry(entry, id: subject) {
        case .registration(let record, let decision):
            try keep(record, entry, database)
            guard let decision = decision ?? .unstated(subject) else { return }
            let packed =
                (entry.value as? FiledRegistration)?.packed ?? PackedRecord(record.demographics, identifiers: record.identifiers)
            try register(record, packed, decision, at: entry.position, database)
        case .act(let act): try apply(act, entry, database)
        }
    }

    private func register(
        _ record: PatientRecord, _ packed: PackedRecord, _ decision: IdentityDecision, at position: JournalPosition,
        _ database: Database,
    ) throws {
        let known = try database.one("SELECT rid, norm, pid, active FROM person_record WHERE patient = ?", [record.id.sql]) {
            (rid: $0.integer(0), norm: $0.bytes(1), pid: $0.integer(2), isActive: $0.integer(3) != 0)
        }
        var pid: Int64
        let rid: Int64
        if let known {
            (rid, pid) = (known.rid, known.pid)
            // What waits is judged by what this record said when it was told.
            if known.norm != packed.bytes { try settle(database) }
            try database.run(
                "UPDATE person_record SET norm = ?, active = ? WHERE rid = ?",
                [.bytes(packed.bytes), .integer(record.isActive ? 1 : 0), .integer(rid)])
        } else {
            pid = try person(decision.person, database)
            try database.run(
                "INSERT INTO person_record(patient, pid, active, norm) VALUES (?, ?, ?, ?)",
                [.id(record.id), .integer(pid), .integer(record.isActive ? 1 : 0), .bytes(packed.bytes)])
            rid = database.lastInsertedRowID
            try count(packed, database)
        }
        let before = known.flatMap { $0.isActive ? PackedRecord(bytes: $0.norm) : nil }
        try file(record.isActive ? packed : nil, instead: before, under: rid, database)
        for other in decision.merged { try merge(other, into: &pid, database) }
        guard !decision.review.isEmpty else { return }
        try keep(decision.review, of: record.id, at: position, database)
    }

    private func keep(
        _ review: [ReviewCandidate], of record: PatientID, at position: JournalPosition, _ database: Database,
    ) throws {
        let own: PersonID? = try database.one(
            "SELECT p.id FROM person_record r JOIN person p ON p.pid = r.pid WHERE r.patient = ?", [record.sql]
        ) { try $0.id(0) }
        let risk = OpenReview.risk(
            isStanding: review.contains { $0.person == own }, millibits: review.first?.millibits ?? 0)
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO person_review(patient, position, risk, candidates) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [record.sql, Int64(position), risk, StoredIdentity.bytes(review).sql])
    }

    /// A record that is in use no more keeps its person, and is found no more; `survivor` took its place.
    private func use(_ record: PatientID, survivor: PatientID?, _ database: Database) throws {
        let isActive = survivor == nil
        let known = try database.one("SELECT rid, norm FROM person_record WHERE patient = ?", [record.sql]) {
            (rid: $0.integer(0), norm: $0.bytes(1))
        }
        guard let known else { return }
        try takeKeys(of: known.rid, known.norm, database)
        if isActive { try file(PackedRecord(bytes: known.norm), instead: nil, under: known.rid, database) }
        try database.cachedStatement(sql: "UPDATE person_record SET active = ? WHERE rid = ?")
            .execute(arguments: [isActive, known.rid])
        try database.cachedStatement(sql: "UPDATE patient SET active = ?, survivor = ? WHERE id = ?")
            .execute(arguments: [isActive, survivor?.sql, record.sql])
    }

    private func dropEmpty(_ person: PersonID, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                DELETE FROM person WHERE id = ? AND merged IS NULL
                  AND NOT EXISTS(SELECT 1 FROM person_record r WHERE r.pid = person.pid)
                  AND NOT EXISTS(SELECT 1 FROM person o WHERE o.merged = person.pid)
                """
        ).execute(arguments: [person.sql])
    }

    /// Files a record under what it is found by now, `old` being what it is found by so far: most of what is fed again
    /// has changed little, and only that is written.
    private func file(_ packed: PackedRecord?, instead old: PackedRecord?, under rid: Int64, _ database: Database) throws {
        let before = Set(old.map(keys) ?? [])
        let now = packed.map(keys) ?? []
        try take(before.subtracting(now), of: rid, database)
        guard let packed else { return }
        // A value counts the birth dates it stands beside: another date is as good as another record.
        let isOtherDate = old?.read(\.birthDate) != packed.read(\.birthDate)
        let values = packed.read { LearnedPlaceholders.values(of: $0, secret: secret) }
            .filter { isOtherDate || !before.contains(Int64(bitPattern: $0.key)) }
        if let deferred {
            for key in now {
                let limit = values.first { Int64(bitPattern: $0.key) == key }?.limit ?? 0
                guard limit > 0 || !before.contains(key) else { continue }
                deferred.rows.keys.append(.init(k: key, rid: UInt32(truncatingIfNeeded: rid), limit: UInt8(limit)))
            }
            return
        }
        for key in now where !before.contains(key) {
            try database.run(
                "INSERT OR IGNORE INTO person_key(k, rid) VALUES (?, ?)", [.integer(key), .integer(rid)])
        }
        for value in values { try learn(value.key, limit: value.limit, database) }
    }

    /// A value that stands beside too many different birth dates names nobody from now on.
    func learn(_ key: UInt64, limit: Int, _ database: Database) throws {
        let k = Int64(bitPattern: key)
        guard try database.one("SELECT 1 FROM person_key WHERE k = ? LIMIT 1 OFFSET ?", [k, limit], { _ in true }) != nil else {
            return
        }
        guard try database.one("SELECT 1 FROM person_placeholder WHERE k = ?", [k], { _ in true }) == nil else { return }
        var dates = BirthDateCount(limit: limit)
        try database.rows(
            """
            SELECT r.norm FROM (SELECT rid FROM person_key WHERE k = ? LIMIT ?) k CROSS JOIN person_record r ON r.rid = k.rid
            """, [k, BlockingKey.postingsMax + 1]
        ) { row in
            if !dates.isOver, let packed = PackedRecord(bytes: row.bytes(0)) { packed.read { dates.add($0) } }
        }
        guard dates.isOver else { return }
        try database.run("INSERT INTO person_placeholder(k) VALUES (?)", [.integer(k)])
        added.learnt(key)
    }

    /// Takes away what a record is found by.
    func takeKeys(of record: PatientID, _ database: Database) throws {
        let known = try database.one("SELECT rid, norm FROM person_record WHERE patient = ?", [record.sql]) {
            (rid: $0.integer(0), norm: $0.bytes(1))
        }
        if let known { try takeKeys(of: known.rid, known.norm, database) }
    }

    private func takeKeys(of rid: Int64, _ norm: [UInt8], _ database: Database) throws {
        guard let packed = PackedRecord(bytes: norm) else { return }
        try take(Set(keys(of: packed)), of: rid, database)
    }

    private func take(_ keys: Set<Int64>, of rid: Int64, _ database: Database) throws {
        guard !keys.isEmpty else { return }
        try settle(database)
        for key in keys {
            try database.run("DELETE FROM person_key WHERE k = ? AND rid = ?", [.integer(key), .integer(rid)])
        }
    }

    private func keys(of packed: PackedRecord) -> [Int64] {
        packed.read { BlockingKey.keys(of: $0, secret: secret) }.map { Int64(bitPattern: $0) }
    }

    private func count(_ packed: PackedRecord, _ database: Database) throws {
        let hashes = packed.read(NameFrequencies.hashes)
        for (kind, hash) in [(0, hashes.first), (1, hashes.family)] {
            guard let hash else { continue }
            if let deferred {
                deferred.rows.names[.init(kind: Int64(kind), hash: hash), default: 0] += 1
                continue
            }
            try database.run(
                "INSERT INTO person_name(kind, hash, n) VALUES (?, ?, 1) ON CONFLICT(kind, hash) DO UPDATE SET n = n + 1",
                [.integer(Int64(kind)), .integer(Int64(hash))])
        }
        added.added(hashes)
    }

    /// The number of a person, or of the one it was merged into; a new one gets the next.
    private func person(_ id: PersonID, _ database: Database) throws -> Int64 {
        if let known = try SQLitePersons.number(of: id, database) { return known }
        try database.run("INSERT INTO person(id) VALUES (?)", [.id(id)])
        return database.lastInsertedRowID
    }

    private func merge(_ other: PersonID, into pid: inout Int64, _ database: Database) throws {
        let loser = try person(other, database)
        guard loser != pid else { return }
        try database.cachedStatement(sql: "UPDATE person_record SET pid = ? WHERE pid = ?").execute(arguments: [pid, loser])
        try database.cachedStatement(sql: "UPDATE person SET merged = ? WHERE pid = ?").execute(arguments: [pid, loser])
    }

    private func apply(_ act: IdentityAct, _ entry: CommittedEntry, _ database: Database) throws {
        var about: Set<PatientID> = []
        for move in act.moves {
            // The person itself, also when it was merged into another: it comes back to life.
            let target =
                try database.one("SELECT pid FROM person WHERE id = ?", [move.to.sql]) { $0.integer(0) }
                ?? person(move.to, database)
            try database.cachedStatement(sql: "UPDATE person SET merged = NULL WHERE pid = ?").execute(arguments: [target])
            try database.cachedStatement(sql: "UPDATE person_record SET pid = ? WHERE patient = ?")
                .execute(arguments: [target, move.record.sql])
            about.insert(move.record)
        }
        for pair in act.apart {
            for (one, other) in [(pair.one, pair.other), (pair.other, pair.one)] {
                try database.cachedStatement(sql: "INSERT OR IGNORE INTO person_apart(one, other) VALUES (?, ?)")
                    .execute(arguments: [one.sql, other.sql])
                about.insert(one)
            }
        }
        for pair in act.rejoined {
            for (one, other) in [(pair.one, pair.other), (pair.other, pair.one)] {
                try database.cachedStatement(sql: "DELETE FROM person_apart WHERE one = ? AND other = ?")
                    .execute(arguments: [one.sql, other.sql])
                about.insert(one)
            }
        }
        for record in act.closes {
            try database.cachedStatement(sql: "DELETE FROM person_review WHERE patient = ?").execute(arguments: [record.sql])
            about.insert(record)
        }
        for review in act.reopens {
            try keep(review.candidates, of: review.record, at: review.position, database)
            about.insert(review.record)
        }
        for retired in act.retires { try use(retired.record, survivor: retired.survivor, database) }
        for revived in act.revives { try use(revived.record, survivor: nil, database) }
        about.formUnion((act.retires + act.revives).map(\.record))
        // What an act has made and nobody is any more goes with it: afterwards all is as it was before.
        for move in act.moves where act.kind == .undo { try dropEmpty(move.from, database) }
        for record in about {
            try database.cachedStatement(
                sql: "INSERT OR IGNORE INTO person_act(position, patient, payload) VALUES (?, ?, ?)"
            ).execute(arguments: [Int64(entry.position), record.sql, entry.payload.sql])
        }
    }
}

/// How reviews and acts stand in the tables.
enum StoredIdentity {
    /// 16 bytes of the person, 4 of the score, 1 of the rule, each.
    static func bytes(_ candidates: [ReviewCandidate]) -> [UInt8] {
        candidates.flatMap { candidate -> [UInt8] in
            let score = UInt32(bitPattern: Int32(clamping: candidate.millibits))
            let rule = PolicyRule.allCases.firstIndex(of: candidate.rule) ?? 0
            return candidate.person.bytes + (0..<4).map { UInt8(truncatingIfNeeded: score >> UInt32(8 * $0)) }
                + [UInt8(rule)]
        }
    }

    static func candidates(_ bytes: [UInt8]) throws -> [ReviewCandidate] {
        try stride(from: 0, to: bytes.count, by: 21).map { at in
            guard at + 21 <= bytes.count, let person = PersonID(bytes: bytes[at..<at + 16]),
                Int(bytes[at + 20]) < PolicyRule.allCases.count
            else { throw ExchangeError(.corrupted, "a review cannot be read; hie journal rebuild makes it anew") }
            let score = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + 16 + $1]) << UInt32(8 * $1) }
            return ReviewCandidate(
                person: person, millibits: Int(Int32(bitPattern: score)),
                rule: PolicyRule.allCases[Int(bytes[at + 20])])
        }
    }

    static func act(_ payload: [UInt8]) throws -> IdentityAct? {
        guard let zero = PatientID(bytes: [UInt8](repeating: 0, count: 16)),
            case .act(let act) = try IdentityEntry(payload: payload, id: zero)
        else { return nil }
        return act
    }
}
