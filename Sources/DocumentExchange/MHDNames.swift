import ExchangeCore
import XDSMetadata

/// URIs of MHD 4.2 and of our own extensions, in one place.
enum MHDNames {
    static let uri = "urn:ietf:rfc:3986"
    static let identifierType = "https://profiles.ihe.net/ITI/MHD/CodeSystem/IHE.MHD.MHDIdentifierType"
    static let listType = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
    static let sourceID = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId"
    static let designation = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType"
    static let recipient = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-intendedRecipient"
    static let authorOrganization = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-authorOrg"
    static let homeCommunity = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-HomeCommunityId"
    /// SHA-256 of the document's bytes, `valueBase64Binary`, on an attachment.
    static let sha256 = "https://concordat.example/fhir/StructureDefinition/sha256"
    static let comprehensive = [
        "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Comprehensive.ProvideBundle",
        "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.UnContained.Comprehensive.ProvideBundle",
    ]
    /// The profile that a list of this node keeps: nothing more is promised of what sources said of it.
    static func profile(of kind: ListKind) -> String {
        "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal."
            + (kind == .folder ? "Folder" : "SubmissionSet")
    }
    static let uniqueIDType = CodedValue(code: "uniqueId", system: identifierType)
    static let entryUUIDType = CodedValue(code: "entryUUID", system: identifierType)
}

/// Identifiers are compared as bytes.
func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
