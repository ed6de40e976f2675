/// Why a text was refused as XML, and where.
package struct XMLError: Error, Equatable, Sendable {
    /// One lower-case sentence without any of the text's own content.
    package let message: String
    /// The offset of the byte at fault, counted from 0.
    package let offset: Int

    /// An error at a byte.
    package init(_ message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }
}

/// What an XML text may cost before it is refused (security.md L6, T108).
package struct XMLLimits: Sendable {
    /// Bytes of the whole text; at most 1 GiB whatever is set, since places in it are counted in 32 bits.
    package var bytesMax: Int
    /// Levels of elements; at most 1,000 whatever is set, since many a reader goes down level by level.
    package var depthMax: Int
    /// Attributes of one element.
    package var attributesMax: Int
    /// Elements and texts in the whole tree.
    package var nodesMax: Int
    /// Bytes of one name, and of one namespace.
    package var nameBytesMax: Int

    /// Limits; the defaults fit any clinical document, embedded PDF included.
    package init(
        bytesMax: Int = 64 << 20, depthMax: Int = 200, attributesMax: Int = 256, nodesMax: Int = 1_000_000,
        nameBytesMax: Int = 256,
    ) {
        self.bytesMax = min(bytesMax, 1 << 30)
        self.depthMax = min(depthMax, 1000)
        self.attributesMax = attributesMax
        self.nodesMax = nodesMax
        self.nameBytesMax = nameBytesMax
    }
}
