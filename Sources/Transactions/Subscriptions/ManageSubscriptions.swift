import ConsentEngine
import ExchangeCore
import GossipDirectory
import JSON
import Journal
import PatientIndex

/// A subscription as it is shown to who made it.
package struct ShownSubscription: Sendable {
    /// The subscription.
    package let subscription: DocumentSubscription
    /// Its FHIR form.
    package let json: JSONObject
}

extension Exchange {
    /// ITI-110 Resource Subscription: makes one, on behalf of who asks; durable when it returns.
    ///
    /// Throws `.badRequest` for what is not served; `.forbidden` for a host that no administrator allowed; `.unknownPatient`;
    /// `.tooLarge` when there are as many as may be.
    package func createSubscription(_ json: JSONObject, for context: AccessContext) async throws(ExchangeError)
        -> ShownSubscription
    {
        try demandSubscriber(context)
        let request = try SubscriptionMapping.request(json)
        let endpoint = try settings.notifications.permitted(request.endpoint)
        let patient = try await subject(of: request)
        let held = ["subscriptions"]
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "another subscription is being made right now; try again")
        }
        defer { submissions.end(held) }
        let now = world.now()
        let inForce = try await read { try await projection.subscriptions() }.filter { $0.subscription.isInForce(at: now) }
        guard inForce.count < settings.notifications.countMax else {
            throw ExchangeError(.tooLarge, "there are as many subscriptions as this node takes; delete one first")
        }
        if let end = request.end, end <= now {
            throw ExchangeError(.badRequest, "the end lies in the past", at: "Subscription.end")
        }
        var random = world.random
        let subscription = DocumentSubscription(
            id: .random(using: &random), patient: patient, endpoint: endpoint.description, content: request.content,
            authorization: request.authorization, types: request.types, end: request.end, reason: request.reason,
            subscriber: .init(context), recorded: now)
        try await keep(subscription)
        return shown(subscription)
    }

    /// ITI-110 read: one of the asker's own; `.notFound` for any other.
    package func readSubscription(_ id: SubscriptionID, for context: AccessContext) async throws(ExchangeError)
        -> ShownSubscription
    {
        let own = try await own(id, context)
        try await note(own, context)
        return shown(own)
    }

    /// ITI-110 delete: nothing more is sent once this returns but what is on its way. `.notFound` as `readSubscription`.
    package func deleteSubscription(_ id: SubscriptionID, for context: AccessContext) async throws(ExchangeError) {
        var own = try await own(id, context)
        guard own.isActive else { return }
        own.isActive = false
        try await keep(own)
    }

    /// ITI-113 Resource Subscription Search: the asker's own that are meant, by id.
    package func findSubscriptions(for context: AccessContext, where isMeant: (ShownSubscription) -> Bool)
        async throws(ExchangeError) -> [ShownSubscription]
    {
        try demandSubscriber(context)
        let found = try await read { try await projection.subscriptions() }
            .map(\.subscription).filter { isOwn($0, context) }.map(shown).filter(isMeant)
        for one in found { try await note(one.subscription, context) }
        return found
    }

    private func own(_ id: SubscriptionID, _ context: AccessContext) async throws(ExchangeError) -> DocumentSubscription {
        try demandSubscriber(context)
        guard let found = try await read({ try await projection.subscription(id) })?.subscription, isOwn(found, context) else {
            throw ExchangeError(.notFound, "you have no subscription of that id here")
        }
        return found
    }

    private func isOwn(_ subscription: DocumentSubscription, _ context: AccessContext) -> Bool {
        subscription.subscriber.user.utf8.elementsEqual(context.user.utf8)
            && subscription.subscriber.organization.utf8.elementsEqual(context.organization.utf8)
    }

    private func demandSubscriber(_ context: AccessContext) throws(ExchangeError) {
        guard context.door == .client else {
            throw ExchangeError(.forbidden, "subscriptions are made by the facility's own systems")
        }
        try Permissions.findDocuments.demand(context)
        // An emergency is a moment; nobody may be told of it for as long as they like.
        guard context.purpose != EmergencyAccess.purpose else {
            throw ExchangeError(.forbidden, "an emergency access subscribes to nothing; state the usual purpose")
        }
    }

    private func subject(of request: SubscriptionMapping.Request) async throws(ExchangeError) -> PatientID {
        let unknown = ExchangeError(.unknownPatient, "no such patient is registered here", at: "Subscription.criteria.extension")
        if let identifier = request.identifier {
            let found = try await activePatients(identifier: identifier)
            guard let record = found.first, found.count == 1 else { throw unknown }
            return record.id
        }
        guard let id = request.patient, let record = try await read({ try await projection.patient(id) }),
            let inUse = try await survivor(of: record)
        else { throw unknown }
        return inUse.id
    }

    private func keep(_ subscription: DocumentSubscription) async throws(ExchangeError) {
        _ = try await journal.append(
            EntryDraft(
                kind: .subscription, subject: subscription.patient, payload: subscription.payload, value: subscription))
    }

    /// That somebody was shown whom their subscription is about.
    private func note(_ subscription: DocumentSubscription, _ context: AccessContext) async throws(ExchangeError) {
        let access = AccessRecord(transaction: "ITI-113", context: context, factsPosition: journal.size, decisions: [])
        _ = try await journal.append(
            EntryDraft(kind: .access, subject: subscription.patient, payload: access.payload, value: access))
    }

    private func shown(_ subscription: DocumentSubscription) -> ShownSubscription {
        let (status, error) = subscriptions.word(subscription, now: world.now())
        return ShownSubscription(
            subscription: subscription, json: SubscriptionMapping.json(subscription, status: status, error: error))
    }
}
