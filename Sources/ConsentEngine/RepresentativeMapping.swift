import ExchangeCore
import FHIRModel
import JSON

/// `Consent.performer`, its contained `RelatedPerson` and `Consent.source[x]` to a representative and back (FHIR R4).
///
/// A performer within the Consent is looked up in `contained` once, by its id; no other reference is followed, so none
/// can run in a circle.
enum RepresentativeMapping {
    private static let containedID = "representative"

    /// Nil when the Consent names neither a performer nor a source.
    static func read(_ consent: JSONObject, doubts: inout [String]) -> Representative? {
        let evidence = evidence(consent, &doubts)
        let performers = consent["performer"]?.items ?? []
        let patient = consent["patient"]?["reference"]?.string
        let others = performers.enumerated().filter { $0.element["reference"]?.string.map { $0 != patient } ?? true }
        if let (index, other) = others.first.map({ ($0.offset, $0.element) }) {
            guard var person = person(other, consent) else {
                doubts.append("Consent.performer[\(index)]")
                return nil
            }
            person.evidence = evidence
            return person
        }
        if performers.isEmpty && evidence == nil { return nil }
        return Representative(
            relation: performers.isEmpty ? Representative.unsaid : Representative.oneself, evidence: evidence)
    }

    private static func person(_ performer: JSONValue, _ consent: JSONObject) -> Representative? {
        guard let reference = FHIRReference(json: performer) else { return nil }
        guard case .contained(let id)? = reference.target else {
            let identifier = ActorMapping.name(performer, types: []) ?? reference.reference
            guard identifier != nil || reference.display != nil else { return nil }
            return Representative(relation: Representative.unsaid, name: reference.display, identifier: identifier)
        }
        let found = (consent["contained"]?.items ?? []).filter { $0["id"]?.string == id }
        guard found.count == 1, let person = found.first, person["resourceType"]?.string == "RelatedPerson" else {
            return nil
        }
        let relations = CodedValue.codings(inConcepts: person["relationship"])
        let name = person["name"]?.items.first?["text"]?.string ?? reference.display
        let identifier = person["identifier"]?.items.first.flatMap { item in
            ActorMapping.name(["identifier": item], types: [])
        }
        return Representative(
            relation: relations.first ?? Representative.unsaid, name: name, identifier: identifier)
    }

    private static func evidence(_ consent: JSONObject, _ doubts: inout [String]) -> ConsentEvidence? {
        if let source = consent["sourceReference"] {
            let reference = FHIRReference(json: source)
            if let text = reference?.reference ?? ActorMapping.name(source, types: []) { return .document(text) }
            doubts.append("Consent.sourceReference")
        }
        guard let attachment = consent["sourceAttachment"] else { return nil }
        if let hash = attachment["hash"]?.string {
            if let bytes = Base64.decode(hash), bytes.count == 20 || bytes.count == 32 { return .digest(bytes) }
            doubts.append("Consent.sourceAttachment.hash")
        }
        return attachment["url"]?.string.map { .document($0) }
    }

    static func write(_ representative: Representative, of patient: PatientID, into consent: inout JSONObject) {
        let subject: JSONValue = ["reference": .string("Patient/\(patient)")]
        if representative.relation == Representative.oneself {
            consent["performer"] = [subject]
        } else if representative.relation != Representative.unsaid || representative.name != nil
            || representative.identifier != nil
        {
            var person: JSONObject = [
                "resourceType": "RelatedPerson", "id": .string(containedID), "patient": subject,
                "relationship": [representative.relation.concept],
            ]
            if let name = representative.name { person["name"] = [["text": .string(name)]] }
            person["identifier"] = representative.identifier.map { [identifier($0)] }
            consent["contained"] = [.object(person)]
            consent["performer"] = [["reference": .string("#" + containedID)]]
        }
        switch representative.evidence {
        case .document(let reference): consent["sourceReference"] = ["reference": .string(reference)]
        case .digest(let bytes): consent["sourceAttachment"] = ["hash": .string(Base64.encode(bytes))]
        case nil: break
        }
    }

    private static func identifier(_ name: String) -> JSONValue {
        guard let cut = name.utf8.lastIndex(of: UInt8(ascii: "|")), !name.utf8.starts(with: "urn:".utf8) else {
            return ["value": .string(name)]
        }
        return [
            "system": .string(String(name[..<cut])),
            "value": .string(String(name[name.utf8.index(after: cut)...])),
        ]
    }
}
