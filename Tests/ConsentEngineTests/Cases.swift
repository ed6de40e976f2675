import ConsentEngine
import ExchangeCore

/// What the consent tests judge: two communities, a physician, a few documents.
enum Cases {
    static let home = community("1.3.6.1.4.1.21367.2026.10")
    static let other = community("1.3.6.1.4.1.21367.2026.11")
    static let now = Timestamp(seconds: 1_780_000_000)

    private static func community(_ oid: String) -> CommunityID {
        guard let community = CommunityID(oid) else { preconditionFailure("not an OID: \(oid)") }
        return community
    }

    static func request(
        purpose: String? = "TREAT", user: String = "dr.brattain", role: String? = "physician",
        organization: String = "urn:oid:1.2.3.4", community: CommunityID = other, door: AccessContext.Door = .peer,
    ) -> AccessContext {
        AccessContext(
            door: door, user: user, role: role, organization: organization, community: community, purpose: purpose,
            deadline: .seconds(1), traceID: "00000000000000000000000000000001")
    }

    static func document(
        _ confidentiality: Confidentiality = .normal, _ sensitivities: [String] = [], type: String = "18842-5",
        number: UInt64 = 1, authors: [String] = [], service: String? = "2026-03-01",
    ) -> DocumentFacts {
        var random = Seeded(seed: number)
        return DocumentFacts(
            id: .random(using: &random), uniqueID: "urn:oid:1.2.3.\(number)",
            classCode: CodedValue(code: "18842-5", system: CodeSystems.loinc),
            typeCode: CodedValue(code: type, system: CodeSystems.loinc), creation: PartialDate("2026-03-02"),
            serviceStart: service.flatMap { PartialDate($0) },
            labels: SecurityLabels(confidentiality: confidentiality, sensitivities: sensitivities), authors: authors,
            home: home)
    }

    static func directive(
        _ base: ConsentRule, _ exceptions: [ConsentRule] = [], day: Int64 = 0, number: UInt64 = 1,
        policies: [String] = [], status: ConsentDirective.Status = .active, doubts: [String] = [],
    ) -> ConsentDirective {
        var random = Seeded(seed: number &+ 1000)
        return ConsentDirective(
            id: .random(using: &random), patient: .random(using: &random), status: status, base: base,
            exceptions: exceptions, policies: policies,
            recorded: Timestamp(milliseconds: now.milliseconds - (100 - day) * 86_400_000), doubts: doubts)
    }

    static func purposes(_ codes: String...) -> [CodedValue] {
        codes.map { CodedValue(code: $0, system: CodeSystems.actReason) }
    }

    static func labels(_ codes: String...) -> [CodedValue] {
        codes.map {
            CodedValue(
                code: $0,
                system: Confidentiality(rawValue: $0) == nil ? CodeSystems.actCode : CodeSystems.confidentiality)
        }
    }

    static func permits(
        _ directives: [ConsentDirective], policy: ConsentPolicyDefault = .optIn, _ request: AccessContext = request(),
        _ document: DocumentFacts = document(), now: Timestamp = now,
    ) -> Bool {
        ConsentEvaluator.decide(request, document: document, directives: directives, policy: policy, now: now)
            .isPermitted
    }
}
