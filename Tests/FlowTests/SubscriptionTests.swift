import ConsentEngine
import ExchangeCore
import GossipDirectory
import JSON
import Journal
import PatientIndex
import Synchronization
import Testing
import Transactions
import XDSMetadata

/// DSUBm: who is told of new documents, of which, and when no more.
@Suite struct SubscriptionTests {
    /// What was posted, and what it is answered with.
    private final class StubReceiver: NotificationClient, NotificationLink {
        let posted = Mutex<[(path: String, authorization: String?, body: JSONValue)]>([])
        let status = Mutex(200)
        let path = Mutex("")
        /// What is counted before each posting, and what it came to.
        let watch = Mutex<(@Sendable () async -> Int)?>(nil)
        let watched = Mutex<[Int]>([])

        func connect(_ address: EndpointURL) async throws(ExchangeError) -> any NotificationLink {
            path.withLock { $0 = address.path }
            guard status.withLock({ $0 }) != 0 else { throw ExchangeError(.unavailable, "nobody answers") }
            return self
        }

        func post(_ notification: [UInt8], authorization: String?) async throws(ExchangeError) -> Int {
            guard let body = try? JSONReader.read(notification) else { throw ExchangeError(.internal, "no JSON was posted") }
            if let watch = watch.withLock({ $0 }) {
                let count = await watch()
                watched.withLock { $0.append(count) }
            }
            let path = path.withLock { $0 }
            posted.withLock { $0.append((path, authorization, body)) }
            return status.withLock { $0 }
        }

        func close() {}

        /// The documents told of, in order.
        var told: [String] {
            posted.withLock { $0 }.compactMap { note in
                note.body["entry"]?[1]?["fullUrl"]?.string?.split(separator: "/").last.map(String.init)
            }
        }
    }

    private final class StubStore: OutboxStore {
        let kept = Mutex<OutboxPlace?>(nil)
        func place() async throws(ExchangeError) -> OutboxPlace? { kept.withLock { $0 } }
        func keep(_ place: OutboxPlace) async throws(ExchangeError) { kept.withLock { $0 = place } }
    }

    private static let backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

    private static func resource(
        _ filter: String, endpoint: String = "https://hooks.example.org/new", content: String? = nil, header: String? = nil,
        end: String? = nil,
    ) -> JSONObject {
        var channel: JSONObject = ["type": "rest-hook", "endpoint": .string(endpoint), "payload": "application/fhir+json"]
        if let content {
            channel["_payload"] = ["extension": [["url": .string(backport + "backport-payload-content"), "valueCode": .string(content)]]]
        }
        if let header { channel["header"] = [.string(header)] }
        var object: JSONObject = [
            "resourceType": "Subscription", "status": "requested", "reason": "care coordination",
            "criteria": .string(SubscriptionMapping.topic),
            "_criteria": ["extension": [["url": .string(backport + "backport-filter-criteria"), "valueString": .string(filter)]]],
            "channel": .object(channel),
        ]
        object["end"] = end.map { .string($0) }
        return object
    }

