import DocumentExchange
import ExchangeCore
import HL7v2
import Transactions

/// What one message asks the exchange for: read, checked by itself, and not done yet. Printing one prints its kind alone.
enum FeedRequest: Sendable, CustomStringConvertible {
    /// ADT: something about who a patient is.
    case identity(PatientFeedEvent)
    /// MDM, ORU, VXU: a document, and where in the message its numbers stand.
    case document(FedDocument, FeedDocumentMapping.Places)

    var description: String {
        switch self {
        case .identity(let event): event.description
        case .document: "document"
        }
    }

    /// What it is about, by the names under which two messages could stand in each other's way.
    var subjects: [String] {
        switch self {
        case .identity(.registered(let identifiers, _)): identifiers.map(Self.name)
        case .identity(.merged(let prior, let other, _)), .identity(.renumbered(let prior, let other, _)),
            .identity(.linked(let prior, let other)), .identity(.unlinked(let prior, let other)):
            [Self.name(prior), Self.name(other)]
        case .identity(.withdrawn(let identifier)): [Self.name(identifier)]
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
                try PatientFeedEvent.read(message, event: header.event, authorities: settings.authorities))
        }
        let event = try DocumentFeedEvent.read(
            message, type: header.type, event: header.event, bytesMax: limits.documentBytesMax)
        let mapping = FeedDocumentMapping(settings: settings, limits: limits, labeler: labeler)
        let (document, places) = try mapping.document(event, header)
        return .document(document, places)
    }
}
