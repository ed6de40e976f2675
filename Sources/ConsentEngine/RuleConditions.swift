import ExchangeCore

/// The conditions of one rule, made ready for judging many documents.
///
/// Where a condition cannot be judged, a permit does not apply and a deny does.
final class RuleConditions: Sendable {
    private let effect: ConsentEffect
    private let actors: [ActorName]
    private let hasPurposes: Bool
    private let purposes: [String]
    private let classCodes: [CodedValue]
    private let typeCodes: [CodedValue]
    private let data: [DocumentScope]
    private let dataPeriod: ConsentPeriod?
    /// The highest confidentiality a permit covers, the lowest a deny covers; nil when none is named.
    private let confidentiality: Confidentiality?
    private let sensitivities: [String]
    private let hasLabels: Bool
    /// Set when a label is none that documents are compared by.
    private let hasUnknownLabels: Bool
    /// Stays and visits of the record, for rules that name whoever treats the patient.
    private let care: [CareEncounter]
    private let hasOwnCare: Bool
    private let treating: TreatingPeriod
    private let now: Timestamp
    /// Set for permits under a `-normal` policy that name no label themselves.
    let isNormalOnly: Bool

    init(
        _ rule: ConsentRule, isNormalOnly: Bool, care: [CareEncounter], hasOwnCare: Bool, treating: TreatingPeriod,
        now: Timestamp,
    ) {
        self.care = care
        self.hasOwnCare = hasOwnCare
        self.treating = treating
        self.now = now
        effect = rule.effect
        actors = rule.actors.map(ActorName.init)
        hasPurposes = !rule.purposes.isEmpty
        purposes = (rule.effect == .deny ? rule.purposes : rule.purposes.filter(PurposesOfUse.isUsable)).map(\.code)
        classCodes = rule.classCodes
        typeCodes = rule.typeCodes
        data = rule.data
        dataPeriod = rule.dataPeriod
        let levels = rule.securityLabels.filter { $0.system == CodeSystems.confidentiality }
            .compactMap { Confidentiality(rawValue: $0.code) }
        confidentiality = rule.effect == .permit ? levels.max() : levels.min()
        let codes = rule.securityLabels.filter { $0.system == CodeSystems.actCode }.map(\.code)
        sensitivities = codes.flatMap { SensitivityCodes.covered(by: $0, rule.effect) }
        hasLabels = !rule.securityLabels.isEmpty
        hasUnknownLabels = levels.count + codes.count < rule.securityLabels.count
        self.isNormalOnly = isNormalOnly && rule.effect == .permit && rule.securityLabels.isEmpty
    }

    func applyToDocument(_ document: DocumentFacts) -> Bool { failing(document) == nil }

    func applyToRequester(_ request: AccessContext) -> Bool { failing(request) == nil }

    /// The first condition on who asks that does not hold.
    func failing(_ request: AccessContext) -> RuleCondition? {
        if hasPurposes, !covers(request.purpose) { return .purpose }
        return actors.isEmpty || actors.contains { matches($0, request) } ? nil : .actor
    }

    /// The first condition on the document that does not hold.
    func failing(_ document: DocumentFacts) -> RuleCondition? {
        if !classCodes.isEmpty, !covers(classCodes, document.classCode) { return .classCode }
        if !typeCodes.isEmpty, !covers(typeCodes, document.typeCode) { return .typeCode }
        if !data.isEmpty, !data.contains(where: { covers($0, document) }) { return .data }
        if !appliesToTime(document) { return .time }
        return appliesToLabels(document.labels) ? nil : .labels
    }

    /// A permit wants the very purpose; a deny also takes what is a kind of the purpose it names.
    private func covers(_ purpose: String?) -> Bool {
        guard let purpose else { return effect == .deny }
        if purposes.contains(where: { same($0, purpose) }) { return true }
        guard effect == .deny else { return false }
        return PurposesOfUse.withWider(purpose).contains { wider in purposes.contains { same($0, wider) } }
    }

