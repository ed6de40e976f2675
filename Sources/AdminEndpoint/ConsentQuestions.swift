import ConsentEngine
import ExchangeCore
import GossipDirectory
import JSON
import Transactions

extension AdminService {
    /// `hie consent explain`: what a requester would get, and why.
    func explainConsent(_ call: AdminCall) async throws -> AdminAnswer {
        let patient = try await patient(call)
        var document: DocumentID?
        if let text = try call.optionalText("document") {
            guard let id = DocumentID(text) else {
                throw ExchangeError(.badRequest, "this is no document's id; see hie document find", at: "document")
            }
            document = id
        }
        let requester = requester(
            user: try call.text("user"), role: try call.optionalText("role"), organization: try call.text("organization"),
            purpose: try call.optionalText("purpose"), for: call.context)
        let (documents, ticket) = try await exchange.explainConsent(
            of: patient, document: document, to: requester, for: call.context)
        var object = Self.json(requester)
        object["patient"] = .string(patient.description)
        object["default"] = .string(exchange.settings.consentDefault.rawValue)
        object["documents"] = .array(documents.map(Self.json))
        object["needsReason"] = .bool(EmergencyAccess.isDeclared(requester))
        return AdminAnswer(.object(object), tickets: [ticket])
    }

    /// `hie consent what-if`: what each community and role would gain or lose.
    func compareConsent(_ call: AdminCall) async throws -> AdminAnswer {
        let (consent, named) = try await stated(call)
        let draft = try await exchange.draftConsent(consent, patient: named, for: call.context)
        let requesters = try requesters(draft, call)
        var elsewhere: [CommunityPreview] = []
        if call.arguments["here"] != true {
            elsewhere = try await exchange.previewElsewhere(
                draft, as: consent, requesters: requesters, for: call.context)
        }
        let (comparison, documents, ticket) = try await exchange.compareConsent(
            of: draft.patient, with: draft, requesters: requesters, for: call.context)
        let names = Dictionary(
            exchange.directory.communities(at: exchange.world.now()).map { ($0.community, $0.name) }
        ) { first, _ in first }
        func ids(_ ids: [DocumentID]) -> JSONValue { .array(ids.map { .string($0.description) }) }
        return AdminAnswer(
            [
                "patient": .string(draft.patient.description), "documents": .number(String(documents.count)),
                "replaces": .bool(draft.version > 1),
                "changes": .array(
                    comparison.changes.map { change in
                        var object = Self.json(change.requester)
                        let isOwn = change.requester.community == exchange.settings.community
                        object["name"] = .string(
                            names[change.requester.community] ?? (isOwn ? exchange.settings.name : ""))
                        object["gained"] = ids(change.gained)
                        object["lost"] = ids(change.lost)
                        object["permitted"] = .number(String(change.permitted))
                        return .object(object)
                    }),
                "elsewhere": .array(elsewhere.map { Self.json($0, requesters) }),
            ], tickets: [ticket])
    }

    private static func json(_ elsewhere: CommunityPreview, _ requesters: [AccessContext]) -> JSONValue {
        let answer = elsewhere.answer
        var object: JSONObject = [
            "community": .string(answer.community.urn), "name": .string(answer.name), "answer": .string(answer.word),
            "sentence": .string(answer.sentence),
        ]
        guard let preview = elsewhere.preview else { return .object(object) }
        func number(_ value: Int) -> JSONValue { .number(String(value)) }
        object["documents"] = number(preview.documents)
        object["changes"] = .array(
            zip(requesters, preview.changes).map { requester, change in
                var row = json(requester)
                row["gained"] = number(change.gained)
                row["lost"] = number(change.lost)
                row["permitted"] = number(change.permitted)
                return .object(row)
            })
        return .object(object)
    }

    /// Every community of the directory with every role and purpose asked for, or named by the draft.
    private func requesters(_ draft: ConsentDirective, _ call: AdminCall) throws(ExchangeError) -> [AccessContext] {
        let arguments = JSONValue.object(call.arguments)
        var roles = try call.texts("roles", of: arguments)
        var purposes = try call.texts("purposes", of: arguments)
        var organizations: [String] = []
        for rule in [draft.base] + draft.exceptions {
            for actor in rule.actors {
                switch actor {
                case .role(let name): if roles.count < 8, !roles.contains(name) { roles.append(name) }
                case .organization(let name): organizations.append(name)
                case .practitioner, .treating: break
                }
            }
            for purpose in rule.purposes.map(\.code) where purposes.count < 8 && !purposes.contains(purpose) {
                purposes.append(purpose)
            }
        }
        if roles.isEmpty || !roles.contains("physician") { roles.insert("physician", at: 0) }
        if purposes.isEmpty { purposes = ["TREAT"] }
        var asking = exchange.directory.communities(at: exchange.world.now()).map(\.community.urn)
        let own = exchange.settings.community.urn
        if !asking.contains(own) { asking.insert(own, at: 0) }
        for name in organizations where asking.count < 500 && !asking.contains(name) { asking.append(name) }
        return asking.flatMap { organization in
            roles.flatMap { role in
                purposes.map { purpose in
                    requester(
                        user: "", role: role, organization: organization, purpose: purpose, for: call.context)
                }
            }
        }
    }

    /// Somebody who is supposed to ask: a community's own URN puts them behind that community's node.
    private func requester(
        user: String, role: String?, organization: String, purpose: String?, for context: AccessContext,
    ) -> AccessContext {
        let own = exchange.settings.community
        let named = CommunityID(organization)
        let known = exchange.directory.communities(at: exchange.world.now()).map(\.community)
        let community = named.flatMap { known.contains($0) ? $0 : nil } ?? own
        return AccessContext(
            door: community == own ? .client : .peer, user: user, role: role,
            organization: named?.urn ?? organization, community: community, purpose: purpose,
            deadline: context.deadline, traceID: context.traceID)
    }

    private static func json(_ requester: AccessContext) -> JSONObject {
        var object: JSONObject = [
            "organization": .string(requester.organization), "community": .string(requester.community.urn),
        ]
        if !requester.user.isEmpty { object["user"] = .string(requester.user) }
        object["role"] = requester.role.map { .string($0) }
        object["purpose"] = requester.purpose.map { .string($0) }
        return object
    }

    private static func json(_ explained: ExplainedDocument) -> JSONValue {
        let document = explained.document
        var object: JSONObject = [
            "id": .string(document.id.description), "effect": .string(explained.explanation.effect.rawValue),
        ]
        object["type"] = document.typeCode.map { .string($0.code) }
        object["date"] = (document.serviceStart ?? document.creation).map { .string($0.text) }
        object["confidentiality"] = .string(document.labels.confidentiality.rawValue)
        object["sensitivities"] = .array(document.labels.sensitivities.map { .string($0) })
        object["steps"] = .array(explained.explanation.steps.map { .string($0) })
        object["wouldChange"] = .array(explained.explanation.wouldChange.map { .string($0) })
        return .object(object)
    }
}
