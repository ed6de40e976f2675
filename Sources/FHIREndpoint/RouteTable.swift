import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import Transactions

/// What a route does; one handler each.
package enum EdgeOperation: String, CaseIterable, Sendable {
    /// `GET metadata`.
    case capabilities
    /// ITI-65.
    case provideBundle
    /// ITI-105.
    case simplifiedPublish
    /// ITI-106.
    case generateMetadata
    /// ITI-67.
    case searchDocuments
    /// ITI-67 by id.
    case readDocument
    /// ITI-66.
    case searchLists
    /// ITI-66 by id.
    case readList
    /// ITI-68.
    case retrieveDocument
    /// Read of a Patient.
    case readPatient
    /// Read of one version of a Patient.
    case readPatientVersion
    /// Versions of one Patient.
    case patientHistory
    /// ITI-78.
    case searchPatients
    /// ITI-83.
    case crossReference
    /// ITI-104: registration, update, merge.
    case feedPatient
    /// ITI-104: a record is in use no more.
    case withdrawPatient
    /// ITI-119.
    case matchPatients
    /// `$mdm-query-links`.
    case queryLinks
    /// `$mdm-link-history`.
    case linkHistory
    /// `$mdm-update-link` and its like: a steward's word.
    case decideLink
    /// `CodeSystem/$validate-code`.
    case validateCode
    /// `CodeSystem/$lookup`.
    case lookUpCode
    /// `ValueSet/$expand`.
    case expandValueSet
    /// `GET openapi.json`.
    case openAPI
    /// ITI-108 create.
    case createConsent
    /// ITI-108 update.
    case updateConsent
    /// ITI-108 read.
    case readConsent
    /// ITI-108 read of one version.
    case readConsentVersion
    /// ITI-108 versions of one directive.
    case consentHistory
    /// ITI-108 search.
    case searchConsents
    /// ITI-110 create.
    case createSubscription
    /// ITI-110 read.
    case readSubscription
    /// ITI-110 delete.
    case deleteSubscription
    /// ITI-113.
    case searchSubscriptions
    /// ITI-20, the feed of audit events.
    case recordAuditEvent
    /// ITI-81.
    case searchAuditEvents
    /// ITI-90 read.
    case readCareService
    /// ITI-90 search.
    case searchCareServices
    /// ITI-91.
    case careServiceHistory
    /// A consent statement that another community brings.
    case receiveStatement
    /// The consent statements that wait for a community which asks.
    case pendingStatements
    /// A log's head that its owner wants cosigned.
    case addCheckpoint
    /// The heads of logs that two nodes hold.
    case exchangeHeads
    /// The proof that this node's log only grew.
    case proveConsistency
    /// What another community's draft of a directive would change here.
    case previewConsent
    /// A token for a system of the facility (SMART Backend Services).
    case issueToken
    /// Where and how tokens are given.
    case smartConfiguration
    /// The keys that sign them.
    case tokenKeys

    /// Whether it is one of the questions whose number is limited. Consent, and what nodes tell each other, never is: a
    /// refusal must come through a flood.
    var isQuestion: Bool {
        switch self {
        case .generateMetadata, .searchDocuments, .readDocument, .searchLists, .readList, .retrieveDocument, .readPatient, .readPatientVersion, .patientHistory,
            .searchPatients, .queryLinks, .linkHistory, .decideLink, .crossReference, .feedPatient, .withdrawPatient, .matchPatients, .provideBundle, .simplifiedPublish, .searchAuditEvents, .recordAuditEvent, .previewConsent,
            .readCareService, .searchCareServices, .careServiceHistory, .validateCode, .lookUpCode, .expandValueSet,
            .createSubscription, .readSubscription, .searchSubscriptions:
            true
        case .capabilities, .createConsent, .updateConsent, .readConsent, .readConsentVersion, .consentHistory,
            .searchConsents, .receiveStatement, .pendingStatements, .addCheckpoint, .exchangeHeads,
            .proveConsistency, .issueToken, .smartConfiguration, .tokenKeys, .openAPI, .deleteSubscription:
            false
        }
    }
}

