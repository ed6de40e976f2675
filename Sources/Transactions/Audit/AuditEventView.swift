import ExchangeCore
import FHIRModel
import JSON
import Journal

/// The journal's entries as FHIR `AuditEvent`s in the patterns of IHE BALP 1.1.5: a view, made when it is asked for.
///
/// One entry gives one event or several: the query or read, a decision for each group of documents (AuthZconsent), a
/// disclosure where documents left the facility or came from others, a security alert for an emergency.
package struct AuditEventView: Sendable {
    private let node: CommunityID
    private let base: String

    /// A view for a node: its community, and the base of its links.
    package init(node: CommunityID, base: String) {
        self.node = node
        self.base = base
    }

    /// The events of an entry, each with its id: `e`, the position, and its number.
    package func events(_ entry: CommittedEntry) -> [JSONObject] {
        let events = (try? rendered(entry)) ?? [activity(entry, "110100", "unreadable", outcome: "8")]
        return events.enumerated().map { number, event in
            var marked: JSONObject = ["resourceType": "AuditEvent", "id": .string("e\(entry.position)-\(number)")]
            for member in event.members where member.name != "resourceType" && member.name != "id" {
                marked[member.name] = member.value
            }
            return marked
        }
    }

    private func rendered(_ entry: CommittedEntry) throws(ExchangeError) -> [JSONObject] {
        guard !entry.isErased else { return [activity(entry, "110105", "erased", outcome: "0")] }
        switch entry.kind {
        case .access: return try access(entry, AccessRecord(payload: entry.payload))
        case .submission: return [try submission(entry)]
        case .consent: return [try consent(entry)]
        case .identity: return [try identity(entry)]
        case .inquiry: return try inquiry(entry)
        case .delivery: return [disclosure(entry, to: try community(entry, "community"), what: nil)]
        case .administration: return try administration(entry)
        case .repair: return [activity(entry, "110113", "repair", outcome: "4")]
        case .erasure:
            let erasure = try DocumentErasure(payload: entry.payload)
            return [
                change(
                    entry, "PatientDelete", "erased on the ground of \(erasure.ground.rawValue)", by: erasure.user,
                    patients: [erasure.patient], documents: erasure.contents.map(\.document))
            ]
        case .subscription:
            guard let subject = entry.subject else { throw PayloadReading.damaged("subscription") }
            let made = try DocumentSubscription(payload: entry.payload, patient: subject)
            let data = BALP.entity("Subscription/\(made.id)", BALP.system, BALP.domainResource)
            return [
                written(
                    entry, made.isActive ? "PatientCreate" : "PatientUpdate", "ITI-110", [data],
                    by: (made.subscriber.user, made.subscriber.organization), role: made.subscriber.role)
            ]
        case .encounter: return [change(entry, "PatientUpdate", "stay or visit", by: "feed", patients: [entry.subject].compactMap { $0 }, documents: [])]
        // What a feed's message did is told by the entries of its effect.
        case .feed: return []
        case .genesis, .directory: return [activity(entry, "110128", "directory", outcome: "0")]
        }
    }

    private func access(_ entry: CommittedEntry, _ record: AccessRecord) throws(ExchangeError) -> [JSONObject] {
        if record.transaction == AccessRecord.export { return [export(entry, record)] }
        let isRead = record.transaction == "ITI-68" || record.transaction == "MDM"
        let isDenied = !record.decisions.isEmpty && !record.decisions.contains(where: \.isPermitted)
        let shown = record.decisions.filter(\.isPermitted).flatMap(\.documents)
        var event = start(
            entry, isRead ? "PatientRead" : "PatientQuery", BALP.rest, [BALP.interaction(isRead ? "read" : "search")],
            action: isRead ? "R" : "E", outcome: isDenied ? "4" : "0")
        if record.transaction.hasPrefix("ITI-") {
            event["subtype"] = .array((event["subtype"]?.items ?? []) + [BALP.transaction(record.transaction)])
        }
        if let purpose = record.purpose { event["purposeOfEvent"] = [BALP.purpose(purpose)] }
        event["agent"] = .array(agents(record, isRead: isRead))
        var entities = [patient(entry)].compactMap { $0 }
        entities += shown.prefix(100).map { BALP.entity("DocumentReference/\($0)", BALP.system, BALP.domainResource) }
        if !isRead, let subject = entry.subject {
            let asked = ["ITI-81": "AuditEvent", "ITI-66": "List"][record.transaction] ?? "DocumentReference"
            let query = "\(asked)?patient=Patient/\(subject)"
            entities.append([
                "type": BALP.system, "role": BALP.query, "query": .string(Base64.encode(Array(query.utf8))),
            ])
        }
        entities.append([
            "what": BALP.identifier(record.traceID),
            "type": BALP.coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId"),
        ])
        event["entity"] = .array(entities)
        var events = [event]
        if let patient = entry.subject {
            events += AuthorizationEvent.json(
                AccessEvent(position: entry.position, time: entry.time, record: record), patient: patient, node: node
            ) { _, _ in nil }
        }
        if record.door == "peer", !shown.isEmpty {
            events.append(disclosure(entry, to: record.community.urn, what: record, user: record.user))
        }
        for answer in record.communities where answer.hasSuffix(" answered") {
            let source = String(answer.dropLast(" answered".count))
            if source != node.urn { events.append(disclosure(entry, from: source, record)) }
        }
        if record.isEmergency { events.append(alert(entry, record)) }
        return events
    }

    private func submission(_ entry: CommittedEntry) throws(ExchangeError) -> JSONObject {
        let record = try PayloadReading.json(entry.payload)
        let author = try record["by"].map { json throws(ExchangeError) in try SubmissionRecord.Author(json) }
        let data = entry.contents.map { document($0.document) }
        // What was replaced is part of what was done.
        let replaced = (record["superseded"]?.items ?? []).compactMap { $0.string.flatMap { DocumentID($0) } }.map(document)
        return written(
            entry, "PatientCreate", "ITI-65", data + replaced, by: author.map { ($0.user, $0.organization) }, role: author?.role)
    }

    private func identity(_ entry: CommittedEntry) throws(ExchangeError) -> JSONObject {
        let json = try PayloadReading.json(entry.payload)
        guard let act = json["identityAct"] else {
            return written(entry, "PatientCreate", "ITI-104", [], by: nil)
        }
        // A move names a record and two persons; what is held apart, or joined again, two records.
        let moved = (act["moves"]?.items ?? []).compactMap { $0[0]?.string.flatMap { PatientID($0) } }
        let others = moved + ((act["apart"]?.items ?? []) + (act["rejoined"]?.items ?? []))
            .flatMap { $0.items.compactMap { $0.string.flatMap { PatientID($0) } } }
        let closed = (act["closes"]?.items ?? []).compactMap { $0.string.flatMap { PatientID($0) } }
        let subjects = Set(others + closed).subtracting([entry.subject].compactMap { $0 })
        return change(
            entry, "PatientUpdate", "records: " + (act["kind"]?.string ?? "changed"), by: act["actor"]?.string,
            patients: [entry.subject].compactMap { $0 } + subjects.sorted(), documents: [])
    }

    private func consent(_ entry: CommittedEntry) throws(ExchangeError) -> JSONObject {
        let json = try PayloadReading.json(entry.payload)
        let data = BALP.entity("Consent/\(try PayloadReading.text(json, "id"))", BALP.system, BALP.domainResource)
        let isRevoked = json["status"]?.string == "inactive"
        return written(
            entry, isRevoked ? "PatientUpdate" : "PatientCreate", "ITI-108", [data], by: try recorder(entry))
    }

    /// A record was made or changed by a transaction: BALP's Create or Update with a patient.
    private func written(
        _ entry: CommittedEntry, _ pattern: String, _ transaction: String, _ data: [JSONValue],
        by who: (user: String, organization: String)?, role: String? = nil,
    ) -> JSONObject {
        let isUpdate = pattern == "PatientUpdate"
        var event = start(
            entry, pattern, BALP.rest,
            [BALP.interaction(isUpdate ? "update" : "create"), BALP.transaction(transaction)], action: isUpdate ? "U" : "C")
        var agents: [JSONValue] = [
            BALP.agent("110153", who?.organization ?? node.urn, isRequestor: who == nil), BALP.agent("110152", node.urn),
        ]
        if let who { agents.append(BALP.user(who.user, role: role, purpose: nil)) }
        event["agent"] = .array(agents)
        event["entity"] = .array(data + [patient(entry)].compactMap { $0 })
        return event
    }

    /// Somebody changed or erased what is kept of patients, at the node itself: BALP's Update or Delete with a patient.
    private func change(
        _ entry: CommittedEntry, _ pattern: String, _ what: String, by user: String?, patients: [PatientID],
        documents: [DocumentID],
    ) -> JSONObject {
        let isDelete = pattern == "PatientDelete"
        var event = start(
            entry, pattern, BALP.rest, [BALP.interaction(isDelete ? "delete" : "update")], action: isDelete ? "D" : "U")
        event["outcomeDesc"] = .string(what)
        event["agent"] = .array([
            BALP.agent("110153", node.urn, isRequestor: user == nil), BALP.agent("110152", node.urn),
        ] + (user.map { [BALP.user($0, purpose: nil)] } ?? []))
        event["entity"] = .array(
            documents.map(document) + patients.map { BALP.entity("Patient/\($0)", BALP.person, BALP.patientRole) })
        return event
    }

    private func document(_ id: DocumentID) -> JSONValue {
        BALP.entity("DocumentReference/\(id)", BALP.system, BALP.domainResource)
    }

    private func recorder(_ entry: CommittedEntry) throws(ExchangeError) -> (user: String, organization: String)? {
        let json = try PayloadReading.json(entry.payload)
        let marks = (json["extension"]?.items ?? []).first { $0["url"]?.string == ConsentVersion.recorderExtension }
        func part(_ name: String) -> String? {
            (marks?["extension"]?.items ?? []).first { $0["url"]?.string == name }?["valueString"]?.string
        }
        guard let user = part("user") else { return nil }
        return (user, part("organization") ?? node.urn)
    }

    private func inquiry(_ entry: CommittedEntry) throws(ExchangeError) -> [JSONObject] {
        let json = try PayloadReading.json(entry.payload)
        guard entry.subject != nil else { return [activity(entry, "110112", "nobody found", outcome: "0")] }
        var event = start(
            entry, "PatientQuery", BALP.rest,
            [BALP.interaction("search"), BALP.transaction(json["transaction"]?.string ?? "ITI-67")], action: "E")
        let user = json["user"]?.string ?? "unknown"
        let asked = (json["asked"]?.items ?? []).compactMap(\.string)
        event["agent"] = .array(
            [BALP.agent("110153", node.urn)] + asked.map { BALP.agent("110152", $0) }
                + [BALP.user(user, purpose: json["purpose"]?.string)])
        event["entity"] = .array([patient(entry)].compactMap { $0 })
        return [event] + asked.map { disclosure(entry, to: $0, what: nil, user: user) }
    }

    private func administration(_ entry: CommittedEntry) throws(ExchangeError) -> [JSONObject] {
        let json = try PayloadReading.json(entry.payload)
        if let claim = json["claim"] {
            guard var event = json["event"]?.object else { throw PayloadReading.damaged("event") }
            var meta = event["meta"]?.object ?? [:]
            let mark: JSONValue = [
                "system": "https://concordat.example/fhir/CodeSystem/audit", "code": "claim",
                "display": .string("claimed by \(claim["user"]?.string ?? "?") of \(claim["organization"]?.string ?? "?")"),
            ]
            meta["tag"] = .array((meta["tag"]?.items ?? []) + [mark])
            event["meta"] = .object(meta)
            return [event]
        }
        let user = json["user"]?.string
        if let erased = json["erased"]?.string.flatMap({ PatientID($0) }) {
            let ground = json["ground"]?.string ?? "unknown"
            return [
                change(
                    entry, "PatientDelete", "erased on the ground of \(ground)", by: user, patients: [erased], documents: [])
            ]
        }
        if let isHeld = json["hold"]?.bool {
            let what = isHeld ? "legal hold: " : "legal hold released: "
            return [
                change(
                    entry, "PatientUpdate", what + (json["reason"]?.string ?? ""), by: user,
                    patients: [entry.subject].compactMap { $0 }, documents: [])
            ]
        }
        if let asked = json["change"]?.string {
            return [activity(entry, "110100", "asks for a second administrator: " + asked, outcome: "0", by: user)]
        }
        if let decided = json["decided"]?.integer, let state = json["as"]?.string {
            return [activity(entry, "110100", "change \(decided) \(state)", outcome: state == "failed" ? "8" : "0", by: user)]
        }
        if let read = json["read"]?.string { return [activity(entry, "110101", "read: " + read, outcome: "0", by: user)] }
        if let finding = json["witness"]?.string ?? json["rule"]?.string {
            return [activity(entry, "110113", finding, outcome: "4", by: user)]
        }
        return [activity(entry, "110100", json["act"]?.string ?? "administration", outcome: "0", by: user)]
    }

    /// BALP's accounting of disclosures: who gave what to whom.
    private func disclosure(
        _ entry: CommittedEntry, to recipient: String, what record: AccessRecord?, user: String? = nil,
    ) -> JSONObject {
        var event = start(entry, "PrivacyDisclosure.Source", BALP.export, [BALP.disclose], action: "R")
        event["agent"] = .array(
            [BALP.agent("110153", node.urn), BALP.agent("110152", recipient)]
                + (user.map { [BALP.user($0, purpose: record?.purpose)] } ?? []))
        let shown = record?.decisions.filter(\.isPermitted).flatMap(\.documents) ?? []
        event["entity"] = .array(
            [patient(entry)].compactMap { $0 }
                + shown.prefix(100).map { BALP.entity("DocumentReference/\($0)", BALP.system, BALP.domainResource) })
        return event
    }

    private func disclosure(_ entry: CommittedEntry, from source: String, _ record: AccessRecord) -> JSONObject {
        var event = start(entry, "PrivacyDisclosure.Recipient", BALP.importing, [BALP.disclose], action: "C")
        event["agent"] = .array([
            BALP.agent("110153", source), BALP.agent("110152", node.urn), BALP.user(record.user, purpose: record.purpose),
        ])
        event["entity"] = .array([patient(entry)].compactMap { $0 })
        return event
    }

    /// What is known of a patient left the node as a file: a proof that opens, an accounting of disclosures.
    private func export(_ entry: CommittedEntry, _ record: AccessRecord) -> JSONObject {
        var event = start(entry, nil, BALP.export, [], action: "R")
        event["outcomeDesc"] = .string("written into a file")
        if let purpose = record.purpose { event["purposeOfEvent"] = [BALP.purpose(purpose)] }
        event["agent"] = .array([
            BALP.agent("110153", node.urn), BALP.user(record.user, role: record.role, purpose: record.purpose),
            BALP.agent("110152", record.organization),
        ])
        event["entity"] = .array([patient(entry)].compactMap { $0 })
        return event
    }

    private func alert(_ entry: CommittedEntry, _ record: AccessRecord) -> JSONObject {
        var event = start(entry, nil, BALP.security, [BALP.dicom("110127")], action: "E")
        event["outcomeDesc"] = .string("emergency access: " + (record.reason ?? "no reason"))
        event["agent"] = .array([BALP.user(record.user, purpose: record.purpose), BALP.agent("110150", node.urn)])
        event["entity"] = .array([patient(entry)].compactMap { $0 })
        return event
    }

    private func activity(
        _ entry: CommittedEntry, _ code: String, _ what: String, outcome: String, by user: String? = nil,
    ) -> JSONObject {
        var event = start(entry, nil, BALP.dicom(code), [], action: "E", outcome: outcome)
        event["outcomeDesc"] = .string(what)
        event["agent"] = .array(
            [BALP.agent("110150", node.urn, isRequestor: user == nil)] + (user.map { [BALP.user($0, purpose: nil)] } ?? []))
        let entities = [patient(entry)].compactMap { $0 }
        if !entities.isEmpty { event["entity"] = .array(entities) }
        return event
    }

    private func start(
        _ entry: CommittedEntry, _ pattern: String?, _ type: JSONValue, _ subtypes: [JSONValue], action: String,
        outcome: String = "0",
    ) -> JSONObject {
        var event: JSONObject = [:]
        if let pattern {
            let profile = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit." + pattern
            event["meta"] = ["profile": [.string(profile)]]
        }
        event["type"] = type
        if !subtypes.isEmpty { event["subtype"] = .array(subtypes) }
        event["action"] = .string(action)
        event["recorded"] = .string(entry.time.description)
        event["outcome"] = .string(outcome)
        event["source"] = ["observer": BALP.identifier(node.urn)]
        return event
    }

    private func patient(_ entry: CommittedEntry) -> JSONValue? {
        entry.subject.map { BALP.entity("Patient/\($0)", BALP.person, BALP.patientRole) }
    }

    private func agents(_ record: AccessRecord, isRead: Bool) -> [JSONValue] {
        let asker = record.door == "administration" ? node.urn : record.community.urn
        return [
            BALP.agent(isRead ? "110152" : "110153", asker), BALP.agent(isRead ? "110153" : "110152", node.urn),
            BALP.user(record.user, role: record.role, purpose: record.purpose),
            BALP.organization(record.organization),
        ]
    }

    private func community(_ entry: CommittedEntry, _ name: String) throws(ExchangeError) -> String {
        try PayloadReading.text(try PayloadReading.json(entry.payload), name)
    }
}
