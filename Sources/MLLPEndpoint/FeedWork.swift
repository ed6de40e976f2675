import ExchangeCore
import HL7v2
import Transactions

/// Does what one message asks for, by the same transactions that every other door uses.
struct FeedWork: Sendable {
    let exchange: Exchange
    let feed: String
    /// The name of the sender's certificate; nil in clear, or when the administrator sends the message again.
    let sender: String?

    /// How long one message may take.
    private static let limit: Duration = .seconds(30)
    /// Times that what another request holds at this moment is waited for.
    private static let triesMax = 5

    /// Returns when it is done, noted as taken, and durable; what of it was left out, nil when nothing was.
    ///
    /// All of it is safe to repeat: a message that is cut off before it is noted comes again.
    func perform(_ request: FeedRequest, noting taken: TakenMessage) async throws(HL7Error) -> HL7Error? {
        switch request {
        case .identity(let event, let stay):
            do throws(ExchangeError) {
                return try await patiently { () throws(ExchangeError) in
                    try await perform(event, stay.encounter, noting: taken) ?? request.omission
                }
            } catch {
                throw FeedFault.identity(error, isMerge: event.isMerge)
            }
        case .document(let document, let places):
            do throws(ExchangeError) {
                try await patiently { () throws(ExchangeError) in
                    _ = try await exchange.feedDocument(document, for: context())
                    try await exchange.remember([taken])
                }
            } catch {
                throw FeedFault.document(error, places)
            }
            return request.omission
        }
    }

    /// Returns what was left out of a registration.
    private func perform(_ event: PatientFeedEvent, _ stay: FedEncounter?, noting taken: TakenMessage)
        async throws(ExchangeError) -> HL7Error?
    {
        switch event {
        case .registered(let identifiers, let demographics):
            // What comes most waits for the disk once.
            let omission = try await exchange.feedPatient(
                PatientRegistration(identifiers: identifiers, demographics: demographics),
                with: FedMessage(stay: stay, taken: taken), for: context()
            ).omission
            return omission.map {
                HL7Error(.applicationError, "the stay was not taken: \($0.message)", at: HL7Position("PV1"))
            }
        case .merged(let prior, let survivor, _):
            _ = try await exchange.mergePatient(prior, into: survivor, for: context())
        case .renumbered(let prior, let new, let demographics):
            try await exchange.renumberPatient(prior, to: new, demographics, for: context())
        case .linked(let one, let other):
            try await exchange.linkPatients(one, other, for: context())
        case .unlinked(let one, let other):
            try await exchange.unlinkPatients(one, other, for: context())
        case .withdrawn(let identifier):
            try await exchange.withdrawPatient(identifier, for: context())
        }
        try await exchange.remember([taken])
        return nil
    }

    /// Tries again for a moment: another door may speak of the same patient at once, and the sender cannot know.
    private func patiently<Value>(_ work: () async throws(ExchangeError) -> Value) async throws(ExchangeError) -> Value {
        for attempt in 1..<Self.triesMax {
            do throws(ExchangeError) {
                return try await work()
            } catch where error.code == .conflict {
                do { try await exchange.world.sleep(.milliseconds(5 << (attempt - 1))) } catch { throw Self.stopping }
            }
        }
        return try await work()
    }

    private static let stopping = ExchangeError(.unavailable, "the node is stopping; send the message again")

    /// A feed acts as an identity source of this facility.
    private func context() -> AccessContext {
        AccessContext(
            door: .client, user: "feed \(feed)" + (sender.map { " (\($0))" } ?? ""), role: "identity-source",
            organization: exchange.settings.community.urn, community: exchange.settings.community, purpose: "HOPERAT",
            deadline: exchange.world.uptime() + Self.limit, traceID: exchange.world.newTraceID())
    }
}

extension PatientFeedEvent {
    /// Whether it speaks of a prior identifier.
    fileprivate var isMerge: Bool {
        switch self {
        case .merged, .renumbered: true
        case .registered, .linked, .unlinked, .withdrawn: false
        }
    }
}
