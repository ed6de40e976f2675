import ArgumentParser
import ExchangeCore
import JSON
import Journal
import Transactions

/// `hie audit check`.
struct AuditCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a proof, or a witness's evidence, off line: no node, no network, public keys alone.",
        discussion: """
            Says which entries are in which log, when they were written, and who cosigned the \
            head above them. Without --keys the keys are those the proof itself names: that shows \
            that it is whole, and not whose it is. Exits 9 when anything does not hold.

            EXAMPLE
              hie audit check proof.json
              hie audit check proof.json --keys keys.txt --witnesses 2
              hie audit check evidence-0.json --keys keys.txt
            """)

    @Argument(help: "The proof's file; - for stdin.") var file: String
    @Option(help: ArgumentHelp("The keys you trust, one a line (hie audit keys).", valueName: "file")) var keys: String?
    @Option(help: "How many others must have cosigned the head.") var witnesses = 0
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...64).contains(witnesses) else { throw ValidationError("--witnesses is 0 to 64.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let verdict: ProofVerdict
        let proof: EntryProof
        let bytes = try LocalFile.read(file)
        do throws(ExchangeError) {
            guard let json = try? JSONReader.read(bytes) else {
                throw ExchangeError(.corrupted, "the file is no proof: it is not JSON")
            }
            if json["format"]?.string == WitnessEvidence.format { return try show(try WitnessEvidence(json: json), terminal) }
            proof = try EntryProof(json: json)
            verdict = try proof.check(trusting: try trusted())
        } catch {
            if output.json { terminal.result(["valid": false, "reason": .string(error.description)]) }
            throw CommandFailure(.damaged, error.description, hint: "the proof shows nothing")
        }
        let lack = verdict.cosigners.count >= witnesses
            ? nil : "the head is cosigned by \(verdict.cosigners.count), and \(witnesses) are asked for"
        if output.json { terminal.result(Self.json(verdict, proof, lacks: lack)) }
        if let lack {
            throw CommandFailure(.damaged, lack, hint: "ask for a newer proof, or for the keys of those who cosigned")
        }
        if !output.json { show(verdict, proof, terminal) }
    }

    private func show(_ evidence: WitnessEvidence, _ terminal: Terminal) throws(ExchangeError) {
        try evidence.check(trusting: try trusted())
        if output.json {
            return terminal.result([
                "valid": true, "log": .string(evidence.origin), "key": .string(evidence.key.text),
                "kind": .string(evidence.kind.rawValue), "found": .string(evidence.found.description),
            ])
        }
        var facts = Facts()
        facts.add("evidence", "holds", .bad)
        facts.add("log", evidence.origin)
        facts.add(
            "key", evidence.key.text + (keys == nil ? "  (named by the file itself)" : ""), keys == nil ? .doubtful : .plain)
        facts.add("shows", "it " + evidence.sentence)
        facts.show(on: terminal)
        if evidence.kind == .unproven {
            terminal.words("it can still clear itself: by the proof that one of the two continues the other")
        }
    }

    private func trusted() throws(ExchangeError) -> [NoteVerifier]? {
        guard let keys else { return nil }
        let text: String
        do { text = try LocalFile.text(keys) } catch { throw ExchangeError(.badRequest, error.line) }
        var found: [NoteVerifier] = []
        for (index, line) in text.split(separator: "\n").enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            guard let key = NoteVerifier(text: String(line)) ?? NoteVerifier(cosigningText: String(line)) else {
                throw ExchangeError(.badRequest, "this is no key", at: "\(keys), line \(index + 1)")
            }
            if !found.contains(key) { found.append(key) }
        }
        return found
    }

    private func show(_ verdict: ProofVerdict, _ proof: EntryProof, _ terminal: Terminal) {
        var facts = Facts()
        facts.add("proof", "holds", .good)
        facts.add("log", verdict.checkpoint.origin)
        facts.add("key", proof.log.text + (keys == nil ? "  (named by the proof itself)" : ""), keys == nil ? .doubtful : .plain)
        facts.add("head", "\(verdict.checkpoint.size) entries, root \(Hexadecimal.encode(verdict.checkpoint.root))")
        for cosigner in verdict.cosigners {
            facts.add("cosigned", "\(cosigner.name), \(Words.time(Self.time(cosigner)))")
        }
        if verdict.cosigners.isEmpty { facts.add("cosigned", "by nobody", .doubtful) }
        facts.show(on: terminal)
        for entry in verdict.entries {
            let payload = entry.payload.map { " " + String(decoding: $0, as: UTF8.self) } ?? " (sealed)"
            terminal.result("entry \(entry.position)  \(Words.time(entry.time.description))  \(entry.kind)\(payload)")
        }
    }

    private static func time(_ cosigner: ProofVerdict.Cosigner) -> String {
        Timestamp(seconds: Int64(clamping: cosigner.time)).description
    }

    private static func json(_ verdict: ProofVerdict, _ proof: EntryProof, lacks reason: String?) -> JSONValue {
        var object: JSONObject = ["valid": .bool(reason == nil)]
        object["reason"] = reason.map { .string($0) }
        let rest: JSONObject = [
            "log": .string(verdict.checkpoint.origin), "key": .string(proof.log.text),
            "size": .number(String(verdict.checkpoint.size)),
            "root": .string(Hexadecimal.encode(verdict.checkpoint.root)),
            "cosigners": .array(verdict.cosigners.map { ["name": .string($0.name), "time": .string(time($0))] }),
            "entries": .array(
                verdict.entries.map { entry in
                    [
                        "position": .number(String(entry.position)), "kind": .string("\(entry.kind)"),
                        "time": .string(entry.time.description),
                        "payload": entry.payload.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null,
                    ]
                }),
        ]
        for member in rest.members { object[member.name] = member.value }
        return .object(object)
    }
}
