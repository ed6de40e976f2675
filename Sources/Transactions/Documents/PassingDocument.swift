import Crypto
import DocumentExchange
import ExchangeCore
import Logging
import XDSMetadata

/// A document of another community on its way through this node to who asked for it.
package struct PassingDocument: Sendable {
    /// The media type of the metadata.
    package let mimeType: String
    /// Its length in bytes, where the metadata or the peer states one.
    package let size: Int?
    /// SHA-256 of the bytes, 32 bytes: the strong ETag; nil where the metadata states none.
    package let sha256: [UInt8]?
    /// The bytes, held against the metadata while they pass: the last piece comes only when all is right.
    package let body: DocumentStream
    /// To be ended when the bytes have left.
    package let ticket: AnswersUnderWay.Ticket

    /// A document from its parts.
    init(mimeType: String, size: Int?, sha256: [UInt8]?, body: DocumentStream, ticket: AnswersUnderWay.Ticket) {
        self.mimeType = mimeType
        self.size = size
        self.sha256 = sha256
        self.body = body
        self.ticket = ticket
    }

    /// A document of this node in the same form.
    init(_ own: RetrievedDocument) {
        self.init(
            mimeType: own.mimeType, size: own.bytes.count, sha256: own.sha256, body: DocumentStream(own.bytes),
            ticket: own.ticket)
    }

    /// All of its bytes; whatever is wrong with them as it came. For who has the memory.
    package func collected() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in body { bytes += piece }
        return bytes
    }
}

/// Holds a document's bytes against what its metadata states, while they pass.
struct DocumentCheck {
    private let entry: DocumentEntry
    private var sha1 = Insecure.SHA1()
    private var sha256 = SHA256()
    private var count = 0

    static let damaged = ExchangeError(
        .corrupted, "the document was damaged on its way, or is not the one its metadata describes")

    init(_ entry: DocumentEntry) { self.entry = entry }

    /// Takes a piece; `.corrupted` as soon as there are more bytes than there should be.
    mutating func take(_ piece: [UInt8]) throws(ExchangeError) {
        count += piece.count
        guard entry.size < 0 || count <= entry.size else { throw Self.damaged }
        sha1.update(data: piece)
        sha256.update(data: piece)
    }

    /// `.corrupted` unless length and digests are what the metadata states, as far as it states them.
    func demandWhole() throws(ExchangeError) {
        guard entry.size < 0 || count == entry.size,
            entry.sha1.isEmpty || Array(sha1.finalize()) == entry.sha1,
            entry.sha256.isEmpty || Array(sha256.finalize()) == entry.sha256
        else { throw Self.damaged }
    }

    /// The pieces of a stream, each only when another has come behind it, and the last only when the whole is right.
    ///
    /// - Parameter failed: told why the rest will not come.
    static func checking(
        _ stream: DocumentStream, against entry: DocumentEntry, failed: @escaping @Sendable (ExchangeError) -> Void,
    ) -> DocumentStream {
        DocumentStream(stop: stream.cancel) {
            var pieces = stream.makeAsyncIterator()
            var check = DocumentCheck(entry)
            var held: [UInt8]?
            var isOver = false
            return {
                guard !isOver else { return nil }
                do {
                    while let piece = try await pieces.next() {
                        guard !piece.isEmpty else { continue }
                        try check.take(piece)
                        let ready = held
                        held = piece
                        if let ready { return ready }
                    }
                    isOver = true
                    try check.demandWhole()
                    return held
                } catch {
                    isOver = true
                    stream.cancel()
                    let error = error as? ExchangeError ?? ExchangeError(.unavailable, "the connection broke")
                    failed(error)
                    throw error
                }
            }
        }
    }
}
