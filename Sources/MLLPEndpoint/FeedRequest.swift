import ConsentEngine
import DocumentExchange
import ExchangeCore
import HL7v2
import Transactions

/// What one message asks the exchange for: read, checked by itself, and not done yet. Printing one prints its kind alone.
enum FeedRequest: Sendable, CustomStringConvertible {
    /// ADT: something about who a patient is, and the stay it tells of.
    case identity(PatientFeedEvent, Stay)
    /// MDM, ORU, VXU: a document, and where in the message its numbers stand.
    case document(FedDocument, FeedDocumentMapping.Places)

    /// The stay or visit of an ADT message (PV1).
    enum Stay: Sendable {
        /// It tells of none.
        case none
        /// What it tells.
        case told(FedEncounter)
        /// It cannot be read: who the patient is is taken, this is not.
        case unreadable(HL7Error)

        /// What is told.
        var encounter: FedEncounter? {
            guard case .told(let encounter) = self else { return nil }
            return encounter
        }
    }

    /// What of it is not taken, known before anything is done; nil when all of it is.
    var omission: HL7Error? {
        guard case .identity(.registered, .unreadable(let error)) = self else { return nil }
        return error
    }

    var description: String {
        switch self {
        case .identity(let event, _): event.description
        case .document: "document"
        }
    }

    /// What it is about, by the names under which two messages could stand in each other's way.
    var subjects: [String] {
        switch self {
        case .identity(.registered(let identifiers, _), _): identifiers.map(Self.name)
        case .identity(.merged(let prior, let other, _), _), .identity(.renumbered(let prior, let other, _), _),
            .identity(.linked(let prior, let other), _), .identity(.unlinked(let prior, let other), _):
            [Self.name(prior), Self.name(other)]
        case .identity(.withdrawn(let identifier), _): [Self.name(identifier)]
        case .document(let document, _): ["document " + document.number]
        }
    }

    private static func name(_ identifier: PatientIdentifier) -> String { identifier.system + "|" + identifier.value }

    /// Reads a message whose header the feed's rules take.
    static func read(
        _ message: HL7Message, _ header: MessageHeader, _ settings: FeedSettings, limits: ExchangeLimits,
        labeler: SensitivityLabeler,
    ) throws(HL7Error) -> FeedRequest {
        if header.type == "ADT" {
            return .identity(
                try PatientFeedEvent.read(message, event: header.event, authorities: settings.authorities),
                stay(message, header, settings))
        }
        let event = try DocumentFeedEvent.read(
            message, type: header.type, event: header.event, bytesMax: limits.documentBytesMax)
        let mapping = FeedDocumentMapping(settings: settings, limits: limits, labeler: labeler)
        let (document, places) = try mapping.document(event, header)
        return .document(document, places)
    }

    /// A stay that cannot be read refuses nobody's demographics: they may be what the next document waits for.
    private static func stay(_ message: HL7Message, _ header: MessageHeader, _ settings: FeedSettings) -> Stay {
        do throws(HL7Error) {
            guard let event = try EncounterFeedEvent.read(message, event: header.event) else { return .none }
            guard let encounter = FedEncounter(event, settings) else {
                throw HL7Error(.dataType, "a visit number is 128 bytes at the most", at: HL7Position("PV1", field: 19))
            }
            return .told(encounter)
        } catch {
            return .unreadable(HL7Error(error.condition, "the stay was not taken: \(error.message)", at: error.position))
        }
    }
}

extension FedEncounter {
    /// A stay of a message: its number by who gave it, where the feed's table or an OID says so, else by this feed.
    fileprivate init?(_ event: EncounterFeedEvent, _ settings: FeedSettings) {
        guard event.number.value.utf8.count <= Self.nameBytesMax else { return nil }
        let system =
            settings.authorities.system(of: event.number.authority) ?? event.number.authority.uri
            ?? "urn:concordat:feed:" + settings.name
        let change: Change =
            switch event.change {
            case .planned: .planned
            case .began: .began
            case .ended: .ended
            case .cancelled: .cancelled
            case .reopened: .reopened
            case .told: .told
            }
        self.init(
            number: system + "|" + event.number.value, change: change, start: event.admitted, end: event.discharged,
            practitioners: event.doctors.compactMap { doctor in
                guard let value = doctor.identifier, value.utf8.count <= Self.nameBytesMax else { return nil }
                return .init(system: settings.authorities.system(of: doctor.authority) ?? doctor.authority.uri, value: value)
            }, asOf: event.recorded)
    }

    /// Bytes of a number at the most; one that is longer is none.
    private static let nameBytesMax = 128
}