    private static func run(
        _ body: @escaping @Sendable (OneNode, StubReceiver, @escaping @Sendable (SubscriptionID) async throws -> Void) async throws -> Void,
    ) throws {
        try OneNode.run(notifications: NotificationRules(hosts: ["hooks.example.org:443"])) { node in
            let receiver = StubReceiver()
            let stores = Mutex<[SubscriptionID: StubStore]>([:])
            try await body(node, receiver) { id in
                let recorded = try #require(try await node.exchange.projection.subscription(id))
                let store = stores.withLock { stores in
                    let store = stores[id] ?? StubStore()
                    stores[id] = store
                    return store
                }
                var terms = JournalOutbox<SubscriptionCourier>.Terms()
                terms.keepsEach = true
                terms.patience = .seconds(3600)
                let outbox = JournalOutbox(SubscriptionCourier(recorded, exchange: node.exchange, client: receiver), store: store, terms: terms)
                let end = node.world.uptime() + .seconds(3 * 3600)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await outbox.run(node.exchange, origin: "log", from: recorded.position) }
                    group.addTask {
                        while node.world.uptime() < end, outbox.status?.place.entry != node.exchange.journal.size {
                            try await node.world.sleep(.seconds(5))
                        }
                    }
                    try await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    @Test func `a handshake, then each new document by its id and number, under the header that was asked for`() throws {
        try Self.run { node, receiver, deliver in
            let patient = try await node.register("P").id
            let other = try await node.register("Q", family: "Zweig", given: ["Bo"]).id
            try await node.publish(1, for: patient)
            let made = try await node.exchange.createSubscription(
                Self.resource("DocumentReference?patient=Patient/\(patient)", header: "Authorization: Bearer secret"), for: node.context())
            #expect(made.json["status"] == "requested" && made.json["channel"]?["header"] == nil, "a secret is told to nobody")
            let new = [try await node.publish(2, for: patient), try await node.publish(3, for: patient)]
            try await node.publish(4, for: other)
            try await deliver(made.subscription.id)
            let posted = receiver.posted.withLock { $0 }
            #expect(posted.count == 3 && posted.allSatisfy { $0.authorization == "Bearer secret" && $0.path == "/new" })
            #expect(receiver.told == new.map(\.id.description))
            func parameter(_ index: Int, _ name: String) -> JSONValue? {
                posted[index].body["entry"]?[0]?["resource"]?["parameter"]?.items.first { $0["name"]?.string == name }
            }
            #expect(parameter(0, "type")?["valueCode"] == "handshake" && parameter(1, "type")?["valueCode"] == "event-notification")
            #expect((0..<3).map { parameter($0, "events-since-subscription-start")?["valueString"]?.string } == ["0", "1", "2"])
            #expect(parameter(2, "topic")?["valueCanonical"]?.string == SubscriptionMapping.topic)
            let text = posted.map { String(decoding: JSONWriter.bytes($0.body), as: UTF8.self) }.joined()
            #expect(!text.contains(patient.description) && !text.contains("18842-5") && !text.contains("\"resource\":{\"resourceType\":\"Doc"))
            let accesses = try await node.exchange.projection.accesses(to: patient, limit: 20).map(\.record)
            #expect(accesses.count { $0.transaction == "ITI-112" && $0.user == "dr.test" && $0.decisions.allSatisfy(\.isPermitted) } == 2)
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty && report.decisions == 2, "\(report.findings)")
        }
    }

    @Test func `T95 decided when it is sent: revoked between subscribing and sending, nothing is told`() throws {
        try Self.run { node, receiver, deliver in
            let patient = try await node.register("P").id
            let made = try await node.exchange.createSubscription(
                Self.resource("DocumentReference?patient=Patient/\(patient)"), for: node.context())
            try await node.publish(1, for: patient)
            let refusal = try await node.refuse(patient)
            try await node.publish(2, for: patient)
            try await deliver(made.subscription.id)
            #expect(receiver.told.isEmpty && receiver.posted.withLock { $0.count } == 1, "the handshake alone")
            _ = try await node.exchange.revokeConsent(refusal.id, for: node.administrator)
            let shown = try await node.publish(3, for: patient)
            try await deliver(made.subscription.id)
            #expect(receiver.told == [shown.id.description], "what was withheld is not caught up on")
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty, "\(report.findings)")
        }
    }

    @Test func `full-resource tells what the subscriber would read at that moment, journaled before it leaves`() throws {
        try Self.run { node, receiver, deliver in
            let patient = try await node.register("P").id
            let made = try await node.exchange.createSubscription(
                Self.resource("DocumentReference?patient=Patient/\(patient)", content: "full-resource"), for: node.context())
            #expect(made.subscription.content == .fullResource)
            #expect(made.json["channel"]?["_payload"]?["extension"]?[0]?["valueCode"] == "full-resource")
            let first = try await node.publish(1, for: patient)
            // Replaced before it is told of: it is told as it is by then, not as it was.
            let second = try await node.publish(2, for: patient, replaces: first.id)
            receiver.watch.withLock { $0 = { [projection = node.exchange.projection] in
                let accesses = (try? await projection.accesses(to: patient, limit: 20)) ?? []
                return accesses.count { $0.record.transaction == "ITI-112" && $0.record.decisions.contains(where: \.isPermitted) }
            } }
            try await deliver(made.subscription.id)
            #expect(receiver.watched.withLock { $0 } == [0, 1, 2], "each stands in the journal before it leaves")
            let told = receiver.posted.withLock { $0 }.dropFirst().map { $0.body["entry"]?[1]?["resource"] }
            for (id, resource) in zip([first.id, second.id], told) {
                let read = try await node.exchange.readDocument(id, for: node.context())
                read.ticket.end()
                #expect(resource == (try JSONReader.read(read.reference)))
            }
            #expect(told.map { $0?["status"]?.string } == ["superseded", "current"])
            let report = try await node.exchange.replayJournal(for: node.administrator)
            #expect(report.findings.isEmpty && report.decisions == 4, "\(report.findings)")
        }
    }

