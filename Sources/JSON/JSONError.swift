/// Why a text was refused as JSON, and where.
package struct JSONError: Error, Equatable, Sendable {
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

/// What a JSON text may cost before it is refused (security.md, T108).
package struct JSONLimits: Sendable {
    /// Levels of arrays and objects; at most 512 whatever is set, since reading descends.
    package var depthMax: Int
    /// Values in the whole text, members counted once.
    package var nodesMax: Int
    /// Bytes of one number.
    package var numberBytesMax: Int

    /// Limits; the defaults fit any FHIR transaction.
    package init(depthMax: Int = 64, nodesMax: Int = 1_000_000, numberBytesMax: Int = 64) {
        self.depthMax = min(depthMax, 512)
        self.nodesMax = nodesMax
        self.numberBytesMax = numberBytesMax
    }
}
