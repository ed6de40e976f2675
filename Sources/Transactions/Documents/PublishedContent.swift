import DocumentExchange
import ExchangeCore
import XML

/// What a document's bytes must be before they are kept, whichever way they came (ITI-65, ITI-105).
///
/// A file that says it is XML is read once, with the limits and refusals of `XMLReader`: no DTD, so no entity and no file
/// or address to fetch (T107, T108). Whoever opens it later may be less careful. A C-CDA must name its patient.
enum PublishedContent {
    static func check(_ documents: [(draft: DocumentDraft, bytes: [UInt8])], limits: ExchangeLimits)
        throws(ExchangeError)
    {
        for (index, document) in documents.enumerated() where isXML(document.draft.mimeType) {
            var bounds = XMLLimits()
            bounds.bytesMax = limits.documentBytesMax
            let root: XMLElement
            do {
                root = try XMLReader.read(document.bytes, limits: bounds)
            } catch {
                throw ExchangeError(
                    .badRequest, "the document says it is XML and is not fit to be kept: \(error.message)",
                    at: "document \(index), byte \(error.offset)")
            }
            guard root.name == "ClinicalDocument", root.namespace == "urn:hl7-org:v3" else { continue }
            guard root.path("recordTarget", "patientRole", "id") != nil else {
                throw ExchangeError(
                    .unknownPatient, "InvalidDocumentContent: the C-CDA names no patient (recordTarget/patientRole/id)",
                    at: "document \(index)")
            }
        }
    }

    private static func isXML(_ mimeType: String) -> Bool {
        let essence = mimeType.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 }
        let text = String(decoding: essence, as: UTF8.self).lowercased()
        return text == "text/xml" || text == "application/xml" || text.hasSuffix("+xml")
    }
}
