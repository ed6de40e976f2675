import ExchangeCore
import XML

/// The header of a clinical document and the codes in its body (HL7 CDA R2 as C-CDA R2.1 profiles it).
///
/// Reading takes what is there: what a registry will miss is listed in `problems`, not thrown.
package struct ClinicalDocument: Hashable, Sendable {
    /// `ClinicalDocument/id`: the document itself, the same wherever a copy lies.
    package internal(set) var id: InstanceIdentifier?
    /// `templateId`s of the document; the extension is the template's version.
    package internal(set) var templates: [InstanceIdentifier] = []
    /// `code`: the kind of document, mostly LOINC.
    package internal(set) var code: CodedValue?
    /// Translations of `code`.
    package internal(set) var codeTranslations: [CodedValue] = []
    /// `title`, white space collapsed.
    package internal(set) var title: String?
    /// `effectiveTime`: when the document was written.
    package internal(set) var effectiveTime: PartialDate?
    /// `confidentialityCode`, as HL7 v3 Confidentiality.
    package internal(set) var confidentiality: CodedValue?
    /// `languageCode`, BCP 47.
    package internal(set) var language: String?
    /// `setId`: the same over all versions of the document.
    package internal(set) var setID: InstanceIdentifier?
    /// `versionNumber`.
    package internal(set) var versionNumber: Int?
    /// Earlier documents this one replaces, appends to or transforms.
    package internal(set) var relatedDocuments: [RelatedDocument] = []
    /// Whom the document is about; C-CDA has one, rarely more.
    package internal(set) var recordTargets: [RecordTarget] = []
    /// Who wrote it: people, organisations and devices.
    package internal(set) var authors: [Participant] = []
    /// Who keeps the original.
    package internal(set) var custodian: Participant?
    /// Who answers for it.
    package internal(set) var legalAuthenticator: Participant?
    /// The stay or visit it came from.
    package internal(set) var encounter: Encounter?
    /// The care it reports on.
    package internal(set) var serviceEvents: [ServiceEvent] = []
    /// What kind of body it has.
    package internal(set) var body: Body = .missing
    /// Codes in header events and body, for sensitivity labels; at most `codedEntriesMax`.
    package internal(set) var codedEntries: [CodedEntry] = []
    /// True when the body has more codes than `codedEntriesMax`: label such a document as restricted.
    package internal(set) var hasMoreCodedEntries = false
    /// What a registry will miss or doubt, worst first.
    package internal(set) var problems: [Problem] = []

    /// How many codes are collected at most.
    package static let codedEntriesMax = 20_000

    init() {}

    /// Reads a document from its bytes.
    ///
    /// Throws `badRequest` with the byte offset when it is not well-formed XML (a DOCTYPE included) or not a
    /// ClinicalDocument of `urn:hl7-org:v3`; `tooLarge` when a limit of the XML reader is crossed.
    package static func read(
        _ bytes: [UInt8], limits: XMLLimits = XMLLimits(),
    ) throws(ExchangeError) -> ClinicalDocument {
        try read(root(bytes, limits: limits))
    }

    /// The root element of a document's bytes, for those who read more than the header; throws as `read` does.
    package static func root(
        _ bytes: [UInt8], limits: XMLLimits = XMLLimits(),
    ) throws(ExchangeError) -> XMLElement {
        do {
            return try XMLReader.read(bytes, limits: limits)
        } catch {
            throw ExchangeError(
                bytes.count > limits.bytesMax ? .tooLarge : .badRequest, error.message, at: "byte \(error.offset)")
        }
    }

    /// Reads a document from its root element; throws as the other does.
    package static func read(_ root: XMLElement) throws(ExchangeError) -> ClinicalDocument {
        guard root.name == "ClinicalDocument", root.namespace == "urn:hl7-org:v3" else {
            throw ExchangeError(
                .badRequest, "not a ClinicalDocument: the root must be that element of urn:hl7-org:v3",
                at: "byte \(root.offset)")
        }
        var reading = HeaderReading(root: root)
        return reading.document()
    }

    /// `root` of `id`: an OID or a UUID.
    package var idRoot: String? { id?.root }
    /// `extension` of `id`.
    package var idExtension: String? { id?.extension }
    /// The document's id as a URI: XDS `uniqueId`, FHIR `masterIdentifier`. See `InstanceIdentifier.uri`.
    package var uniqueID: String? { id?.uri }
    /// `uniqueID`s of the documents this one replaces (`RPLC`).
    package var replaces: [String] {
        relatedDocuments.filter { $0.kind == "RPLC" }.flatMap(\.identifiers).map(\.uri)
    }
    /// The start of the care reported: the first service event's, else the encounter's.
    package var serviceStart: PartialDate? { serviceEvents.compactMap(\.start).first ?? encounter?.start }
    /// The end of the care reported: the first service event's, else the encounter's.
    package var serviceStop: PartialDate? { serviceEvents.compactMap(\.end).first ?? encounter?.end }
}