/// One route: what it answers to, who may knock, and how the CapabilityStatement calls it.
package struct Route: Hashable, Sendable {
    /// What a caller must show.
    package enum Credential: Sendable {
        /// Nothing beyond the listener's TLS.
        case none
        /// The connection's certificate.
        case certificate
        /// The certificate and the token or assertion bound to it.
        case token
    }

    /// `GET`, `POST` or `PUT`.
    package let method: HTTPRequest.Method
    /// Segments below the root; `:id` stands for one id, `:version` for one of its versions.
    package let segments: [String]
    /// What it does.
    package let operation: EdgeOperation
    /// The IHE transaction, where it is one.
    package let transaction: String?
    /// The doors that have it.
    package let doors: Set<AccessContext.Door>
    /// What a caller must show.
    package let credential: Credential
    /// FHIR's word for it: an interaction (`read`, `search-type`, `transaction`) or an operation's name with its `$`.
    package let interaction: String?

    /// For logs and metrics: the path with `:id` for what varies.
    package let pattern: String

    fileprivate init(
        _ method: HTTPRequest.Method, _ path: String, _ operation: EdgeOperation, _ transaction: String? = nil,
        doors: Set<AccessContext.Door>, credential: Credential = .token, interaction: String? = nil,
    ) {
        self.method = method
        segments = path.split(separator: "/").map(String.init)
        self.operation = operation
        self.transaction = transaction
        self.doors = doors
        self.credential = credential
        self.interaction = interaction
        pattern = "/" + path
    }

    /// The resource type it serves; nil for the system's own routes.
    package var resourceType: String? {
        guard segments.count > 1, ResourceTypes.isName(segments[1]), segments[1] != "metadata" else { return nil }
        return segments[1]
    }
}

