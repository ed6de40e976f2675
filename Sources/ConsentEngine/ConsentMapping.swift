import ExchangeCore
import FHIRModel
import JSON

/// FHIR `Consent` (R4, IHE PCF 1.1 basic, intermediate and advanced; ITI-108) to a directive and back.
///
/// `Consent.meta.lastUpdated`, else `dateTime`, is when the directive was recorded here. Read leniently, anything not
/// understood becomes a doubt, and a directive with a doubt denies; read for recording, it is refused with its path.
package enum ConsentMapping {
    /// The directive a `Consent` states, to be recorded: anything not understood is refused.
    ///
    /// The patient is the one the caller resolved `patientReference` to.
    /// - Throws: `.badRequest` naming the element.
    package static func directive(
        recording consent: JSONObject, id: DirectiveID, patient: PatientID, recorded: Timestamp, version: Int = 1,
    ) throws(ExchangeError) -> ConsentDirective {
        try requireConsent(consent)
        try ConsentLimits.check(consent)
        var directive = read(consent, id: id, patient: patient, recorded: recorded)
        directive.version = max(1, version)
        if let first = directive.doubts.first {
            throw ExchangeError(
                .badRequest, "this part of the consent cannot be enforced here; leave it out or say it otherwise",
                at: first)
        }
        let rules =
            [("Consent.provision", directive.base)]
            + directive.exceptions.enumerated().map { ("Consent.provision.provision[\($0.offset)]", $0.element) }
        for (path, rule) in rules {
            for item in rule.data {
                guard case .unresolvable = item else { continue }
                throw ExchangeError(
                    .badRequest, "what depends on something else is not known here; name documents, authors or what they are related to",
                    at: path + ".data")
            }
        }
        return directive
    }

    /// The directive a stored or foreign `Consent` states: what is not understood makes it deny (`doubts`).
    ///
    /// - Throws: `.badRequest` when it is no Consent, or its id, patient or time is not of this node's form.
    package static func directive(reading consent: JSONObject) throws(ExchangeError) -> ConsentDirective {
        try requireConsent(consent)
        guard let id = consent["id"]?.string.flatMap({ DirectiveID($0) }) else {
            throw ExchangeError(.badRequest, "the id is not one of this node's", at: "Consent.id")
        }
        guard case .relative("Patient", let patientID)? = patientReference(consent)?.target,
            let patient = PatientID(patientID)
        else { throw ExchangeError(.badRequest, "the patient is not one of this node's", at: "Consent.patient") }
        // The patient's own dateTime stays as written; a Consent without meta was written by this module.
        let time = consent["meta"]?["lastUpdated"] ?? consent["dateTime"]
        guard let recorded = time?.string.flatMap({ PartialDate($0) }), recorded.precision == .time else {
            throw ExchangeError(
                .badRequest, "the time of recording is missing or no instant", at: "Consent.meta.lastUpdated")
        }
        var directive = read(consent, id: id, patient: patient, recorded: recorded.start)
        directive.version = consent["meta"]?["versionId"]?.string.flatMap { Int($0) }.map { max(1, $0) } ?? 1
        return directive
    }

    /// Whom a `Consent` is about, as written.
    package static func patientReference(_ consent: JSONObject) -> FHIRReference? {
        FHIRReference(json: consent["patient"])
    }

    /// The `Consent` of a directive; `directive(reading:)` gives the directive back.
    package static func json(_ directive: ConsentDirective) -> JSONObject {
        var consent: JSONObject = ["resourceType": "Consent", "id": .string(directive.id.description)]
        consent["meta"] = [
            "versionId": .string(String(directive.version)), "lastUpdated": .string(directive.recorded.description),
        ]
        let doubts = directive.doubts.map { ["url": .string(doubtExtension), "valueString": .string($0)] as JSONValue }
        let extensions = doubts + [directive.origin?.json].compactMap { $0 }
        if !extensions.isEmpty { consent["extension"] = .array(extensions) }
        consent["status"] = .string(directive.status.rawValue)
        consent["scope"] = CodedValue(code: "patient-privacy", system: scopeSystem).concept
        consent["category"] = .array([CodedValue(code: "59284-0", system: CodeSystems.loinc).concept])
        consent["patient"] = ["reference": .string("Patient/\(directive.patient)")]
        consent["dateTime"] = .string(directive.recorded.description)
        if let person = directive.recordedBy {
            RepresentativeMapping.write(person, of: directive.patient, into: &consent)
        }
        // R4 ppc-1: a Consent names a policy or a policy rule.
        if directive.policies.isEmpty {
            let code = directive.base.effect == .permit ? "OPTIN" : "OPTOUT"
            consent["policyRule"] = CodedValue(code: code, system: CodeSystems.actCode).concept
        } else {
            consent["policy"] = .array(directive.policies.map { ["uri": .string($0)] })
        }
        var provision = ProvisionMapping.json(directive.base)
        if !directive.exceptions.isEmpty {
            provision["provision"] = .array(directive.exceptions.map { .object(ProvisionMapping.json($0)) })
        }
        consent["provision"] = .object(provision)
        return consent
    }

    static let doubtExtension = "https://concordat.example/fhir/StructureDefinition/consent-doubt"
    private static let scopeSystem = "http://terminology.hl7.org/CodeSystem/consentscope"

    /// Elements that do not change what is permitted, or that are read below.
    private static let known: Set<String> = [
        "resourceType", "id", "meta", "language", "text", "contained", "extension", "identifier", "status", "scope",
        "category", "patient", "dateTime", "performer", "organization", "sourceAttachment", "sourceReference", "policy",
        "policyRule", "verification", "provision",
    ]

    private static func requireConsent(_ consent: JSONObject) throws(ExchangeError) {
        guard consent["resourceType"]?.string == "Consent" else {
            throw ExchangeError(.badRequest, "a Consent is wanted here", at: "resourceType")
        }
    }

    private static func read(_ consent: JSONObject, id: DirectiveID, patient: PatientID, recorded: Timestamp)
        -> ConsentDirective
    {
        var doubts = (consent["extension"]?.items ?? []).filter { $0["url"]?.string == doubtExtension }
            .map { $0["valueString"]?.string ?? "Consent.extension" }
        for member in consent.members where !known.contains(member.name) && !member.name.utf8.starts(with: "_".utf8) {
            doubts.append("Consent.\(member.name)")
        }
        let status = consent["status"]?.string.flatMap { ConsentDirective.Status(rawValue: $0) }
        if status == nil { doubts.append("Consent.status") }
        if CodedValue.codings(inConcept: consent["scope"]).allSatisfy({ $0.code != "patient-privacy" }) {
            doubts.append("Consent.scope")
        }
        for (index, item) in (consent["verification"]?.items ?? []).enumerated()
        where item["verified"]?.bool != true {
            doubts.append("Consent.verification[\(index)]")
        }
        doubts += ConsentLimits.doubts(consent)
        category(consent, &doubts)
        let recordedBy = RepresentativeMapping.read(consent, doubts: &doubts)
        var base = ConsentRule(.deny)
        var exceptions: [ConsentRule] = []
        if let provision = consent["provision"]?.object {
            base = ProvisionMapping.rule(provision, at: "Consent.provision", doubts: &doubts)
            if let nested = provision["provision"] {
                if nested.items.isEmpty { doubts.append("Consent.provision.provision") }
                for (index, item) in nested.items.enumerated() {
                    let path = "Consent.provision.provision[\(index)]"
                    guard let item = item.object, item["provision"] == nil else {
                        doubts.append(path + ".provision")
                        continue
                    }
                    exceptions.append(ProvisionMapping.rule(item, at: path, doubts: &doubts))
                }
            }
        } else {
            doubts.append("Consent.provision")
        }
        let policies = (consent["policy"]?.items ?? []).compactMap { $0["uri"]?.string }
        if base.effect == .permit, let index = policies.firstIndex(where: refusesPermits) {
            doubts.append("Consent.policy[\(index)].uri")
        }
        return ConsentDirective(
            id: id, patient: patient, status: status ?? .active, base: base, exceptions: exceptions,
            policies: policies, recorded: recorded, recordedBy: recordedBy, origin: ConsentOrigin(of: consent),
            doubts: doubts)
    }

    /// A base provision that permits under a policy that permits nothing contradicts itself.
    private static func refusesPermits(_ policy: String) -> Bool {
        same(policy, ConsentPolicyDefault.deny.rawValue) || same(policy, ConsentPolicyDefault.breakGlassOnly.rawValue)
    }

    /// Every category must be one of consent to disclosure: another kind of consent is not ours to enforce.
    private static func category(_ consent: JSONObject, _ doubts: inout [String]) {
        let categories = consent["category"]?.items ?? []
        if categories.isEmpty { doubts.append("Consent.category") }
        for (index, category) in categories.enumerated()
        where !CodedValue.codings(inConcept: category).contains(where: isDisclosure) {
            doubts.append("Consent.category[\(index)]")
        }
    }

    private static func isDisclosure(_ category: CodedValue) -> Bool {
        switch category.system {
        case CodeSystems.loinc: ["59284-0", "57016-8", "57017-6", "64292-6"].contains(category.code)
        case CodeSystems.actCode: ["INFA", "IDSCL", "INFAO", "IRDSCL"].contains(category.code)
        case "http://terminology.hl7.org/CodeSystem/consentcategorycodes": ["hcd", "npp"].contains(category.code)
        default: false
        }
    }
}
