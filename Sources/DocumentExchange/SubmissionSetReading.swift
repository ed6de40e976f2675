import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// Reads the submission set's List of an ITI-65 Bundle.
enum SubmissionSetReading {
    static func read(_ set: BundleParts.Item, _ parts: BundleParts, into request: inout ProvideRequest)
        throws(ExchangeError)
    {
        guard let uniqueID = uniqueID(set.resource) else {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: the submission set needs a uniqueId that is a URI",
                at: set.path + ".identifier")
        }
        request.setUniqueID = uniqueID
        let lookup = ResourceLookup(container: set.resource, beside: parts.beside)
        for (index, item) in (set.resource["extension"]?.items ?? []).enumerated() {
            switch item["url"]?.string {
            case MHDNames.sourceID: request.sourceID = item["valueIdentifier"].flatMap(DraftReading.uri)
            case MHDNames.designation: request.contentType = CodedValue(concept: item["valueCodeableConcept"])
            case MHDNames.recipient:
                let name = FHIRReference(json: item["valueReference"]).flatMap { recipient($0, lookup) }
                guard let name else {
                    throw ExchangeError(
                        .badRequest, "UnknownRecipient: the reference leads to nobody: bundle or contain the resource, or name "
                            + "an identifier", at: "\(set.path).extension[\(index)].valueReference")
                }
                request.recipients.append(name)
            default: break
            }
        }
        guard request.sourceID != nil else {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: the submission set needs a sourceId that is a URI",
                at: set.path + ".extension")
        }
        if let date = set.resource["date"] {
            guard let time = date.string.flatMap({ PartialDate($0) }) else {
                throw ExchangeError(.badRequest, "not a date or time", at: set.path + ".date")
            }
            request.submissionTime = time
        }
        request.author = author(set.resource["source"], lookup)
        request.title = set.resource["title"]?.string
        request.comments = comments(set.resource)
    }

    /// The uniqueId among a List's identifiers, by either convention (`type`, or `use`), or the only one.
    static func uniqueID(_ list: JSONObject) -> String? {
        let identifiers = list["identifier"]?.items ?? []
        let unique =
            identifiers.first { CodedValue(concept: $0["type"]) == MHDNames.uniqueIDType }
            ?? identifiers.first { $0["use"]?.string == "usual" }
            ?? (identifiers.count == 1 ? identifiers.first : nil)
        return unique.flatMap(DraftReading.uri)
    }

    /// The notes of a List as one text.
    static func comments(_ list: JSONObject) -> String? {
        let texts = (list["note"]?.items ?? []).compactMap { $0["text"]?.string }
        return texts.isEmpty ? nil : texts.joined(separator: "\n")
    }

    /// Who submitted: the person or organisation, and the organisation that MHD lets stand beside a person.
    static func author(_ json: JSONValue?, _ lookup: ResourceLookup) -> DocumentAuthor? {
        guard let source = FHIRReference(json: json) else { return nil }
        var author = AuthorMapping.author(source, lookup)
        let organization = (json?["extension"]?.items ?? []).first { $0["url"]?.string == MHDNames.authorOrganization }
        if let reference = FHIRReference(json: organization?["valueReference"]),
            let institution = AuthorMapping.author(reference, lookup)
        {
            var both = author ?? DocumentAuthor()
            both.institution = both.institution ?? institution.institution
            both.institutionIdentifier = both.institutionIdentifier ?? institution.institutionIdentifier
            author = both
        }
        return author
    }

    /// One name for a recipient: its identifier, what people call it, or where the reference leads; nil for one that leads to
    /// nothing.
    static func recipient(_ reference: FHIRReference, _ lookup: ResourceLookup) -> String? {
        if let resource = lookup.resource(reference) {
            let identifier = (resource["identifier"]?.items ?? []).lazy.compactMap { PatientIdentifier(identifier: $0) }.first
            if let identifier { return same(identifier.system, MHDNames.uri) ? identifier.value : FHIRReference(identifier: identifier).name }
            if let name = resource["name"]?.string { return name }
            if let name = resource["name"]?.items.first.flatMap({ PersonName(humanName: $0) }) {
                return (name.given + [name.family]).joined(separator: " ")
            }
            return (resource["telecom"]?.items ?? []).lazy.compactMap { $0["value"]?.string }.first ?? reference.display
        }
        if let identifier = reference.identifier {
            return same(identifier.system, MHDNames.uri) ? identifier.value : reference.name
        }
        switch reference.target {
        case .relative, .absolute: return reference.reference
        case .contained, .urn, .other, nil: return nil
        }
    }
}