    @Test func `T95 full-resource: revoked between event and sending, or withheld from this subscriber alone, nothing leaves`() throws {
        try Self.run { node, receiver, deliver in
            let patient = try await node.register("P").id
            let made = try await node.exchange.createSubscription(
                Self.resource("DocumentReference?patient=Patient/\(patient)", content: "full-resource"), for: node.context())
            try await deliver(made.subscription.id)
            try await node.publish(1, for: patient)
            let refusal = try await node.refuse(patient)
            try await deliver(made.subscription.id)
            #expect(receiver.posted.withLock { $0.count } == 1, "the handshake alone")
            let text = receiver.posted.withLock { $0 }.map { String(decoding: JSONWriter.bytes($0.body), as: UTF8.self) }.joined()
            #expect(!text.contains("DocumentReference/"))
            _ = try await node.exchange.revokeConsent(refusal.id, for: node.administrator)
            let shown = try await node.publish(2, for: patient)
            try await deliver(made.subscription.id)
            #expect(receiver.told == [shown.id.description])
            let accesses = try await node.exchange.projection.accesses(to: patient, limit: 20).map(\.record).filter { $0.transaction == "ITI-112" }
            #expect(accesses.count == 2 && accesses.flatMap(\.decisions).filter(\.isPermitted).flatMap(\.documents) == [shown.id])
        }
    }

