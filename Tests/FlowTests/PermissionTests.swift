import ConsentEngine
import DocumentExchange
import ExchangeCore
import JSON
import Journal
import PatientIndex
import Testing
import Transactions
import XDSMetadata

/// Every role against every transaction, at both doors: the table decides, and whoever is not in it may do nothing.
///
/// The table stands here a second time, on purpose: a role that is given something more must be given it twice.
@Suite struct PermissionTests {
    private static let clinical: Set = ["clinician", "physician", "nurse", "pharmacist"]

    private static let finders = clinical.union(["him-professional", "system"])
    private static let feeders: Set = ["registrar", "identity-source", "identity-steward", "him-professional"]
    private static let consent: Set = ["registrar", "consent-officer", "privacy-officer"]

    /// Who may, by what they do, in the words of `hie access`.
    private static let table: [String: Set<String>] = [
        "find-documents": finders,
        "publish": clinical.union(["registrar", "identity-source", "him-professional", "system"]),
        "find-patients": finders.union(feeders).union(consent),
        "register-patients": feeders, "decide-identity": ["identity-steward", "him-professional"],
        "record-consent": consent, "preview-consent": consent.union(["administrator"]),
        "read-audit": ["auditor", "privacy-officer"],
        "send-audit": finders.union(feeders).union(consent).union(["auditor"]),
        "look-up": Set(UserRole.allCases.map(\.rawValue)), "emergency": clinical,
    ]

    /// Roles that a token may name, and words that are none.
    private static let roles: [String?] =
        UserRole.allCases.map(\.rawValue) + [nil, "", "clerk", "Physician", "physician ", "root", "*", "309343006"]

    /// A transaction asked for by somebody.
    private struct Deed: Sendable {
        let name: String
        let row: String
        var purpose = "HOPERAT"
        var peers = false
        let ask: @Sendable (OneNode, PatientRecord, DocumentEntry, AccessContext) async throws -> Void

        init(
            _ name: String, _ row: String, purpose: String = "HOPERAT", peers: Bool = false,
            _ ask: @escaping @Sendable (OneNode, PatientRecord, DocumentEntry, AccessContext) async throws -> Void,
        ) {
            (self.name, self.row, self.purpose, self.peers, self.ask) = (name, row, purpose, peers, ask)
        }
    }

