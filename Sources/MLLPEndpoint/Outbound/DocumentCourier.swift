import ExchangeCore
import HL7v2
import Journal
import Transactions
import XDSMetadata

/// Carries documents to a receiver as MDM messages: each decided by consent when it leaves, and journaled first.
package struct DocumentCourier: OutboxCourier {
    private let settings: ReceiverSettings
    private let exchange: Exchange
    private let sender: MLLPSender

    /// A courier to one receiver.
    package init(_ settings: ReceiverSettings, exchange: Exchange, sender: MLLPSender) {
        self.settings = settings
        self.exchange = exchange
        self.sender = sender
    }

    package var receiver: String { settings.name }

    package func parcels(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> (
        parcels: [Parcel<DocumentID>], next: JournalPosition
    ) {
        let (entries, next) = try await exchange.reader.entries(from: position, limit: limit) { kind, _ in kind == .submission }
        var parcels: [Parcel<DocumentID>] = []
        for entry in entries where !entry.isErased {
            let record = try SubmissionRecord(payload: entry.payload, base: exchange.settings.clientBase)
            guard !isOwn(record.author?.user) else { continue }
            for (part, document) in record.entries.enumerated() where isWanted(document) {
                parcels.append(Parcel(entry: entry.position, part: part, recorded: entry.time, content: document.id))
            }
        }
        return (parcels, next)
    }

    package func send(_ parcel: Parcel<DocumentID>, number: UInt64) async -> OutboxVerdict {
        do throws(ExchangeError) {
            // First the connection: nothing is decided and written down for a receiver that is not there.
            let link = try await sender.connect()
            guard let document = try await exchange.sendDocument(parcel.content, by: "MDM", for: context()) else {
                return .withheld
            }
            defer { document.ticket.end() }
            document.ticket.onCut { link.close() }
            guard !document.ticket.isCut else { return .later("consent is changing; the document is decided about anew") }
            let message = message(document)
            let answer = try await link.ask(message.bytes, within: MLLPSender.answerMax)
            let verdict = Self.verdict(of: answer, to: message.controlID)
            if case .later = verdict { link.close() }
            return verdict
        } catch {
            return .later(error.message)
        }
    }

    /// Whether a document was brought by a feed that the receiver itself sends.
    private func isOwn(_ user: String?) -> Bool {
        guard let user else { return false }
        return settings.notFrom.contains { user == "feed " + $0 || user.hasPrefix("feed \($0) (") }
    }

    private func isWanted(_ document: DocumentEntry) -> Bool {
        settings.types.isEmpty || document.typeCode.map { settings.types.contains($0.code) } ?? false
    }

    private func context() -> AccessContext {
        AccessContext(
            door: .client, user: settings.user, role: settings.role, organization: exchange.settings.community.urn,
            community: exchange.settings.community, purpose: settings.purpose,
            deadline: exchange.world.uptime() + MLLPSender.answerMax, traceID: exchange.world.newTraceID())
    }

    private func message(_ document: SentDocument) -> DocumentMessage {
        let entry = document.entry
        let event: DocumentMessage.Event =
            document.parent == nil ? .original : document.parentKind == .appends ? .addendum : .replacement
        var message = DocumentMessage(
            event,
            parties: .init(
                sendingApplication: "CONCORDAT", sendingFacility: exchange.settings.name,
                receivingApplication: settings.application, receivingFacility: settings.facility),
            time: exchange.world.now(), controlID: Self.controlID(entry.id), identifiers: document.patient.identifiers,
            demographics: document.patient.demographics, authority: exchange.settings.community.oid, number: entry.uniqueID,
            confidentiality: entry.labels.confidentiality, mediaType: entry.mimeType, content: document.bytes)
        message.parent = document.parent
        message.type = entry.typeCode
        message.service = entry.serviceStart
        message.written = entry.creationTime
        message.authors = entry.authors.prefix(20).filter { $0.person != nil || $0.personIdentifier != nil }.map {
            ($0.person, $0.personIdentifier)
        }
        return message
    }

    /// The last 20 hexadecimal digits of a document's id: those that are drawn by chance.
    static func controlID(_ id: DocumentID) -> String { String(Hexadecimal.encode(id.bytes).suffix(20)) }

    /// What an acknowledgement says of the message that was sent.
    ///
    /// What the receiver holds against the message stays so; that it is out of order, busy or another's answer does not.
    static func verdict(of answer: [UInt8], to controlID: String) -> OutboxVerdict {
        guard let message = try? MessageReader.read(answer), let segment = message.first("MSA"),
            let code = (try? segment.field(1).text()).flatMap(\.self).flatMap(AcknowledgementCode.init)
        else { return .later("the receiver's answer is no acknowledgement") }
        guard (try? segment.field(2).text()).flatMap(\.self) == controlID else {
            return .later("the receiver acknowledged another message")
        }
        let error = message.first("ERR")
        let found = [error?.field(3).component(1), error?.field(1).component(4).subcomponent(1)].compactMap {
            ($0.flatMap { try? $0.text() }).flatMap(\.self).flatMap { Int($0) }
        }.first
        let condition = found.flatMap(HL7Error.Condition.init)
        let words = condition.map { "\(code.rawValue): \($0.text)" } ?? code.rawValue
        switch code {
        case .applicationAccept, .commitAccept: return .taken
        case .applicationReject, .commitReject, .applicationError, .commitError:
            switch condition {
            case .recordLocked, .applicationError: return .later("the receiver answers \(words)")
            case nil where code == .applicationReject || code == .commitReject:
                return .later("the receiver answers \(words)")
            default: return .refused("the receiver answers \(words)")
            }
        }
    }
}
