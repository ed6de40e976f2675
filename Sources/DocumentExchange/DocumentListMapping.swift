import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// A submission set or folder as FHIR `List` (MHD 4.2), with those of its documents that are to be shown.
package enum DocumentListMapping {
    /// The List; its entries are the documents of `shown`, in the order of the list.
    ///
    /// - Parameters:
    ///   - shown: the documents that the asker may see.
    ///   - folders: the folders that a submission set may name to the asker.
    ///   - home: the community that holds it.
    package static func json(
        _ list: RegisteredList, showing shown: Set<DocumentID>, folders: Set<FolderID> = [], home: CommunityID,
    ) -> JSONObject {
        var object: JSONObject = ["resourceType": "List"]
        object["id"] = .string(list.id)
        object["meta"] = ["profile": .array([.string(MHDNames.profile(of: list.kind))])]
        var extensions: [JSONValue] = [["url": .string(MHDNames.homeCommunity), "valueOid": .string(home.urn)]]
        var contained: [JSONValue] = []
        var entries = list.members.filter { shown.contains($0.document) }.map { member in
            var entry: JSONObject = ["item": ["reference": .string("DocumentReference/\(member.document)")]]
            if list.kind == .folder { entry["date"] = .string(member.added.description) }
            return JSONValue.object(entry)
        }
        let described: (uniqueID: String, title: String?, comments: String?, source: JSONValue?)
        switch list.content {
        case .submissionSet(let set):
            if let code = set.contentType { extensions.append(designation(code)) }
            if let id = set.sourceID {
                extensions.append([
                    "url": .string(MHDNames.sourceID), "valueIdentifier": ["system": .string(MHDNames.uri), "value": .string(id)],
                ])
            }
            extensions += set.recipients.map { ["url": .string(MHDNames.recipient), "valueReference": recipient($0)] }
            let author = set.author.map { AuthorMapping.json($0, number: 1) }
            contained = author?.contained ?? []
            entries += set.folders.filter(folders.contains).map { ["item": ["reference": .string("List/\($0)")]] }
            described = (set.uniqueID, set.title, set.comments, author?.reference)
        case .folder(let folder):
            extensions += folder.codes.map(designation)
            described = (folder.uniqueID, folder.title, folder.comments, nil)
        }
        if !contained.isEmpty { object["contained"] = .array(contained) }
        object["extension"] = .array(extensions)
        object["identifier"] = .array([
            DocumentReferenceMapping.identifier(described.uniqueID, "usual", MHDNames.uniqueIDType),
            DocumentReferenceMapping.identifier("urn:uuid:" + list.id, "official", MHDNames.entryUUIDType),
        ])
        object["status"] = "current"
        object["mode"] = "working"
        object["title"] = described.title.map { .string($0) }
        object["code"] = CodedValue(code: list.kind.rawValue, system: MHDNames.listType).concept
        object["subject"] = ["reference": .string("Patient/\(list.patient)")]
        object["date"] = list.date(showing: shown).map { .string($0.text) }
        object["source"] = described.source
        object["note"] = described.comments.map { .array([["text": .string($0)]]) }
        if !entries.isEmpty { object["entry"] = .array(entries) }
        return object
    }

    private static func designation(_ code: CodedValue) -> JSONValue {
        ["url": .string(MHDNames.designation), "valueCodeableConcept": code.concept]
    }

    /// A URI as an identifier, a reference as one, anything else as words for people.
    private static func recipient(_ name: String) -> JSONValue {
        switch FHIRReference(name).target {
        case .relative, .absolute: return FHIRReference(name).json
        case .urn: return ["identifier": ["system": .string(MHDNames.uri), "value": .string(name)]]
        case .contained, .other, nil:
            let named = FHIRReference(name: name)
            return named.identifier == nil ? ["display": .string(name)] : named.json
        }
    }
}
