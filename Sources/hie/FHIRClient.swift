import ExchangeCore
import FHIRModel
import JSON
import PeerTransport

/// A clinician's or a facility's way to a node: FHIR over mutual TLS, with the user's token.
struct FHIRClient: Sendable {
    /// A form or a resource to send.
    enum Content: Sendable {
        /// FHIR JSON.
        case resource(JSONObject)
        /// A search by POST, so that no identifier stands in an address.
        case form([(name: String, value: String)])
    }

    let settings: ClientSettings
    private let way: HTTPWay

    init(_ options: ServerOptions) throws(CommandFailure) {
        settings = try ClientSettings(options)
        way = try HTTPWay(settings)
    }

    /// Posts to a path below the base and returns the resource that came back.
    ///
    /// - Parameter isRepeatable: whether it may be sent twice; only questions may.
    func post(_ path: String, _ content: Content, isRepeatable: Bool = true) async throws -> JSONObject {
        var request = ClientRequest(.post, settings.basePath + path, isRepeatable: isRepeatable)
        request.headers = [("accept", Self.fhirJSON), ("prefer", "return=representation")]
        switch content {
        case .resource(let resource):
            request.headers.append(("content-type", Self.fhirJSON))
            request.body = JSONWriter.bytes(.object(resource))
        case .form(let fields):
            request.headers.append(("content-type", "application/x-www-form-urlencoded"))
            request.body = Array(Self.form(fields).utf8)
        }
        return try resource(await send(request))
    }

    /// Creates a resource unless one answers the search (`If-None-Exist`); returns what is there then, and whether it is new.
    func create(_ path: String, _ resource: JSONObject, unless search: [(name: String, value: String)])
        async throws -> (resource: JSONObject, isNew: Bool)
    {
        // Repeating it does no harm: the second finds what the first made.
        var request = ClientRequest(.post, settings.basePath + path)
        request.headers = [
            ("accept", Self.fhirJSON), ("content-type", Self.fhirJSON), ("prefer", "return=representation"),
            ("if-none-exist", Self.form(search)),
        ]
        request.body = JSONWriter.bytes(.object(resource))
        let reply = try await send(request)
        return (try self.resource(reply), reply.status == 201)
    }

    /// Every page of a search, the first first; at most a thousand.
    func search(_ path: String, _ fields: [(name: String, value: String)]) async throws -> [JSONObject] {
        try await pages(behind: try await post(path, .form(fields)))
    }

    /// The first page of a search whose answer is waited for so long, whatever is missing then.
    func begin(_ path: String, _ fields: [(name: String, value: String)], within time: Duration) async throws -> JSONObject {
        var request = ClientRequest(.post, settings.basePath + path, isRepeatable: false)
        request.headers = [
            ("accept", Self.fhirJSON), ("content-type", "application/x-www-form-urlencoded"),
            ("request-timeout", Self.seconds(time)),
        ]
        request.body = Array(Self.form(fields).utf8)
        return try resource(await send(request))
    }

    /// What has come of a search since a page of it, waited for so long; nil when nothing more can come.
    func goOn(with page: JSONObject, within time: Duration) async throws -> JSONObject? {
        guard let link = Self.link("monitor", page) else { return nil }
        return try await follow(link, within: time)
    }

    /// A page and those that follow it; at most a thousand.
    func pages(behind first: JSONObject) async throws -> [JSONObject] {
        var pages = [first]
        while let next = pages.last.flatMap({ Self.link("next", $0) }), pages.count < 1000 {
            pages.append(try await follow(next, within: nil))
        }
        return pages
    }

    /// A link that the node gave; one that leads elsewhere is refused, since the token is not for it.
    private func follow(_ link: String, within time: Duration?) async throws -> JSONObject {
        guard let (origin, target) = ServerOrigin.read(link), origin == settings.origin else {
            throw CommandFailure(.failed, "the node's next page is on another server", hint: "ask its administrator")
        }
        var request = ClientRequest(.get, target, headers: [("accept", Self.fhirJSON)])
        if let time { request.headers.append(("request-timeout", Self.seconds(time))) }
        return try resource(await send(request))
    }

