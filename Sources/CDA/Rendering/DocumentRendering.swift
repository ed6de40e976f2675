import ExchangeCore
import XML

/// From a document's bytes to what people read of it.
package enum DocumentRendering {
    /// Reads a C-CDA document or a plain text; nil for what cannot be shown as text (an image, a PDF, another kind of XML).
    ///
    /// - Throws: `.badRequest` for XML that is not well-formed or crosses a limit, and for text that is not UTF-8; `.tooLarge`
    ///   for more bytes than `limits` permit.
    package static func render(_ bytes: [UInt8], mimeType: String, limits: XMLLimits = XMLLimits()) throws(ExchangeError)
        -> RenderedDocument?
    {
        guard bytes.count <= limits.bytesMax else {
            throw ExchangeError(.tooLarge, "the document is too large to be shown; fetch its bytes")
        }
        let type = String(decoding: mimeType.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 }, as: UTF8.self).lowercased()
        if type == "text/plain" { return try plain(bytes) }
        guard type == "text/xml" || type == "application/xml" || type.hasSuffix("+xml") else { return nil }
        let root = try ClinicalDocument.root(bytes, limits: limits)
        guard root.name == "ClinicalDocument", root.namespace == "urn:hl7-org:v3" else { return nil }
        return clinical(root, try ClinicalDocument.read(root))
    }

    private static func plain(_ bytes: [UInt8]) throws(ExchangeError) -> RenderedDocument {
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        guard let text = String(validating: bytes[start...], as: UTF8.self) else {
            throw ExchangeError(.badRequest, "the text is not UTF-8; fetch its bytes")
        }
        let block = RenderedBlock.preformatted(ShownText.clean(text, keepsLines: true))
        return RenderedDocument(
            title: "Document", language: nil, facts: [], sections: [RenderedSection(title: nil, blocks: [block], sections: [])])
    }

    private static func clinical(_ root: XMLElement, _ document: ClinicalDocument) -> RenderedDocument {
        let sections: [RenderedSection]
        if let body = root.path("component", "structuredBody") {
            sections = self.sections(body)
        } else if let text = root.path("component", "nonXMLBody", "text") {
            sections = [RenderedSection(title: nil, blocks: unstructured(text), sections: [])]
        } else {
            sections = [RenderedSection(title: nil, blocks: [.notice("the document has no body")], sections: [])]
        }
        let language = document.language.flatMap { text in
            text.utf8.count <= 35 && text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || isAlphanumeric($0) } ? text : nil
        }
        return RenderedDocument(
            title: ShownText.clean(document.title ?? document.code?.display ?? "Clinical document"), language: language,
            facts: DocumentHead.facts(document), sections: sections)
    }

    private static func sections(_ element: XMLElement) -> [RenderedSection] {
        element.all("component").flatMap { $0.all("section") }.map { section in
            let text = section.first("text")
            var blocks = text.map { NarrativeReading.blocks($0) } ?? []
            if blocks.isEmpty, section.attribute("nullFlavor") != nil || text != nil || !section.all("entry").isEmpty {
                blocks = [.notice(section.all("entry").isEmpty ? "nothing is said here" : "only entries for programs, no words for people")]
            }
            return RenderedSection(
                title: (section.first("title").flatMap(ElementReading.text)
                    ?? section.first("code").flatMap(ElementReading.code)?.display).map { ShownText.clean($0) },
                blocks: blocks, sections: sections(section))
        }
    }

    /// A body in another format: text is shown, anything else named.
    private static func unstructured(_ text: XMLElement) -> [RenderedBlock] {
        let type = ShownText.clean(String((text.attribute("mediaType") ?? "text/plain").prefix(100)))
        guard type == "text/plain", text.first("reference") == nil else {
            let place = text.first("reference") == nil ? "stands in the document" : "lies elsewhere"
            return [.notice("the body is of type \(type) and \(place); it is not shown: fetch the bytes")]
        }
        if text.attribute("representation") == "B64" {
            let letters = text.text.utf8.filter { $0 > 0x20 }
            guard let bytes = Base64.decode(String(decoding: letters, as: UTF8.self)),
                let decoded = String(validating: bytes, as: UTF8.self)
            else { return [.notice("the body is text that cannot be read; fetch the bytes")] }
            return [.preformatted(ShownText.clean(decoded, keepsLines: true))]
        }
        return [.preformatted(ShownText.clean(text.text, keepsLines: true))]
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
    }
}
