import CExpat

/// Reads XML through libexpat, namespaces resolved here, any document type declaration refused (libraries.md 4).
package enum XMLReader {
    /// Fed at once; with `lagMax` it bounds the work on one long token (security.md L6, CVE-2023-52425).
    static let pieceBytes = 64 << 10
    /// How far the parser may be behind what it was fed: only an unfinished token makes it wait.
    static let lagMax = 256 << 10

    /// The root element of a whole text in UTF-8, UTF-16 or Latin-1.
    ///
    /// Nothing is ever loaded or expanded: a DOCTYPE ends the reading, XInclude stays an element like any other.
    package static func read(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) throws(XMLError) -> XMLElement {
        guard bytes.count <= limits.bytesMax else {
            throw XMLError("longer than \(limits.bytesMax) bytes", offset: limits.bytesMax)
        }
        guard !bytes.isEmpty else { throw XMLError("the text is empty", offset: 0) }
        guard let parser = XML_ParserCreate(nil) else {
            throw XMLError("no memory for a parser", offset: 0)
        }
        defer { XML_ParserFree(parser) }
        var tree = XMLTree(parser: parser, limits: limits, bytes: bytes.count)
        return try withUnsafeMutablePointer(to: &tree) { tree throws(XMLError) -> XMLElement in
            XMLTree.listen(parser, tree)
            try feed(bytes, to: parser, building: tree)
            guard let nodes = tree.pointee.finish() else {
                throw XMLError("the text has no root element", offset: bytes.count)
            }
            return XMLElement(nodes: nodes, place: 0)
        }
    }

    private static func feed(
        _ bytes: [UInt8], to parser: XML_Parser, building tree: UnsafeMutablePointer<XMLTree>,
    ) throws(XMLError) {
        try bytes.withUnsafeBufferPointer { buffer throws(XMLError) in
            let raw = UnsafeRawBufferPointer(buffer)
            var fed = 0
            while fed < raw.count {
                let length = min(pieceBytes, raw.count - fed)
                let isLast = fed + length == raw.count
                let piece = raw.baseAddress.map { ($0 + fed).assumingMemoryBound(to: CChar.self) }
                let status = XML_Parse(parser, piece, Int32(length), isLast ? 1 : 0)
                fed += length
                let reached = Int(XML_GetCurrentByteIndex(parser))
                if let failure = tree.pointee.failure { throw failure }
                guard status == XML_STATUS_OK else {
                    let reason = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) }
                    throw XMLError("not well-formed: \(reason ?? "unknown reason")", offset: max(0, reached))
                }
                if !isLast, fed - reached > lagMax {
                    throw XMLError("a tag, comment or value longer than \(lagMax) bytes", offset: max(0, reached))
                }
            }
        }
    }
}