    private static func seconds(_ time: Duration) -> String {
        let milliseconds = min(max(time.wholeMilliseconds, 50), 30_000)
        return "\(milliseconds / 1000)." + String(String(1000 + milliseconds % 1000).dropFirst())
    }

    private static func link(_ relation: String, _ bundle: JSONObject) -> String? {
        (bundle["link"]?.items ?? []).first { $0["relation"]?.string == relation }?["url"]?.string
    }

    /// The exact bytes at an address of this server, and their media type.
    func bytes(at target: String) async throws -> ClientResponse {
        let reply = try await send(ClientRequest(.get, target, headers: [("accept", "*/*")]))
        guard reply.status == 200 else { throw failure(reply) }
        return reply
    }

    private static let fhirJSON = "application/fhir+json; fhirVersion=4.0"

    private func send(_ request: ClientRequest) async throws -> ClientResponse {
        var request = request
        if let token = settings.token { request.headers.append(("authorization", "Bearer " + token)) }
        do {
            return try await way.send(request, within: .seconds(120))
        } catch {
            guard error.code == .unavailable || error.code == .timeout else { throw CommandFailure(error) }
            if error.message == ExchangeError.brokenAnswer.message {
                throw CommandFailure(
                    .damaged, "the answer broke off: what it brings was damaged on its way, or the connection was cut",
                    hint: "nothing of it was kept; try again, and see the node's log for what came from another community")
            }
            throw CommandFailure(
                .unreachable, "\(settings.origin.text): \(error.description)",
                hint: "check --server, that the node runs, and that the certificates are of that facility")
        }
    }

    private func resource(_ reply: ClientResponse) throws -> JSONObject {
        guard (200...299).contains(reply.status) else { throw failure(reply) }
        guard let resource = (try? JSONReader.read(reply.body, limits: JSONLimits(nodesMax: 5_000_000)))?.object else {
            throw CommandFailure(.failed, "the node's answer is not understood", hint: "check --server")
        }
        return resource
    }

    /// What an answer's status means for the command, in the words of its OperationOutcome.
    private func failure(_ reply: ClientResponse) -> CommandFailure {
        let outcome = (try? JSONReader.read(reply.body))?.object.map(OperationOutcome.init(json:))
        var text = outcome?.issues.compactMap { $0.details ?? $0.diagnostics }.joined(separator: "; ") ?? ""
        if let place = outcome?.issues.first?.expression.first { text += " (\(place))" }
        if text.isEmpty { text = "the node answered with status \(reply.status)" }
        return switch reply.status {
        case 401:
            CommandFailure(
                .unauthenticated, "the node does not accept the token or the certificate",
                hint: "a token lasts an hour and belongs to one certificate: hie token issue makes a new one")
        case 403: CommandFailure(.refused, text, hint: "ask the facility's administrator")
        case 404, 410, 422: CommandFailure(.notFound, text)
        case 409, 412: CommandFailure(.conflict, text)
        case 408, 429, 502, 503, 504: CommandFailure(.unreachable, text, hint: "try again in a moment")
        default: CommandFailure(.failed, text)
        }
    }

    /// `application/x-www-form-urlencoded` (WHATWG URL 5.2): everything but letters, digits, `-`, `.`, `_` is escaped.
    static func form(_ fields: [(name: String, value: String)]) -> String {
        func escaped(_ text: String) -> String {
            var result: [UInt8] = []
            for byte in text.utf8 {
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: result.append(byte)
                default: result += Array(("%" + Hexadecimal.encode([byte]).uppercased()).utf8)
                }
            }
            return String(decoding: result, as: UTF8.self)
        }
        return fields.map { escaped($0.name) + "=" + escaped($0.value) }.joined(separator: "&")
    }
}
