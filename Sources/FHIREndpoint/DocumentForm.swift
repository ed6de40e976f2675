/// How a document leaves: as its bytes, or as a Binary resource for who asks for FHIR (R4, binary.html 2.44.3).
enum DocumentForm: Sendable {
    case bytes
    case resource

    /// The form a caller accepts; nil when it accepts neither.
    init?(accept: String?, format: String?, mimeType: String) {
        if let format, format.utf8.elementsEqual("json".utf8) || format.contains("fhir") {
            self = .resource
            return
        }
        // A page was wanted, and there is none of this document.
        if let format, format == "html" || format == "text/html" { return nil }
        guard let accept, accept != "*/*" else {
            self = .bytes
            return
        }
        let type = Self.essence(mimeType)
        let ranges = MediaRange.list(accept).filter { $0.quality > 0 }
        // XML has two names; whoever takes one takes the other.
        let names = type == "text/xml" || type == "application/xml" ? ["text/xml", "application/xml"] : [type]
        if ranges.isEmpty || ranges.contains(where: { range in names.contains(where: range.covers) }) {
            self = .bytes
        } else if ranges.contains(where: { $0.essence == "application/fhir+json" || $0.essence == "application/json" }) {
            self = .resource
        } else {
            return nil
        }
    }

    /// The type a document is sent with: its own when it is harmless, else bytes of no type.
    static func safeType(_ mimeType: String) -> String {
        let type = essence(mimeType)
        return harmless.contains(type) ? type : "application/octet-stream"
    }

    /// Whether a caller would rather read the document as a page than have its bytes: `_format=html`, or `text/html` named in
    /// Accept and preferred to the document's own type, as browsers do.
    static func wantsPage(accept: String?, format: String?, mimeType: String) -> Bool {
        if let format { return format == "html" || format == "text/html" }
        let own = essence(mimeType)
        guard let accept, own != "text/html" else { return false }
        let ranges = MediaRange.list(accept)
        let page = ranges.filter { $0.essence == "text/html" }.map(\.quality).max() ?? 0
        let names = own == "text/xml" || own == "application/xml" ? ["text/xml", "application/xml"] : [own]
        let bytes = ranges.filter { names.contains($0.essence) }.map(\.quality).max() ?? 0
        return page > bytes
    }

    private static func essence(_ mimeType: String) -> String { MediaRange(mimeType)?.essence ?? "application/octet-stream" }

    private static let harmless: Set<String> = [
        "application/dicom", "application/fhir+json", "application/fhir+xml", "application/hl7-v3+xml", "application/json",
        "application/pdf", "application/rtf", "application/xml", "image/jpeg", "image/png", "image/tiff", "text/plain",
        "text/rtf", "text/xml",
    ]
}
