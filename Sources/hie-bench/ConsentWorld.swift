import ConsentEngine
import ExchangeCore
import JSON

/// Directives, documents and a question of which the answer is known: odd documents are of a withheld type.
struct ConsentWorld {
    let provisions: Int
    let request: AccessContext
    private let home: CommunityID

    private static let now = Timestamp(seconds: 1_780_000_000)

    init(provisions: Int) {
        self.provisions = provisions
        guard let oid = OID("1.3.6.1.4.1.21367.2026.99") else { preconditionFailure("not an OID") }
        home = CommunityID(oid: oid)
        request = AccessContext(
            door: .peer, user: "dr.brattain", role: "physician", organization: "urn:oid:1.3.6.1.4.1.21367.2026.10",
            community: home, purpose: "TREAT", deadline: .seconds(1), traceID: "00000000000000000000000000000001")
    }

    private static func loinc(_ code: String) -> CodedValue { CodedValue(code: code, system: CodeSystems.loinc) }

    /// One base provision, the rest exceptions that deny by organisation, type, label and time of care.
    func directive(number: Int) -> ConsentDirective {
        var random = Chance(seed: UInt64(number))
        let base = ConsentRule(
            .permit,
            purposes: ["TREAT", "HPAYMT", "HOPERAT"].map { CodedValue(code: $0, system: CodeSystems.actReason) })
        let exceptions = (1..<max(1, provisions)).map { index -> ConsentRule in
            switch index % 4 {
            case 1: ConsentRule(.deny, typeCodes: [Self.loinc("34133-\(index)")])
            case 2: ConsentRule(.deny, actors: [.organization("urn:oid:1.2.3.\(number).\(index)")])
            case 3:
                ConsentRule(.deny, securityLabels: [CodedValue(code: "PSY", system: CodeSystems.actCode)])
            default:
                ConsentRule(.deny, dataPeriod: ConsentPeriod(start: PartialDate("2001-01"), end: PartialDate("2001-12")))
            }
        }
        return ConsentDirective(
            id: .random(using: &random), patient: .random(using: &random), base: base, exceptions: exceptions,
            recorded: Self.now)
    }

    /// A patient's directive as FHIR, to be recorded at a node; it permits every document of the benchmark.
    func consent(of patient: String) throws(ExchangeError) -> JSONObject {
        guard let id = PatientID(patient) else { throw ExchangeError(.internal, "the node gave no patient id") }
        let like = directive(number: 0)
        var consent = ConsentMapping.json(
            ConsentDirective(
                id: like.id, patient: id, base: like.base, exceptions: like.exceptions, recorded: like.recorded))
        consent["id"] = nil
        return consent
    }

    func compiled(_ directive: ConsentDirective) -> CompiledConsent {
        CompiledConsent([directive], policy: .optIn, now: Self.now)
    }

    func compiled(number: Int) -> CompiledConsent { compiled(directive(number: number)) }

    func documents(_ count: Int) -> [DocumentFacts] {
        var random = Chance(seed: 7)
        return (0..<count).map { number in
            DocumentFacts(
                id: .random(using: &random), uniqueID: "urn:oid:1.2.3.\(number)", classCode: Self.loinc("18842-5"),
                typeCode: Self.loinc(number % 2 == 1 ? "34133-1" : "18842-5"), creation: PartialDate("2026-03-02"),
                serviceStart: PartialDate("2026-03-01"), labels: SecurityLabels(confidentiality: .normal),
                authors: ["1234567890"], home: home)
        }
    }

    /// What must be decided.
    func permits(_ document: DocumentFacts) -> Bool { provisions < 2 || document.typeCode?.code != "34133-1" }
}
