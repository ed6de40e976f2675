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

    /// Returns when it is done and durable, or was done before; what of it was left out, nil when nothing was.
    func perform(_ request: FeedRequest) async throws(HL7Error) -> HL7Error? {
        var omission = request.omission
        switch request {
        case .identity(let event, let stay):
            do throws(ExchangeError) {
                try await patiently { () throws(ExchangeError) in
                    let patient = try await perform(event)
                    // Both are safe to repeat: a message that was cut off between them comes again.
                    if let patient, case .told(let encounter) = stay {
                        do throws(ExchangeError) {
                            try await exchange.recordEncounter(encounter, of: patient, for: context())
                        } catch where error.code == .tooLarge {
                            omission = HL7Error(
                                .applicationError, "the stay was not taken: \(error.message)", at: HL7Position("PV1"))
                        }
                    }
                }
            } catch {
                throw FeedFault.identity(error, isMerge: event.isMerge)
            }
        case .document(let document, let places):
            do throws(ExchangeError) {
                try await patiently { () throws(ExchangeError) in
                    _ = try await exchange.feedDocument(document, for: context())
                }
            } catch {
                throw FeedFault.document(error, places)
            }
        }
        return omission
    }

    /// Returns the record that was registered; nil when the event is about nothing of the kind.
    private func perform(_ event: PatientFeedEvent) async throws(ExchangeError) -> PatientID? {
        switch event {
        case .registered(let identifiers, let demographics):
            return try await exchange.feedPatient(
                PatientRegistration(identifiers: identifiers, demographics: demographics), for: context()
            ).record.id
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
        return nil
    }

    /// Tries again for a moment: another door may speak of the same patient at once, and the sender cannot know.
    private func patiently(_ work: () async throws(ExchangeError) -> Void) async throws(ExchangeError) {
        for attempt in 0..<Self.triesMax {
            do throws(ExchangeError) {
                return try await work()
            } catch where error.code == .conflict && attempt + 1 < Self.triesMax {
                do { try await exchange.world.sleep(.milliseconds(5 << attempt)) } catch { throw Self.stopping }
            }
        }
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