    @Test func `deleted, ended, merged and erased: what is told of then`() throws {
        try Self.run { node, receiver, deliver in
            let patient = try await node.register("P").id
            let gone = try await node.register("G", family: "Zweig", given: ["Bo"]).id
            let (kept, deleted) = (
                try await node.exchange.createSubscription(Self.resource("DocumentReference?patient=\(patient)"), for: node.context()),
                try await node.exchange.createSubscription(
                    Self.resource("DocumentReference?patient.identifier=urn:oid:1.3.6.1.4.1.21367.2026.10.1|P"), for: node.context())
            )
            try await deliver(kept.subscription.id)
            let before = try await node.publish(1, for: gone)
            try await deliver(kept.subscription.id)
            #expect(receiver.told.isEmpty)
            _ = try await node.exchange.mergePatient(
                try #require(PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: "G")),
                into: try #require(PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: "P")), for: node.administrator)
            let after = try await node.publish(2, for: gone)
            try await deliver(kept.subscription.id)
            #expect(receiver.told == [after.id.description] && before.id != after.id)
            try await node.exchange.deleteSubscription(deleted.subscription.id, for: node.context())
            try await node.exchange.deleteSubscription(deleted.subscription.id, for: node.context())
            #expect(try await node.exchange.readSubscription(deleted.subscription.id, for: node.context()).json["status"] == "off")
            try await deliver(deleted.subscription.id)
            #expect(receiver.posted.withLock { $0.count } == 2, "not even the handshake")
            _ = try await node.exchange.erasePatient(patient, ground: .request, for: node.administrator)
            #expect(try await node.exchange.projection.subscriptions().isEmpty)
        }
    }

    @Test func `an endpoint that never accepts the handshake is told of nothing, and one that is away hears later`() throws {
        try Self.run { node, receiver, deliver in
            let patient = try await node.register("P").id
            let made = try await node.exchange.createSubscription(
                Self.resource("DocumentReference?patient=Patient/\(patient)", content: "empty"), for: node.context())
            try await node.publish(1, for: patient)
            receiver.status.withLock { $0 = 400 }
            try await deliver(made.subscription.id)
            #expect(receiver.posted.withLock { $0.count } == 1)
            #expect(try await node.exchange.projection.accesses(to: patient, limit: 9).allSatisfy { $0.record.transaction != "ITI-112" })
            let second = try await node.exchange.createSubscription(
                Self.resource("DocumentReference?patient=Patient/\(patient)", content: "empty"), for: node.context())
            receiver.status.withLock { $0 = 0 }
            let new = try await node.publish(2, for: patient)
            try await deliver(second.subscription.id)
            let tries = try await node.exchange.projection.accesses(to: patient, limit: 9).count { $0.record.transaction == "ITI-112" }
            #expect(tries == 0, "nothing is written down for a receiver that is not there")
            _ = new
        }
    }

    @Test func `what is not served is refused with what is, and another's subscription does not exist`() throws {
        try Self.run { node, _, _ in
            let patient = try await node.register("P").id
            let good = Self.resource("DocumentReference?patient=Patient/\(patient)")
            func refusal(_ change: (inout JSONObject) -> Void, as context: AccessContext? = nil) async -> ExchangeError.Code? {
                var object = good
                change(&object)
                do throws(ExchangeError) {
                    _ = try await node.exchange.createSubscription(object, for: context ?? node.context())
                    return nil
                } catch { return error.code }
            }
            func filtered(_ filter: String) -> JSONObject { Self.resource(filter) }
            let unknown = "00000000-0000-4000-8000-000000000000"
            for (code, object) in [
                (.unknownPatient, filtered("DocumentReference?patient=Patient/\(unknown)")),
                (.unknownPatient, filtered("DocumentReference?patient.identifier=urn:oid:1.2|X")),
                (.badRequest, filtered("DocumentReference?")), (.badRequest, filtered("Patient?_id=\(patient)")),
                (.badRequest, filtered("DocumentReference?patient=\(patient)&patient=\(patient)")),
                (.badRequest, filtered("DocumentReference?patient=\(patient)&status=current")),
                (.badRequest, filtered("DocumentReference?patient=\(patient)&patient.identifier=urn:oid:1.2|X")),
                (.badRequest, Self.resource("DocumentReference?patient=\(patient)", content: "everything")),
                (.badRequest, Self.resource("DocumentReference?patient=\(patient)", header: "Host: inner")),
                (.badRequest, Self.resource("DocumentReference?patient=\(patient)", header: "Authorization: a\r\nHost: b")),
                (.badRequest, Self.resource("DocumentReference?patient=\(patient)", end: "1960-01-01T00:00:00Z")),
                (.forbidden, Self.resource("DocumentReference?patient=\(patient)", endpoint: "https://other.example.org/")),
            ] as [(ExchangeError.Code, JSONObject)] { #expect(await refusal { $0 = object } == code) }
            #expect(await refusal { $0["criteria"] = "http://example.org/topic" } == .badRequest)
            #expect(await refusal { $0["channel"] = ["type": "websocket"] } == .badRequest)
            #expect(await refusal({ _ in }, as: node.context(purpose: nil)) == .forbidden)
            #expect(await refusal({ _ in }, as: node.context(purpose: "BTG")) == .forbidden)
            #expect(await refusal({ _ in }, as: node.context(.peer, community: OneNode.elsewhere)) == .forbidden)
            #expect(await refusal { _ in } == nil)
            let own = try #require(try await node.exchange.findSubscriptions(for: node.context()) { _ in true }.first)
            let stranger = node.context(user: "dr.other")
            #expect(try await node.exchange.findSubscriptions(for: stranger) { _ in true }.isEmpty)
            await #expect(throws: ExchangeError(.notFound, "")) { try await node.exchange.readSubscription(own.subscription.id, for: stranger) }
            await #expect(throws: ExchangeError(.notFound, "")) { try await node.exchange.deleteSubscription(own.subscription.id, for: stranger) }
        }
    }

    @Test func `an address that is allowed is taken, with its port; without rules none is`() throws {
        let rules = NotificationRules(hosts: ["hooks.example.org:443", "[::1]:8443", "inner:9443"])
        for text in ["https://hooks.example.org", "https://hooks.example.org:443/a/b", "https://HOOKS.example.org/new", "https://inner:9443/x"] {
            #expect(try rules.permitted(text).path.hasPrefix("/") || text.hasSuffix("org"))
        }
        #expect(throws: ExchangeError(.forbidden, "")) { try NotificationRules().permitted("https://hooks.example.org/") }
        #expect(NotificationRules.host("Hooks.example.org") == "hooks.example.org:443" && NotificationRules.host("a:1") == "a:1")
        for text in ["", "a/b", "https://a", "a@b", "a:b", "a b", "*"] { #expect(NotificationRules.host(text) == nil, "\(text)") }
    }
}
