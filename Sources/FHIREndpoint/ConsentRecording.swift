import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import Transactions

extension FHIRService {
    /// ITI-108 create: `POST Consent`; 201 once it is durable and binds every answer.
    func createConsent(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        // A condition that was ignored would record twice what was meant once.
        guard exchanged.request.headers[.ifNoneExist] == nil else {
            throw .exchange(ExchangeError(.badRequest, "If-None-Exist is not supported; search, then create"))
        }
        let consent = try await consent(&exchanged)
        let recorded = try await asking { () throws(ExchangeError) in
            try await exchange.createConsent(consent, for: context)
        }
        var answer = answer(.created, recorded, to: exchanged)
        answer.headers[.location] = "\(base)/Consent/\(recorded.id)/_history/\(recorded.number)"
        return answer
    }

    /// ITI-108 update: `PUT Consent/[id]` with `If-Match`; 412 when somebody was faster.
    func updateConsent(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let headers = exchanged.request.headers
        guard let condition = headers[.ifMatch] else {
            throw .exchange(
                ExchangeError(.badRequest, "an update names the version it changes: If-Match: W/\"1\", as read"))
        }
        guard let version = VersionTag.number(condition) else {
            throw .exchange(ExchangeError(.badRequest, "If-Match takes one tag such as W/\"1\""))
        }
        guard headers[.ifNoneMatch] == nil else {
            throw .preconditionFailed("an update is of what is there; If-None-Match cannot hold")
        }
        let consent = try await consent(&exchanged)
        guard let id = exchanged.id, consent["id"]?.string.map({ $0.utf8.elementsEqual(id.utf8) }) ?? false else {
            throw .exchange(ExchangeError(.badRequest, "the id in the body is the one in the path", at: "Consent.id"))
        }
        guard let directive = DirectiveID(id) else { throw Self.noConsent }
        let update = try await asking { () throws(ExchangeError) in
            try await exchange.updateConsent(directive, to: consent, from: version, for: context)
        }
        switch update {
        case .recorded(let recorded): return answer(.ok, recorded, to: exchanged)
        case .stale(let current):
            throw .preconditionFailed("the directive has version \(current) by now; read it, then update that")
        }
    }

    /// ITI-108 read and vread: `GET Consent/[id]`, `GET Consent/[id]/_history/[version]`.
    ///
    /// A 304 tells as much as a 200: it is journaled first, like one.
    func readConsent(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        // No id of ours, no version of ours: asked for like one that is unknown, so that the road is the same.
        let id = exchanged.id.flatMap { DirectiveID($0) } ?? DocumentSearch.zero(DirectiveSubject.self)
        var version: Int?
        if exchanged.route?.operation == .readConsentVersion {
            version = exchanged.query?.segments.last.flatMap { VersionTag.decimal($0) } ?? 0
        }
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.readConsent(id, version: version, for: context)
        }
        guard let shown = found.versions.first else {
            for ticket in found.tickets { ticket.end() }
            throw Self.noConsent
        }
        let etag = VersionTag.text(shown.number)
        if let condition = exchanged.request.headers[.ifNoneMatch], EntityTag.isNamed(etag, by: condition) {
            var answer = Answer(empty: .notModified, tickets: found.tickets)
            answer.headers[.eTag] = etag
            return answer
        }
        var answer = Answer(.ok, json: ByteBuffer(bytes: shown.resource), tickets: found.tickets)
        mark(&answer, as: shown)
        return answer
    }

    /// ITI-108 history: `GET Consent/[id]/_history`, newest first, all on one page.
    func consentHistory(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        let id = exchanged.id.flatMap { DirectiveID($0) } ?? DocumentSearch.zero(DirectiveSubject.self)
        let found = try await asking { () throws(ExchangeError) in try await exchange.consentHistory(id, for: context) }
        do {
            let entries = try found.versions.map { version throws(ExchangeError) in
                BundleEntry(
                    fullUrl: "\(base)/Consent/\(version.id)", resource: try version.json,
                    request: version.number == 1
                        ? .init(method: "POST", url: "Consent")
                        : .init(method: "PUT", url: "Consent/\(version.id)"),
                    response: .init(
                        status: version.number == 1 ? "201" : "200", etag: VersionTag.text(version.number),
                        lastModified: version.recorded))
            }
            let bundle = Bundle.bundle(
                type: "history", total: entries.count, links: [.init("self", "\(base)/Consent/\(id)/_history")],
                entries: entries)
            return Answer(.ok, resource: bundle, tickets: found.tickets)
        } catch {
            for ticket in found.tickets { ticket.end() }
            throw .exchange(error)
        }
    }

    /// The same words as the exchange's, so that a malformed id is not told from an unknown one.
    private static let noConsent = EdgeRefusal.exchange(
        ExchangeError(.notFound, "no consent directive of that id is recorded here; see hie consent list"))

    /// The body as a Consent that is not too large.
    private func consent(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> JSONObject {
        let reading = BodyReading(
            limits: exchange.settings.limits, bytesMax: DirectiveRules.bytesMax, uptime: exchange.world.uptime)
        let resource = try await exchanged.resource(reading, limits: exchange.settings.limits)
        guard resource.type == "Consent" else {
            throw .exchange(ExchangeError(.badRequest, "send a Consent (ITI-108)", at: "resourceType"))
        }
        return resource.json
    }

    private func answer(_ status: HTTPResponse.Status, _ recorded: ConsentVersion, to exchanged: EdgeRequest) -> Answer {
        var answer: Answer
        switch Negotiation.preferredReturn(exchanged.request.headers) {
        case .minimal: answer = Answer(empty: status)
        case .representation: answer = Answer(status, json: ByteBuffer(bytes: recorded.resource))
        case .outcome:
            let text = "recorded as version \(recorded.number)"
            answer = Answer(status, outcome: OperationOutcome([.init(.information, "informational", details: text)]))
        }
        mark(&answer, as: recorded)
        return answer
    }

    private func mark(_ answer: inout Answer, as version: ConsentVersion) {
        answer.headers[.eTag] = VersionTag.text(version.number)
        answer.headers[.lastModified] = HTTPDate.format(version.recorded)
    }
}

/// A version as an entity tag: `W/"3"` (R4, http.html 3.1.0.1.5).
enum VersionTag {
    /// The tag of a version.
    static func text(_ version: Int) -> String { "W/\"\(version)\"" }

    /// The version of one tag, weak or strong; nil for anything else.
    static func number(_ tag: String) -> Int? {
        var text = Substring(tag.filter { $0 != " " && $0 != "\t" })
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        guard text.utf8.count > 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return nil }
        return decimal(String(text.dropFirst().dropLast()))
    }

    /// A positive number of at most nine digits without leading zeros or signs; nil for anything else.
    static func decimal(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text.utf8.first != 0x30
        else { return nil }
        return Int(text)
    }
}
