import ExchangeCore
import GossipDirectory
import JSON
import Journal
import Transactions

extension AdminService {
    func proveEntries(_ call: AdminCall) async throws -> AdminAnswer {
        let opens = call.arguments["open"]?.bool ?? false
        if let entry = call.arguments["entry"] {
            guard let number = entry.integer, let position = UInt64(exactly: number) else {
                throw ExchangeError(.badRequest, "an entry is named by its position, a number", at: "entry")
            }
            return AdminAnswer(try await exchange.prove([position], opens: opens, for: call.context).json)
        }
        return AdminAnswer(try await exchange.prove(try await patient(call), opens: opens, for: call.context).json)
    }

    func logKeys() async throws -> AdminAnswer {
        let own = exchange.witness.map { [$0.key] + $0.former } ?? []
        // Former logs' keys, too: what was proven and cosigned under them stays to be checked.
        let held = await exchange.witness?.heads.map(\.key) ?? []
        var others: [NoteVerifier] = []
        for key in exchange.directory.logKeys(at: exchange.world.now()) + held where !(own + others).contains(key) {
            others.append(key)
        }
        return AdminAnswer([
            "log": own.first.map { .string($0.text) } ?? .null,
            "former": .array(own.dropFirst().map { .string($0.text) }),
            "keys": .array((own + others).flatMap { [.string($0.text), .string($0.cosigningText)] }),
        ])
    }

    func witnessedLogs() async throws -> AdminAnswer {
        guard let witness = exchange.witness else { throw ExchangeError(.unavailable, "this node witnesses no logs") }
        let communities = exchange.directory.communities(at: exchange.world.now())
        let names = Dictionary(communities.map { ($0.community, $0.name) }) { first, _ in first }
        let keys = exchange.directory.logKeys(at: exchange.world.now())
        var rows: [JSONValue] = []
        let heads = await witness.heads
        for head in heads {
            let log = LogOrigin(head.checkpoint.origin)
            let cosigners = keys.compactMap { key in key.cosigned(head.note).map { (key, $0) } }
            let isLatest = !heads.contains { other in
                guard let one = log, let two = LogOrigin(other.checkpoint.origin) else { return false }
                return one.community == two.community && one.incarnation < two.incarnation
            }
            rows.append([
                "log": .string(head.checkpoint.origin),
                "community": log.map { .string($0.community.urn) } ?? .null,
                "name": log.flatMap { names[$0.community] }.map { .string($0) } ?? .null,
                "own": .bool(head.checkpoint.origin == witness.origin), "latest": .bool(isLatest),
                "size": .number(String(head.checkpoint.size)), "root": .string(Hexadecimal.encode(head.checkpoint.root)),
                "seen": .string(head.seen.description), "note": .string(head.note.description),
                "cosigners": .array(
                    cosigners.filter { $0.0.name != head.checkpoint.origin }.map { key, time in
                        [
                            "key": .string(key.name),
                            "name": LogOrigin(key.name).flatMap { names[$0.community] }.map { .string($0) } ?? .null,
                            "time": .string(Timestamp(seconds: Int64(clamping: time)).description),
                        ]
                    }),
            ])
        }
        let evidence = await witness.evidence
        return AdminAnswer([
            "heads": .array(rows),
            "evidence": .array(
                evidence.map { found in
                    [
                        "log": .string(found.origin), "kind": .string(found.kind.rawValue),
                        "found": .string(found.found.description), "sentence": .string(found.sentence),
                        "sound": .bool(found.isSound), "key": .string(found.key.text),
                        "file": found.json,
                        "name": LogOrigin(found.origin).flatMap { names[$0.community] }.map { .string($0) } ?? .null,
                    ]
                }),
        ])
    }
}