    private static let number = PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: "A")!

    private static let reading: [Deed] = [
        Deed("ITI-67", "find-documents", peers: true) { node, patient, _, context in
            try await node.exchange.findDocuments(of: patient.id, matching: DocumentQuery(), for: context).ticket?.end()
        },
        Deed("ITI-67 across communities", "find-documents") { node, patient, _, context in
            try await node.exchange.locateDocuments(of: patient.id, matching: DocumentQuery(), for: context).ticket?.end()
        },
        Deed("ITI-67 by id", "find-documents", peers: true) { node, _, document, context in
            try await node.exchange.readDocument(document.id, for: context).ticket.end()
        },
        Deed("ITI-68", "find-documents", peers: true) { node, _, document, context in
            try await node.exchange.retrieveDocument(document.id, for: context).ticket.end()
        },
        Deed("ITI-68 through this node", "find-documents") { node, patient, document, context in
            _ = try await node.exchange.retrieveDocument(document.id, from: OneNode.elsewhere, of: patient.id, for: context)
        },
        Deed("ITI-119", "find-patients", peers: true) { node, patient, _, context in
            let found = try await node.exchange.matchPatients(
                patient.demographics, identifiers: [number], onlyCertain: false, limit: 5, for: context)
            for ticket in found.tickets { ticket.end() }
        },
        Deed("ITI-78 by identifier", "find-patients", peers: true) { node, _, _, context in
            for ticket in try await node.exchange.findPatients(identifier: number, for: context).tickets { ticket.end() }
        },
        Deed("ITI-78 by demographics", "find-patients") { node, _, _, context in
            for ticket in try await node.exchange.searchPatients(PatientCriteria(), count: 5, for: context).tickets { ticket.end() }
        },
        Deed("a Patient's versions", "find-patients") { node, patient, _, context in
            for ticket in try await node.exchange.patientVersions(of: patient.id, for: context).tickets { ticket.end() }
        },
        Deed("ITI-83", "find-patients") { node, _, _, context in
            _ = try await node.exchange.crossReference(number, targets: [], for: context)
        },
        Deed("$mdm-query-links", "decide-identity") { node, patient, _, context in
            _ = try await node.exchange.personLinks(of: .record(patient.id), limit: 5, for: context)
        },
        Deed("$mdm-link-history", "decide-identity") { node, patient, _, context in
            _ = try await node.exchange.linkHistory(of: patient.id, for: context)
        },
        Deed("ITI-108 search", "record-consent") { node, patient, _, context in
            var query = ConsentQuery()
            query.patient = patient.id
            for ticket in try await node.exchange.findConsents(query, for: context).tickets { ticket.end() }
        },
        Deed("consent explained", "record-consent") { node, patient, _, context in
            try await node.exchange.explainConsent(of: patient.id, to: node.context(), for: context).ticket.end()
        },
        Deed("ITI-81", "read-audit") { node, _, _, context in
            _ = try await node.exchange.findAuditEvents(AuditQuery(), count: 5, for: context)
        },
    ]

    private static let writing: [Deed] = [
        Deed("ITI-65", "publish") { node, _, _, context in
            var request = ProvideRequest(patient: SubmittedPatient(identifiers: [number]))
            request.documents = []
            _ = try await node.exchange.provideAndRegister(request, for: context)
        },
        Deed("ITI-106", "publish") { node, _, _, context in
            try await node.exchange.generateMetadata(Array("<no/>".utf8), for: context).ticket.end()
        },
        Deed("ITI-104", "register-patients") { node, patient, _, context in
            _ = try await node.exchange.registerPatient(
                PatientRegistration(identifiers: [number], demographics: patient.demographics), for: context)
        },
        Deed("ITI-104 merge", "register-patients") { node, _, _, context in
            _ = try await node.exchange.mergePatient(number, into: number, for: context)
        },
        Deed("ITI-104 withdrawal", "register-patients") { node, _, _, context in
            try await node.exchange.withdrawPatient(
                PatientIdentifier(system: number.system, value: "nobody")!, for: context)
        },
        Deed("ITI-108 create", "record-consent") { node, _, _, context in
            _ = try await node.exchange.createConsent(["resourceType": "Consent"], for: context)
        },
        Deed("a draft from elsewhere", "preview-consent", peers: true) { node, _, _, context in
            let draft = ConsentDraft(directive: nil, consent: [:], subject: [:], askers: [])
            for ticket in try await node.exchange.previewConsent(draft, for: context).tickets { ticket.end() }
        },
        Deed("ITI-20", "send-audit") { node, _, _, context in
            _ = try await node.exchange.recordAuditEvent(["resourceType": "AuditEvent"], for: context)
        },
    ]

    private static func context(_ node: OneNode, _ door: AccessContext.Door, _ role: String?, _ purpose: String?)
        -> AccessContext
    {
        let community = door == .peer ? OneNode.elsewhere : OneNode.community
        return AccessContext(
            door: door, user: "somebody", role: role, organization: community.urn, community: community, purpose: purpose,
            deadline: node.world.uptime() + .seconds(30), traceID: node.world.newTraceID(), reason: "found without a word")
    }

    private static func isForbidden(_ ask: () async throws -> Void) async -> Bool {
        do {
            try await ask()
            return false
        } catch { return (error as? ExchangeError)?.code == .forbidden }
    }

    @Test(arguments: [AccessContext.Door.client, .peer])
    func `each role may do what the table says, any other role nothing`(door: AccessContext.Door) throws {
        try OneNode.run { node in
            let patient = try await node.register("A")
            let document = try await node.publish(1, for: patient.id)
            for deed in Self.reading + Self.writing where door == .client || deed.peers {
                let may = try #require(Self.table[deed.row])
                for role in Self.roles {
                    let size = node.exchange.journal.size
                    let context = Self.context(node, door, role, deed.purpose)
                    let isForbidden = await Self.isForbidden { try await deed.ask(node, patient, document, context) }
                    let isMeant = !(role.map(may.contains) ?? false)
                    #expect(isForbidden == isMeant, "\(deed.name) by \(role ?? "nobody in particular") at the \(door) door")
                    // Refused before anybody was looked up: nothing is written down about anybody.
                    if isForbidden { #expect(node.exchange.journal.size == size, "\(deed.name)") }
                }
            }
        }
    }

    @Test func `the table in the program is the one above, row by row, and names every role`() {
        #expect(Set(Permissions.all.map(\.deed)) == Set(Self.table.keys))
        for row in Permissions.all {
            #expect(Set(row.roleNames) == Self.table[row.deed], "\(row.deed)")
            for role in Self.roles {
                for purpose in ["TREAT", "HOPERAT", "PATADMIN", "PATRQT", "HRESCH", "BTG", nil] {
                    let may = role.map { Self.table[row.deed]?.contains($0) ?? false } ?? false
                    let fits = !row.needsPurpose || (purpose.map { row.purposes?.contains($0) ?? true } ?? false)
                    let glass = purpose != "BTG" || !row.needsPurpose || Self.clinical.contains(role ?? "")
                    #expect(
                        (row.refusal(role: role, purpose: purpose) == nil) == (may && fits && glass),
                        "\(row.deed) by \(role ?? "-") for \(purpose ?? "-")")
                }
            }
        }
    }

    @Test func `nobody breaks the glass who does not treat`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A")
            for role in Self.roles {
                let context = Self.context(node, .client, role, "BTG")
                let isForbidden = await Self.isForbidden {
                    try await node.exchange.findDocuments(of: patient.id, matching: DocumentQuery(), for: context).ticket?.end()
                }
                #expect(isForbidden == !Self.clinical.contains(role ?? ""), "\(role ?? "-")")
            }
        }
    }

    @Test func `codes of standards and the facility's own words mean roles of the table; others mean nothing`() {
        let names = RoleNames(own: ["Ärztin": .physician, "http://hospital.example/roles|7": .registrar])
        #expect(names.role("309343006", system: "http://snomed.info/sct") == "physician")
        #expect(names.role("doctor", system: UserRole.practitionerRole) == "physician")
        #expect(names.role("PAT", system: UserRole.roleClass) == "patient")
        #expect(names.role("Ärztin") == "physician")
        #expect(names.role("Ärztin", system: "http://elsewhere.example") == "physician", "the word alone was mapped")
        #expect(names.role("7", system: "http://hospital.example/roles") == "registrar")
        for (code, system) in [
            ("309343006", nil), ("309343006", "http://elsewhere.example"), ("7", nil), ("doctor", "http://snomed.info/sct"),
            ("A\u{308}rztin", nil),
        ] as [(String, String?)] {
            #expect(names.role(code, system: system).flatMap(UserRole.init(rawValue:)) == nil, "\(code) of \(system ?? "-")")
        }
        #expect(names.role(nil) == nil)
        #expect(names.role("nurse") == "nurse")
    }
}