/// Every route of both doors: what dispatch, the CapabilityStatement and the route inventory of the tests read.
package enum RouteTable {
    /// What a request's method and path come to.
    package enum Match: Sendable {
        /// A route, and the id in its path.
        case route(Route, id: String?)
        /// The path is known with other methods.
        case otherMethod(allowed: [HTTPRequest.Method])
        /// FHIR knows it, this node does not do it.
        case notSupported
        /// Nothing is there.
        case unknown
    }

    private static let client: Set<AccessContext.Door> = [.client]
    private static let both: Set<AccessContext.Door> = [.client, .peer]

    /// The routes, in the order of the CapabilityStatement.
    package static let routes: [Route] = [
        Route(.get, "fhir/metadata", .capabilities, doors: both, credential: .none),
        Route(.post, "fhir", .provideBundle, "ITI-65", doors: client, interaction: "transaction"),
        Route(.post, "fhir/DocumentReference", .simplifiedPublish, "ITI-105", doors: client, interaction: "create"),
        Route(
            .post, "fhir/DocumentReference/$generate-metadata", .generateMetadata, "ITI-106", doors: client,
            interaction: "$generate-metadata"),
        Route(.get, "fhir/DocumentReference", .searchDocuments, "ITI-67", doors: both, interaction: "search-type"),
        Route(
            .post, "fhir/DocumentReference/_search", .searchDocuments, "ITI-67", doors: both, interaction: "search-type"),
        Route(.get, "fhir/DocumentReference/:id", .readDocument, "ITI-67", doors: client, interaction: "read"),
        Route(.get, "fhir/List", .searchLists, "ITI-66", doors: both, interaction: "search-type"),
        Route(.post, "fhir/List/_search", .searchLists, "ITI-66", doors: both, interaction: "search-type"),
        Route(.get, "fhir/List/:id", .readList, "ITI-66", doors: client, interaction: "read"),
        Route(.get, "fhir/Binary/:id", .retrieveDocument, "ITI-68", doors: both, interaction: "read"),
        Route(.get, "fhir/Patient/:id", .readPatient, "ITI-78", doors: both, interaction: "read"),
        Route(.get, "fhir/Patient", .searchPatients, "ITI-78", doors: both, interaction: "search-type"),
        Route(.post, "fhir/Patient/_search", .searchPatients, "ITI-78", doors: both, interaction: "search-type"),
        Route(
            .get, "fhir/Patient/:id/_history/:version", .readPatientVersion, "ITI-78", doors: client,
            interaction: "vread"),
        Route(
            .get, "fhir/Patient/:id/_history", .patientHistory, "ITI-78", doors: client, interaction: "history-instance"),
        Route(.put, "fhir/Patient", .feedPatient, "ITI-104", doors: client, interaction: "update"),
        Route(.delete, "fhir/Patient", .withdrawPatient, "ITI-104", doors: client, interaction: "delete"),
        Route(.get, "fhir/Patient/$ihe-pix", .crossReference, "ITI-83", doors: client, interaction: "$ihe-pix"),
        Route(.post, "fhir/Patient/$ihe-pix", .crossReference, "ITI-83", doors: client, interaction: "$ihe-pix"),
        Route(.post, "fhir/Patient/$match", .matchPatients, "ITI-119", doors: both, interaction: "$match"),
        Route(.get, "fhir/$mdm-query-links", .queryLinks, doors: client, interaction: "$mdm-query-links"),
        Route(.post, "fhir/$mdm-query-links", .queryLinks, doors: client, interaction: "$mdm-query-links"),
        Route(.get, "fhir/$mdm-link-history", .linkHistory, doors: client, interaction: "$mdm-link-history"),
        Route(.post, "fhir/$mdm-link-history", .linkHistory, doors: client, interaction: "$mdm-link-history"),
        Route(.post, "fhir/$mdm-create-link", .decideLink, doors: client, interaction: "$mdm-create-link"),
        Route(.post, "fhir/$mdm-update-link", .decideLink, doors: client, interaction: "$mdm-update-link"),
        Route(
            .post, "fhir/$mdm-merge-golden-resources", .decideLink, doors: client, interaction: "$mdm-merge-golden-resources"),
        Route(.post, "fhir/$mdm-not-duplicate", .decideLink, doors: client, interaction: "$mdm-not-duplicate"),
        Route(.post, "fhir/Consent", .createConsent, "ITI-108", doors: client, interaction: "create"),
        Route(.put, "fhir/Consent/:id", .updateConsent, "ITI-108", doors: client, interaction: "update"),
        Route(.get, "fhir/Consent/:id", .readConsent, "ITI-108", doors: client, interaction: "read"),
        Route(
            .get, "fhir/Consent/:id/_history/:version", .readConsentVersion, "ITI-108", doors: client,
            interaction: "vread"),
        Route(
            .get, "fhir/Consent/:id/_history", .consentHistory, "ITI-108", doors: client,
            interaction: "history-instance"),
        Route(.get, "fhir/Consent", .searchConsents, "ITI-108", doors: client, interaction: "search-type"),
        Route(.post, "fhir/Consent/_search", .searchConsents, "ITI-108", doors: client, interaction: "search-type"),
        Route(.post, "fhir/Subscription", .createSubscription, "ITI-110", doors: client, interaction: "create"),
        Route(.get, "fhir/Subscription/:id", .readSubscription, "ITI-110", doors: client, interaction: "read"),
        Route(.delete, "fhir/Subscription/:id", .deleteSubscription, "ITI-110", doors: client, interaction: "delete"),
        Route(.get, "fhir/Subscription", .searchSubscriptions, "ITI-113", doors: client, interaction: "search-type"),
        Route(.post, "fhir/Subscription/_search", .searchSubscriptions, "ITI-113", doors: client, interaction: "search-type"),
        Route(.post, "fhir/AuditEvent", .recordAuditEvent, "ITI-20", doors: client, interaction: "create"),
        Route(.get, "fhir/AuditEvent", .searchAuditEvents, "ITI-81", doors: client, interaction: "search-type"),
        Route(.post, "fhir/AuditEvent/_search", .searchAuditEvents, "ITI-81", doors: client, interaction: "search-type"),
    ] + [HTTPRequest.Method.get, .post].flatMap { method in
        [
            Route(
                method, "fhir/CodeSystem/$validate-code", .validateCode, doors: client, interaction: "$validate-code"),
            Route(method, "fhir/CodeSystem/$lookup", .lookUpCode, doors: client, interaction: "$lookup"),
            Route(method, "fhir/ValueSet/$expand", .expandValueSet, doors: client, interaction: "$expand"),
        ]
    } + CareServiceType.allCases.flatMap { type in
        [
            Route(
                .get, "fhir/\(type.rawValue)/_history", .careServiceHistory, "ITI-91", doors: client,
                interaction: "history-type"),
            Route(.get, "fhir/\(type.rawValue)/:id", .readCareService, "ITI-90", doors: client, interaction: "read"),
            Route(
                .get, "fhir/\(type.rawValue)", .searchCareServices, "ITI-90", doors: client, interaction: "search-type"),
            Route(
                .post, "fhir/\(type.rawValue)/_search", .searchCareServices, "ITI-90", doors: client,
                interaction: "search-type"),
        ]
    } + [
        Route(.post, "consent-statements", .receiveStatement, doors: [.peer]),
        Route(.post, "consent-statements/pending", .pendingStatements, doors: [.peer]),
        Route(.post, "witness/add-checkpoint", .addCheckpoint, doors: [.peer], credential: .certificate),
        Route(.post, "witness/heads", .exchangeHeads, doors: [.peer], credential: .certificate),
        Route(.post, "witness/consistency", .proveConsistency, doors: [.peer], credential: .certificate),
        Route(.post, "consent-statements/preview", .previewConsent, doors: [.peer]),
        Route(.post, "token", .issueToken, doors: client, credential: .certificate),
        Route(.get, "fhir/.well-known/smart-configuration", .smartConfiguration, doors: client, credential: .none),
        Route(.get, ".well-known/smart-configuration", .smartConfiguration, doors: client, credential: .none),
        Route(.get, ".well-known/oauth-authorization-server", .smartConfiguration, doors: client, credential: .none),
        Route(.get, ".well-known/jwks.json", .tokenKeys, doors: client, credential: .none),
        Route(.get, "openapi.json", .openAPI, doors: client, credential: .none),
    ]

    private static let served: [AccessContext.Door: [Route]] = [
        .client: routes.filter { $0.doors.contains(.client) }, .peer: routes.filter { $0.doors.contains(.peer) },
    ]

    /// The routes of one door.
    package static func routes(of door: AccessContext.Door) -> [Route] { served[door] ?? [] }

    /// Finds what a method and a path's segments mean at a door; `HEAD` goes wherever `GET` does.
    package static func match(_ method: HTTPRequest.Method, _ segments: [String], door: AccessContext.Door) -> Match {
        let wanted = method == .head ? .get : method
        var allowed: [HTTPRequest.Method] = []
        for route in served[door] ?? [] where route.segments.count == segments.count {
            guard let id = id(in: segments, by: route.segments) else { continue }
            if route.method == wanted { return .route(route, id: id.isEmpty ? nil : id) }
            allowed.append(route.method)
        }
        if !allowed.isEmpty { return .otherMethod(allowed: allowed) }
        guard segments.first == "fhir", segments.count > 1 else { return .unknown }
        // What stands where an id does and is none names nothing.
        if (served[door] ?? []).contains(where: { isNamed(segments, by: $0.segments) }) { return .unknown }
        if segments[1].utf8.first == UInt8(ascii: "$") || segments[1] == "_history" { return .notSupported }
        return served[door]?.contains { $0.resourceType == segments[1] } ?? false ? .notSupported : .unknown
    }

    /// Whether a path is a route's but for what stands where its ids do; operations begin with `$`, histories with `_`.
    private static func isNamed(_ segments: [String], by pattern: [String]) -> Bool {
        guard segments.count == pattern.count else { return false }
        return zip(segments, pattern).allSatisfy { segment, expected in
            guard expected == ":id" || expected == ":version" else { return segment.utf8.elementsEqual(expected.utf8) }
            return segment.utf8.first.map { $0 != UInt8(ascii: "$") && $0 != UInt8(ascii: "_") } ?? true
        }
    }

    /// Nil when the path is another; empty when it is this one and has no id in it.
    private static func id(in segments: [String], by pattern: [String]) -> String? {
        var id = ""
        for (segment, expected) in zip(segments, pattern) {
            if expected == ":id" || expected == ":version" {
                guard Primitive.id.accepts(.string(segment)) else { return nil }
                if expected == ":id" { id = segment }
            } else if !segment.utf8.elementsEqual(expected.utf8) {
                return nil
            }
        }
        return id
    }
}
