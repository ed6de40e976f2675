/// What a message may cost before it is refused (security.md T114).
package struct HL7Limits: Hashable, Sendable {
    /// Bytes of one message, and of one MLLP frame.
    package var messageBytesMax = 16 << 20
    /// Segments of one message.
    package var segmentsMax = 20_000
    /// Fields of one segment.
    package var fieldsMax = 1000
    /// Repetitions of one field.
    package var repetitionsMax = 1000
    /// Components of one repetition.
    package var componentsMax = 256
    /// Subcomponents of one component.
    package var subcomponentsMax = 256
    /// Messages of one batch.
    package var messagesPerBatchMax = 10_000
    /// Bytes of one batch.
    package var batchBytesMax = 64 << 20
    /// Bytes between two MLLP frames that are passed over before the connection is given up.
    package var strayBytesMax = 4096

    /// The defaults.
    package init() {}
}
