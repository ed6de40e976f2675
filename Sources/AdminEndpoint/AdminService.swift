import ExchangeCore
import GossipDirectory
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Transactions

/// The administrator's commands over HTTP on a Unix socket, for the node's user, root, and the administrators of `node.yaml`.
///
/// | Route | Policy |
/// |---|---|
/// | `POST /admin/<command>` (`AdminCommand`) | whom the kernel names (`AdministratorDesk`); door `administration`, shown no documents |
package struct AdminService: Sendable {
    /// Bytes of one command's body.
    package static let requestBytesMax = 4 << 20

    let exchange: Exchange
    let vitals: NodeVitals
    let desk: AdministratorDesk

    /// The commands of one node.
    package init(exchange: Exchange, vitals: NodeVitals, desk: AdministratorDesk) {
        self.desk = desk
        self.exchange = exchange
        self.vitals = vitals
    }

    /// The routes, for a listener of their own.
    package func router() -> Router<AdminContext> {
        let router = Router(context: AdminContext.self)
        router.add(middleware: ErrorsAsJSON(logger: exchange.logger))
        for command in AdminCommand.allCases {
            router.post(RouterPath(command.path)) { request, context in try await self.serve(command, request, context) }
        }
        return router
    }

    private func serve(_ command: AdminCommand, _ request: Request, _ connection: AdminContext) async throws -> Response {
        let account = await connection.peerUser()
        let standing = desk.standing(of: account)
        guard standing != .stranger else { throw AdministratorDesk.unknown }
        let context = context(of: request, standing)
        exchange.logger.debug("command", metadata: ["command": "\(command.rawValue)", "trace_id": "\(context.traceID)"])
        let call = AdminCall(arguments: try await arguments(of: request), context: context, account: account)
        if desk.waits.contains(command) {
            return Self.response(.accepted, try await wait(command, call, account: account))
        }
        let answer = try await answer(command, call)
        guard !answer.tickets.contains(where: \.isCut) else {
            for ticket in answer.tickets { ticket.end() }
            throw ExchangeError(.conflict, "the patient's consent changed while the answer was made; ask again")
        }
        return Self.response(.ok, answer.json, tickets: answer.tickets)
    }

    func answer(_ command: AdminCommand, _ call: AdminCall) async throws -> AdminAnswer {
        switch command {
        case .nodeStatus: try await status()
        case .nodeHealth: health()
        case .nodeLimits: askers()
        case .peerList: peers()
        case .peerShow: try peer(call)
        case .directoryList: directoryRecords()
        case .directoryExport: directoryExport()
        case .directoryShow: try directoryRecord(call)
        case .directoryDoctor: try directoryDoctor(call)
        case .directoryWatch: directoryLines(call)
        case .directoryLeave: try await directoryEvent(.left)
        case .directoryAdopt: try await directoryEvent(.adopted)
        case .directoryAdmit: try await directoryEvent(.admitted(try call.text("admission")))
        case .directoryRevoke: try await directoryEvent(.revoked(try call.text("revocation")))
        case .peerBlock: try await directoryEvent(.blocked(try call.community(), call.arguments["blocked"]?.bool ?? true))
        case .peerPing: try await ping(call)
        case .patientAdd: try await addPatient(call)
        case .patientShow: try await showPatient(call)
        case .patientFind: try await findPatients(call)
        case .patientGolden: try await goldenPatient(call)
        case .patientImport: try await importPatients(call)
        case .patientPersons: try await personsOfPatients(call)
        case .patientExplain, .patientLookUp, .patientReviews, .patientReview, .patientHistory, .patientAct, .patientModels,
            .patientLearn, .patientActivate, .patientRecheck:
            AdminAnswer(
                try await IdentityCommands(exchange.desk).answer(command, call.arguments, actor: call.context.user))
        case .consentRecord: try await recordConsent(call)
        case .consentRevoke: try await revokeConsent(call)
        case .consentList: try await consents(call)
        case .consentShow: try await consent(call)
        case .consentHistory: try await consentHistory(call)
        case .consentExplain: try await explainConsent(call)
        case .consentCompare: try await compareConsent(call)
        case .alertList: try await alerts(call)
        case .alertReview: try await act(.review, call)
        case .alertClose: try await act(.close, call)
        case .auditPatient: try await accessLog(call)
        case .auditProve: try await proveEntries(call)
        case .auditKeys: try await logKeys()
        case .auditWitness: try await witnessedLogs()
        case .auditSearch: try await searchAudit(call)
        case .auditReplay: try await replayJournal(call)
        case .retentionPlan: try await retentionPlan(call)
        case .retentionApply: try await applyRetention(call)
        case .retentionHold: try await setHold(call, isHeld: true)
        case .retentionRelease: try await setHold(call, isHeld: false)
        case .retentionHolds: try await legalHolds()
        case .retentionErase: try await erase(call)
        case .feedStatus: feedStatus()
        case .feedLetters: try feedLetters(call)
        case .feedLetter: try await feedLetter(call)
        case .feedRetry: try await retryLetter(call)
        case .feedUndelivered: undelivered()
        case .feedSendAgain: try sendAgain(call)
        case .approveList: try await changes(call)
        case .approveShow: try await change(call)
        case .approveAccept: try await acceptChange(call)
        case .approveReject: try await rejectChange(call)
        case .auditVerify: try await verifyJournal()
        case .journalEnd: journalEnd()
        case .certificateReload: try await reloadCertificates()
        case .configReload: try await reloadConfiguration(call)
        case .keyringRotate: try await rotateKeyring()
        case .journalRotateKey: try await rotateLogKey(call)
        case .nodeReopen: try await reopen(call)
        }
    }

    /// The administrator as the road knows them: this node's own community, the facility, health care operations.
    /// A person goes by the name the kernel's account has, whatever their command says; root and the node's own user say on
    /// whose behalf.
    private func context(of request: Request, _ standing: AdministratorDesk.Standing) -> AccessContext {
        func header(_ name: String) -> String? {
            guard let name = HTTPField.Name(name), let value = request.headers[name],
                (1...128).contains(value.utf8.count)
            else { return nil }
            return value
        }
        let user: String
        if case .person(let name) = standing { user = name } else { user = header(AdminHeaders.user) ?? "administrator" }
        return AccessContext(
            door: .administration, user: user, role: "administrator",
            organization: exchange.settings.name, community: exchange.settings.community,
            purpose: header(AdminHeaders.purpose) ?? "HOPERAT", deadline: exchange.world.uptime() + .seconds(60),
            traceID: exchange.world.newTraceID())
    }

    private func arguments(of request: Request) async throws -> JSONObject {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.requestBytesMax {
            throw Self.tooLarge
        }
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= Self.requestBytesMax else { throw Self.tooLarge }
            bytes += part.readableBytesView
        }
        if bytes.isEmpty { return [:] }
        let json: JSONValue
        do {
            json = try JSONReader.read(bytes)
        } catch {
            throw ExchangeError(.badRequest, "the body is not JSON: \(error.message)", at: "byte \(error.offset)")
        }
        guard let object = json.object else {
            throw ExchangeError(.badRequest, "the body must be a JSON object", at: "byte 0")
        }
        return object
    }

    private static let tooLarge = ExchangeError(.tooLarge, "a command's body has at most \(requestBytesMax) bytes")

    /// An answer that ends its tickets when the last byte was handed to the connection, or could not be.
    static func response(
        _ status: HTTPResponse.Status, _ json: JSONValue, tickets: [AnswersUnderWay.Ticket] = [],
    ) -> Response {
        let bytes = JSONWriter.bytes(json)
        let body = ResponseBody(contentLength: bytes.count) { writer in
            defer { for ticket in tickets { ticket.end() } }
            try await writer.write(ByteBuffer(bytes: bytes))
            try await writer.finish(nil)
        }
        return Response(status: status, headers: [.contentType: "application/json"], body: body)
    }
}

/// Every failure as JSON, never an empty body; what is not of the closed list is a fault of ours and goes to the log.
struct ErrorsAsJSON: RouterMiddleware {
    typealias Context = AdminContext
    let logger: Logger

    func handle(
        _ request: Request, context: AdminContext, next: (Request, AdminContext) async throws -> Response,
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as ExchangeError {
            return answer(error, status: AdminError.status(error.code))
        } catch let error as HTTPError {
            let isUnknown = error.status == .notFound
            let message =
                isUnknown ? "there is no such command; this node may be older than the program" : "not understood"
            return answer(ExchangeError(isUnknown ? .notFound : .badRequest, message), status: error.status)
        } catch {
            logger.error("a command failed", metadata: ["error": "\(type(of: error))"])
            return answer(
                ExchangeError(.internal, "the command failed; see the node's log"), status: .internalServerError)
        }
    }

    private func answer(_ error: ExchangeError, status: HTTPResponse.Status) -> Response {
        AdminService.response(status, AdminError.json(error))
    }
}
