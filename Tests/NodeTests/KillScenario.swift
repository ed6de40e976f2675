import AdminEndpoint
import ConsentEngine
import Crypto
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import Logging
import PatientIndex
import Storage
import Synchronization
import Testing
import Transactions
import XDSMetadata

/// A node's day in a second: publishes, replaces, consents, registers, merges, rolls segments, checkpoints, stops. Ended
/// anywhere, it tells what had been acknowledged.
final class KillScenario: Sendable {
    /// What was acknowledged before the node was gone.
    struct Acknowledged: Sendable {
        var documents: [DocumentID: [UInt8]] = [:]
        var superseded: Set<DocumentID> = []
        var patients: Set<String> = []
        var directives: Set<DirectiveID> = []
        var revoked: Set<DirectiveID> = []
        var merged = false
        var steps = 0
    }

    private let node: RunningNode
    private let process: HieProcess
    private let acknowledged = Mutex(Acknowledged())
    /// Every document that was ever sent, acknowledged or not: nothing else may be found.
    private let sent = Mutex<Set<[UInt8]>>([])
    private let template: URL
    private let ending = Mutex("")
    private let work = Mutex<(hasBegun: Bool, lasted: Duration)>((false, .zero))

    /// A scenario over a node that is stopped: its store as it is now is what each round begins with.
    init(_ node: RunningNode, _ process: HieProcess, template: URL) throws {
        self.node = node
        self.process = process
        self.template = template
        try FileManager.default.copyItem(at: node.home.store, to: template)
    }

    /// Begins a round with a store as it was.
    func begin() throws {
        try FileManager.default.removeItem(at: node.home.store)
        try FileManager.default.copyItem(at: template, to: node.home.store)
        acknowledged.withLock { $0 = Acknowledged() }
        sent.withLock { $0 = [] }
        work.withLock { $0.hasBegun = false }
    }

    /// Whether the node answered, and the first step is under way.
    var hasBegun: Bool { work.withLock { $0.hasBegun } }

    /// How long the steps of the last round took.
    var lasted: Duration { work.withLock { $0.lasted } }

    /// Waits for the node, then does everything; returns quietly when the node is gone.
    func play() async throws {
        while await !process.listens() {
            guard process.isRunning else { return }
            try await World.system.sleep(.milliseconds(5))
        }
        let client = try node.known()
        defer { client.close() }
        work.withLock { $0.hasBegun = true }
        let began = World.system.uptime()
        defer { work.withLock { $0.lasted = World.system.uptime() - began } }
        do {
            let first = try await publish(client, 1, 20_000)
            try await publish(client, 2, 9_000, replacing: first)
            try await register("MRN-KILL-1")
            let directive = try await consent()
            for number in 3...6 { try await publish(client, number, 26_000) }
            try await revoke(directive)
            try await merge("MRN-KILL-1", into: Canary.number)
            try await publish(client, 7, 100)
        } catch {
            // The node was meant to be gone; when it was not, the test shows what this was.
            ending.withLock { $0 = "\(error)" }
        }
    }

    @discardableResult private func publish(
        _ client: NodeClient, _ number: Int, _ size: Int, replacing: DocumentID? = nil,
    ) async throws -> DocumentID {
        let bytes = Array((Canary.document(number) + String(repeating: "\(number)", count: size)).utf8)
        sent.withLock { _ = $0.insert(bytes) }
        var body = Submissions.simplified(bytes, at: node, uniqueID: "urn:oid:1.2.3.4.\(number)").object ?? [:]
        if let replacing {
            body["relatesTo"] = [
                ["code": "replaces", "target": ["reference": .string("DocumentReference/\(replacing)")]],
            ]
        }
        let reply = try await client.post(
            "/DocumentReference", .object(body), headers: [("prefer", "return=representation")])
        guard reply.status == 201, let id = try reply.json["id"]?.string.flatMap({ DocumentID($0) }) else {
            throw ExchangeError(.unavailable, "a publish was answered \(reply.status) \(reply.text.prefix(300))")
        }
        acknowledged.withLock { all in
            all.documents[id] = bytes
            if let replacing { all.superseded.insert(replacing) }
            all.steps += 1
        }
        return id
    }

    private func register(_ number: String) async throws {
        _ = try await process.ask(
            "patient/add",
            [
                "patient": [
                    "resourceType": "Patient", "identifier": [["system": .string(node.numbers), "value": .string(number)]],
                    "name": [["family": "Birnbaum", "given": ["Adele"]]], "birthDate": "1950-01-01", "gender": "female",
                ],
            ])
        acknowledged.withLock { all in
            all.patients.insert(number)
            all.steps += 1
        }
    }

