import ExchangeCore
import JSON
import Journal

/// What an outsider needs to see that entries are in a node's log: the entries, the way from each to a signed head, and
/// who cosigned that head. Its form is described in `Tests/interop/PROOFS.md`.
package struct EntryProof: Sendable, Equatable {
    /// One entry.
    package struct Item: Sendable, Equatable {
        /// Its place in the log.
        package let position: JournalPosition
        /// Header and sealed payload.
        package let entry: [UInt8]
        /// The hashes from it to the root (RFC 9162 section 2.1.3.1).
        package let inclusion: [[UInt8]]
        /// The key that opens this entry and no other; nil leaves it sealed.
        package let key: [UInt8]?

        /// An entry and its way to the root.
        package init(position: JournalPosition, entry: [UInt8], inclusion: [[UInt8]], key: [UInt8]?) {
            self.position = position
            self.entry = entry
            self.inclusion = inclusion
            self.key = key
        }
    }

    /// The form's name.
    package static let format = "concordat-proof/1"
    /// Entries of one proof.
    package static let entriesMax = 10_000

    /// The public key of the log, `name+id+key`.
    package let log: NoteVerifier
    /// The public keys of those who may have cosigned.
    package let witnesses: [NoteVerifier]
    /// The signed head.
    package let checkpoint: SignedNote
    /// The entries.
    package let items: [Item]

    /// A proof from its parts.
    package init(log: NoteVerifier, witnesses: [NoteVerifier], checkpoint: SignedNote, items: [Item]) {
        self.log = log
        self.witnesses = witnesses
        self.checkpoint = checkpoint
        self.items = items
    }

    /// As JSON.
    package var json: JSONValue {
        [
            "format": .string(Self.format), "log": .string(log.text),
            "witnesses": .array(witnesses.map { .string($0.cosigningText) }),
            "checkpoint": .string(checkpoint.description),
            "entries": .array(
                items.map { item in
                    var object: JSONObject = [
                        "position": .number(String(item.position)), "entry": .string(Base64.encode(item.entry)),
                        "inclusion": .array(item.inclusion.map { .string(Base64.encode($0)) }),
                    ]
                    object["key"] = item.key.map { .string(Base64.encode($0)) }
                    return .object(object)
                }),
        ]
    }

    /// Reads a proof; throws `.badRequest` naming the member that is not as the form wants it.
    package init(json: JSONValue) throws(ExchangeError) {
        guard json["format"]?.string == Self.format else { throw Self.refusal("format") }
        guard let log = json["log"]?.string.flatMap({ NoteVerifier(text: $0) }) else { throw Self.refusal("log") }
        var witnesses: [NoteVerifier] = []
        guard case .array(let named)? = json["witnesses"], named.count <= 64 else { throw Self.refusal("witnesses") }
        for (index, item) in named.enumerated() {
            guard let key = item.string.flatMap({ NoteVerifier(cosigningText: $0) }), !witnesses.contains(key) else {
                throw Self.refusal("witnesses[\(index)]")
            }
            witnesses.append(key)
        }
        guard let text = json["checkpoint"]?.string else { throw Self.refusal("checkpoint") }
        self.log = log
        self.witnesses = witnesses
        do { checkpoint = try SignedNote(parsing: text) } catch { throw Self.refusal("checkpoint") }
        guard case .array(let entries)? = json["entries"], (1...Self.entriesMax).contains(entries.count) else {
            throw Self.refusal("entries")
        }
        var items: [Item] = []
        for (index, item) in entries.enumerated() { items.append(try Self.item(item, "entries[\(index)]")) }
        self.items = items
    }

    private static func item(_ json: JSONValue, _ place: String) throws(ExchangeError) -> Item {
        guard case .number(let digits)? = json["position"], let position = ProofLines.number(digits.utf8, after: ""),
            position < UInt64(Int64.max)
        else { throw refusal(place + ".position") }
        guard let entry = json["entry"]?.string.flatMap({ Base64.decode($0) }) else { throw refusal(place + ".entry") }
        guard case .array(let hashes)? = json["inclusion"], hashes.count <= 63 else { throw refusal(place + ".inclusion") }
        let inclusion = hashes.compactMap { $0.string.flatMap { Base64.decode($0) } }
        guard inclusion.count == hashes.count, inclusion.allSatisfy({ $0.count == 32 }) else {
            throw refusal(place + ".inclusion")
        }
        var key: [UInt8]?
        if let stated = json["key"] {
            guard let bytes = stated.string.flatMap({ Base64.decode($0) }), bytes.count == 32 else {
                throw refusal(place + ".key")
            }
            key = bytes
        }
        return Item(position: position, entry: entry, inclusion: inclusion, key: key)
    }

    private static func refusal(_ place: String) -> ExchangeError {
        ExchangeError(.badRequest, "this is no proof of the form \(format)", at: place)
    }
}