    private func matches(_ actor: ActorName, _ request: AccessContext) -> Bool {
        switch actor.kind {
        case .organization: actor.names(request.organization, effect) || same(actor.name, request.community.oid)
        case .role:
            // Whoever is meant by either word of theirs is meant.
            request.role.map { actor.names($0, effect) || request.presentedRole.map { actor.names($0, effect) } ?? false }
                ?? (effect == .deny)
        case .practitioner: actor.names(request.user, effect)
        // Of a record without any stay nobody can tell who treats: a deny then speaks of everybody.
        case .treating: care.contains { $0.names(request, at: now, treating) } || effect == .deny && !hasOwnCare
        }
    }

    private func covers(_ codes: [CodedValue], _ code: CodedValue?) -> Bool {
        guard let code else { return effect == .deny }
        return codes.contains { same($0.code, code.code) && (effect == .deny || same($0.system, code.system)) }
    }

    private func covers(_ item: DocumentScope, _ document: DocumentFacts) -> Bool {
        switch item {
        case .document(let id): return id == document.id
        case .uniqueID(let id):
            guard let own = document.uniqueID else { return effect == .deny }
            return same(id, own)
        case .author(let name):
            if document.authors.isEmpty { return effect == .deny }
            return document.authors.contains { ActorName(.practitioner(name)).names($0, effect) }
        case .related(let name): return relates(name, document.related)
        case .unresolvable: return effect == .deny
        }
    }

    /// A document that does not say to what of that kind it is related may be related to it: a deny takes it.
    private func relates(_ name: String, _ related: [String]) -> Bool {
        if related.contains(where: { ActorName(.practitioner(name)).names($0, effect) }) { return true }
        guard effect == .deny else { return false }
        let kind = Self.kind(name)
        return !related.contains { Self.kind($0).elementsEqual(kind) }
    }

    /// `Encounter` of `Encounter/7`; nothing of what is no reference.
    private static func kind(_ name: String) -> Substring.UTF8View {
        let bytes = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return bytes.count >= 2 ? Substring(bytes[bytes.count - 2]).utf8 : Substring().utf8
    }

    /// A permit covers a document whose whole care lies in the period, a deny one that touches it.
    private func appliesToTime(_ document: DocumentFacts) -> Bool {
        guard let dataPeriod else { return true }
        guard let first = document.serviceStart ?? document.serviceStop ?? document.creation,
            let last = document.serviceStop ?? document.serviceStart ?? document.creation
        else { return effect == .deny }
        let from = dataPeriod.start?.start
        let until = dataPeriod.end?.end
        switch effect {
        case .permit: return (from.map { first.start >= $0 } ?? true) && (until.map { last.end <= $0 } ?? true)
        case .deny: return (from.map { last.end > $0 } ?? true) && (until.map { first.start < $0 } ?? true)
        }
    }

    /// Confidentiality is a high water mark for a permit and a low one for a deny (FHIR R4, Consent.provision).
    ///
    /// A permit that names sensitivities covers documents that have no other ones, up to `R` unless it names `V`.
    private func appliesToLabels(_ labels: SecurityLabels) -> Bool {
        if isNormalOnly { return labels.confidentiality <= .normal }
        guard hasLabels else { return true }
        switch effect {
        case .permit:
            if let confidentiality, labels.confidentiality <= confidentiality { return true }
            return !labels.sensitivities.isEmpty
                && labels.confidentiality <= max(confidentiality ?? .restricted, .restricted)
                && labels.sensitivities.allSatisfy { label in sensitivities.contains { same($0, label) } }
        case .deny:
            if hasUnknownLabels { return true }
            if let confidentiality, labels.confidentiality >= confidentiality { return true }
            return labels.sensitivities.contains { label in sensitivities.contains { same($0, label) } }
        }
    }
}
