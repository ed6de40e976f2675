import ConsentEngine
import ExchangeCore
import GossipDirectory
import JSON
import Journal
import XDSMetadata

/// Carries notifications of one subscription (ITI-112): a handshake first, then each new document, decided by the consent in
/// force when it is told, with the subscriber as who asks, and journaled before.
package struct SubscriptionCourier: OutboxCourier {
    /// What is told.
    package enum Notice: Sendable, Hashable {
        /// That the subscription begins.
        case handshake
        /// A new document.
        case document(DocumentID)
    }

    private let recorded: RecordedSubscription
    private let exchange: Exchange
    private let client: any NotificationClient

    /// A courier of one subscription.
    package init(_ recorded: RecordedSubscription, exchange: Exchange, client: some NotificationClient) {
        self.recorded = recorded
        self.exchange = exchange
        self.client = client
    }

    private var subscription: DocumentSubscription { recorded.subscription }

    package var receiver: String { subscription.description }

    package func parcels(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> (
        parcels: [Parcel<Notice>], next: JournalPosition
    ) {
        guard try await isInForce() else { throw ExchangeError(.gone, "the subscription is over") }
        guard position > recorded.position else {
            let handshake = Parcel(entry: recorded.position, part: 0, recorded: subscription.recorded, content: Notice.handshake)
            return ([handshake], recorded.position + 1)
        }
        let records = Set(try await records())
        let (entries, next) = try await exchange.reader.entries(from: position, limit: limit) { kind, subject in
            kind == .submission && subject.map(records.contains) ?? false
        }
        var parcels: [Parcel<Notice>] = []
        for entry in entries where !entry.isErased {
            let record = try SubmissionRecord(payload: entry.payload, base: exchange.settings.clientBase)
            for (part, document) in record.entries.enumerated() where isWanted(document) {
                parcels.append(Parcel(entry: entry.position, part: part, recorded: entry.time, content: .document(document.id)))
            }
        }
        return (parcels, next)
    }

    package func send(_ parcel: Parcel<Notice>, number: UInt64) async -> OutboxVerdict {
        do throws(ExchangeError) {
            // It may have been deleted while its receiver was away.
            guard try await isInForce() else { return .withheld }
            let address = try exchange.settings.notifications.permitted(subscription.endpoint)
            switch parcel.content {
            case .handshake: return try await handshake(address)
            case .document(let id):
                // The handshake was the first that was taken; without it nothing else is told.
                guard number > 1 else { return .refused("the endpoint never accepted the handshake") }
                return try await tell(id, parcel.recorded, number: number - 1, address)
            }
        } catch {
            return .later(error.message)
        }
    }

    private func isInForce() async throws(ExchangeError) -> Bool {
        let now = try await exchange.read { try await exchange.projection.subscription(subscription.id) }
        return now?.subscription.isInForce(at: exchange.world.now()) ?? false
    }

    /// Nothing of a patient is in it.
    private func handshake(_ address: EndpointURL) async throws(ExchangeError) -> OutboxVerdict {
        let link = try await client.connect(address)
        defer { link.close() }
        let bundle = SubscriptionMapping.notification(of: subscription, nil, number: 0, base: exchange.settings.clientBase)
        return OutboxVerdict(
            status: try await link.post(JSONWriter.bytes(.object(bundle)), authorization: subscription.authorization))
    }

    private func tell(
        _ id: DocumentID, _ time: Timestamp, number: UInt64, _ address: EndpointURL,
    ) async throws(ExchangeError) -> OutboxVerdict {
        // First the connection: nothing is decided and written down for a receiver that is not there.
        let link = try await client.connect(address)
        defer { link.close() }
        let records = try await records()
        let context = context()
        try Permissions.findDocuments.demand(context)
        let disclosure = try await exchange.disclose(
            for: context, transaction: "ITI-112", records: { $0.documents.map(\.patient) }
        ) { try await exchange.projection.facts(aboutDocument: id) }
        guard let disclosure else { return .withheld }
        defer { disclosure.ticket.end() }
        // Whose it is may have been found out to be wrong since it was published.
        guard let document = disclosure.documents.first, records.contains(document.patient) else { return .withheld }
        disclosure.ticket.onCut { link.close() }
        guard !disclosure.ticket.isCut else { return .later("consent is changing; the document is decided about anew") }
        guard let resource = try? JSONReader.read(document.reference) else {
            throw ExchangeError(.corrupted, "the metadata of a document cannot be read")
        }
        let bundle = SubscriptionMapping.notification(
            of: subscription, .init(document: id, time: time, resource: resource), number: number,
            base: exchange.settings.clientBase)
        return OutboxVerdict(
            status: try await link.post(JSONWriter.bytes(.object(bundle)), authorization: subscription.authorization))
    }

    /// The records that are the patient's now.
    private func records() async throws(ExchangeError) -> [PatientID] {
        try await exchange.read { try await exchange.projection.standing(of: subscription.patient) }.consent.records
    }

    private func isWanted(_ document: DocumentEntry) -> Bool {
        subscription.types.isEmpty || document.typeCode.map { subscription.types.contains($0.code) } ?? false
    }

    private func context() -> AccessContext {
        let subscriber = subscription.subscriber
        return AccessContext(
            door: .client, user: subscriber.user, role: subscriber.role, organization: subscriber.organization,
            community: exchange.settings.community, purpose: subscriber.purpose,
            deadline: exchange.world.uptime() + .seconds(30), traceID: exchange.world.newTraceID())
    }
}