/// What checking a proof found, by public keys alone.
package struct ProofVerdict: Sendable, Equatable {
    /// An entry that is in the log.
    package struct Entry: Sendable, Equatable {
        /// Its place.
        package let position: JournalPosition
        /// What it is about.
        package let kind: EntryKind
        /// The log's clock when it was written.
        package let time: Timestamp
        /// What it says, where the proof opens it.
        package let payload: [UInt8]?
    }

    /// A cosignature that holds.
    package struct Cosigner: Sendable, Equatable {
        /// Whose.
        package let name: String
        /// When, in seconds since 1970.
        package let time: UInt64
    }

    /// What the signed head says.
    package let checkpoint: Checkpoint
    /// Who else signed it.
    package let cosigners: [Cosigner]
    /// The entries, in the proof's order.
    package let entries: [Entry]
}

extension EntryProof {
    /// Checks everything, off line. Throws `.corrupted` saying what does not hold.
    ///
    /// - Parameter trusted: the keys an auditor holds, of logs and of witnesses; nil takes those the proof itself names.
    package func check(trusting trusted: [NoteVerifier]? = nil) throws(ExchangeError) -> ProofVerdict {
        if let trusted, !trusted.contains(log) {
            throw ExchangeError(.corrupted, "the log's key is none of those you trust", at: "log")
        }
        guard log.verifies(checkpoint) else {
            throw ExchangeError(.corrupted, "the head is not signed by the log's key", at: "checkpoint")
        }
        let head: Checkpoint
        do { head = try Checkpoint(text: checkpoint.text) } catch {
            throw ExchangeError(.corrupted, "the signed text is no head of a log", at: "checkpoint")
        }
        guard head.origin.utf8.elementsEqual(log.name.utf8) else {
            throw ExchangeError(.corrupted, "the head is another log's", at: "checkpoint")
        }
        var cosigners: [ProofVerdict.Cosigner] = []
        for witness in trusted ?? witnesses where witness != log {
            if let time = witness.cosigned(checkpoint) { cosigners.append(.init(name: witness.name, time: time)) }
        }
        var entries: [ProofVerdict.Entry] = []
        for (index, item) in items.enumerated() {
            entries.append(try Self.check(item, in: head, "entries[\(index)]"))
        }
        return ProofVerdict(checkpoint: head, cosigners: cosigners, entries: entries)
    }

    private static func check(_ item: Item, in head: Checkpoint, _ place: String) throws(ExchangeError) -> ProofVerdict.Entry {
        guard let header = EntryHeader(item.entry) else {
            throw ExchangeError(.corrupted, "the entry has no readable header", at: place)
        }
        guard
            MerkleProof.isIncluded(
                MerkleHash.leaf(item.entry), at: item.position, size: head.size, root: head.root, proof: item.inclusion)
        else { throw ExchangeError(.corrupted, "the entry is not in the log at that place", at: place) }
        var payload: [UInt8]?
        if header.subject == nil {
            guard item.key == nil else { throw ExchangeError(.corrupted, "a key is given for a clear entry", at: place) }
            payload = Array(item.entry[header.encodedBytes...])
        } else if let key = item.key {
            do { payload = try EntrySeal.open(item.entry, header: header, payloadKey: key) } catch {
                throw ExchangeError(.corrupted, "the entry does not open with the key beside it", at: place)
            }
        }
        return .init(position: item.position, kind: header.kind, time: header.time, payload: payload)
    }
}
