import ConsentEngine
import ExchangeCore
import JSON
import Journal

/// One version of a directive as it stands in the journal: what decides, and the FHIR Consent as it was recorded.
package struct ConsentVersion: Hashable, Sendable {
    /// What the evaluator reads.
    package let directive: ConsentDirective
    /// 1 for the first; the `versionId` of ITI-108.
    package let number: Int
    /// The `Consent` as FHIR JSON, with this node's id, version and time in it.
    package let resource: [UInt8]
    /// The journal entry that recorded it.
    package let position: JournalPosition

    /// A version from its parts.
    package init(directive: ConsentDirective, number: Int, resource: [UInt8], position: JournalPosition) {
        self.directive = directive
        self.number = number
        self.resource = resource
        self.position = position
    }

    /// The directive's id.
    package var id: DirectiveID { directive.id }

    /// When it was recorded here.
    package var recorded: Timestamp { directive.recorded }

    /// The resource as JSON; `.corrupted` when it cannot be read.
    package var json: JSONObject {
        get throws(ExchangeError) { try PayloadReading.object(resource) }
    }

    /// The extension that says who recorded the version; ours. What a client sends under this name is dropped.
    package static let recorderExtension = "https://concordat.example/fhir/StructureDefinition/consent-recorder"

    /// The number a version gets behind the ones before it: as its payload says, never one that is taken.
    package static func number(stated: Int, after last: Int) -> Int { max(stated, last + 1) }
}

/// The newest version of another community's directive, as it decides here.
package struct ConsentCopy: Hashable, Sendable {
    /// The version.
    package let version: ConsentVersion
    /// Since when it decides here.
    package let since: Timestamp

    /// A copy from its parts.
    package init(version: ConsentVersion, since: Timestamp) {
        self.version = version
        self.since = since
    }
}

/// The marks this node puts on a Consent before it is journaled: id, version, time, patient, and who recorded it.
enum ConsentStamp {
    /// The Consent as it is journaled.
    static func stamped(
        _ consent: JSONObject, as directive: ConsentDirective, by context: AccessContext,
    ) -> JSONObject {
        var marked: JSONObject = ["resourceType": "Consent", "id": .string(directive.id.description)]
        var meta = consent["meta"]?.object ?? [:]
        meta["versionId"] = .string(String(directive.version))
        meta["lastUpdated"] = .string(directive.recorded.description)
        meta["source"] = nil
        marked["meta"] = .object(meta)
        for member in consent.members where !["resourceType", "id", "meta"].contains(member.name) {
            marked[member.name] = member.value
        }
        marked["patient"] = ["reference": .string("Patient/\(directive.patient)")]
        let own = [ConsentVersion.recorderExtension, ConsentOrigin.url]
        let kept = (consent["extension"]?.items ?? []).filter { item in !own.contains { item["url"]?.string == $0 } }
            + [directive.origin?.json].compactMap { $0 }
        marked["extension"] = .array(kept + [recorderExtension(context)])
        return marked
    }

    private static func recorderExtension(_ context: AccessContext) -> JSONValue {
        var parts: [JSONValue] = [
            ["url": "user", "valueString": .string(context.user)],
            ["url": "organization", "valueString": .string(context.organization)],
            ["url": "door", "valueCode": .string(context.door.rawValue)],
            ["url": "trace", "valueString": .string(context.traceID)],
        ]
        if let role = context.role { parts.append(["url": "role", "valueString": .string(role)]) }
        if let purpose = context.purpose { parts.append(["url": "purpose", "valueCode": .string(purpose)]) }
        return ["url": .string(ConsentVersion.recorderExtension), "extension": .array(parts)]
    }
}