    private func merge(_ other: String, into record: String) async throws {
        _ = try await process.ask(
            "patient/act",
            [
                "act": "merge", "record": .string("\(node.numbers)|\(record)"), "other": .string("\(node.numbers)|\(other)"),
                "reason": "same passport seen", "preview": .bool(false),
            ])
        acknowledged.withLock { all in
            all.merged = true
            all.steps += 1
        }
    }

    private func consent() async throws -> DirectiveID {
        let answer = try await process.ask(
            "consent/record",
            [
                "identifier": ["system": .string(node.numbers), "value": .string(Canary.number)],
                "directive": ["effect": "deny", "organizations": ["urn:oid:1.2.3.4.5"]],
            ])
        guard let id = answer["id"]?.string.flatMap({ DirectiveID($0) }) else {
            throw ExchangeError(.unavailable, "no directive was recorded")
        }
        acknowledged.withLock { all in
            all.directives.insert(id)
            all.steps += 1
        }
        return id
    }

    private func revoke(_ id: DirectiveID) async throws {
        _ = try await process.ask("consent/revoke", ["id": .string(id.description)])
        acknowledged.withLock { all in
            all.revoked.insert(id)
            all.steps += 1
        }
    }

    /// What ended the last round.
    var fault: String { ending.withLock { $0 } }

    /// How many steps were acknowledged.
    var steps: Int { acknowledged.withLock { $0.steps } }

    /// Opens the store as a start does, and holds it against what was acknowledged; what does not hold, in words.
    func losses() async throws -> [String] {
        var losses: [String] = []
        let store: NodeStore
        do {
            store = try await NodeStore.open(
                node.home, configuration: try NodeConfiguration(of: node.home), world: .system,
                logger: Logger(label: "kill") { _ in SwiftLogNoOpLogHandler() })
        } catch { return ["the store does not open: \(error)"] }
        do {
            losses += try await missing(in: store)
            let before = try await store.projection.fingerprint()
            _ = try await store.reader.bringUpToDate(store.projection, rebuild: true)
            if try await store.projection.fingerprint() != before { losses.append("the projection is not the journal's") }
            try await store.close()
        } catch {
            losses.append("\(error)")
            try? await store.close()
        }
        losses += await JournalAudit.verify(node.home).damage.map { "verify after the start: \($0)" }
        return losses
    }

    private func missing(in store: NodeStore) async throws -> [String] {
        let (all, sent) = (acknowledged.withLock { $0 }, sent.withLock { $0 })
        var losses: [String] = []
        for (id, bytes) in all.documents {
            guard let facts = try await store.projection.facts(aboutDocument: id), let patient = facts.patient,
                let document = facts.documents.first
            else {
                losses.append("document \(id) is not registered")
                continue
            }
            if try await store.reader.document(document.content, of: patient) != bytes { losses.append("bytes of \(id)") }
            let isSuperseded = String(decoding: document.reference, as: UTF8.self).contains("\"superseded\"")
            if all.superseded.contains(id), !isSuperseded { losses.append("\(id) was replaced, and is not marked so") }
        }
        for number in all.patients {
            let identifier = try #require(PatientIdentifier(system: node.numbers, value: number))
            if try await store.projection.patients(identifier: identifier).isEmpty { losses.append("a patient") }
        }
        if all.merged {
            var persons: Set<PersonNumber?> = []
            for number in all.patients.union([Canary.number]) {
                let identifier = try #require(PatientIdentifier(system: node.numbers, value: number))
                for record in try await store.projection.patients(identifier: identifier) {
                    persons.insert(try await store.projection.persons { try $0.person(of: record.id) })
                }
            }
            if persons.count != 1 || persons.contains(nil) { losses.append("the merge of two patients") }
        }
        for id in all.directives {
            let directive = try await store.projection.directive(id)
            if directive == nil { losses.append("directive \(id)") }
            if all.revoked.contains(id), directive?.status == .active { losses.append("the revocation of \(id)") }
        }
        let canary = try #require(PatientIdentifier(system: node.numbers, value: Canary.number))
        for patient in try await store.projection.patients(identifier: canary) {
            let facts = try await store.projection.facts(about: patient.id, matching: DocumentQuery())
            for document in facts.documents {
                let bytes = try await store.reader.document(document.content, of: patient.id)
                if !sent.contains(bytes) { losses.append("document \(document.facts.id) is half there") }
            }
        }
        return losses
    }
}
