import ExchangeCore

/// The clear part of an entry: nothing in it is about a person but a random handle.
///
/// Layout, little-endian: version (1 byte, 1), kind (1), flags (1, bit 0: payload is sealed), reserved (1, 0), number
/// of contents (2), time in milliseconds (8), subject (16, zero when none), salt (16), then for each content document
/// (16), SHA-256 of the sealed bytes (32) and their number (4). The payload follows to the end.
package struct EntryHeader: Sendable, Equatable {
    /// A document written beside the entry.
    package struct Content: Sendable, Equatable {
        /// The document.
        package let document: DocumentID
        /// SHA-256 of its sealed bytes, 32 bytes.
        package let digest: [UInt8]
        /// How many sealed bytes there are.
        package let length: UInt32
    }

    /// What the entry is about.
    package let kind: EntryKind
    /// The node's wall clock when it was sealed.
    package let time: Timestamp
    /// The patient whose key seals the payload; nil when the payload stands in clear.
    package let subject: PatientID?
    /// 16 random bytes that make this entry's key unlike any other (HKDF salt).
    package let salt: [UInt8]
    /// The documents beside it, in order; of an `erasure` those whose bytes were removed.
    package let contents: [Content]

    static let fixedBytes = 46
    static let contentBytes = 52

    /// How many bytes the header takes.
    package var encodedBytes: Int { Self.fixedBytes + Self.contentBytes * contents.count }

    /// The header's bytes.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encodedBytes)
        bytes += [1, kind.rawValue, subject == nil ? 0 : 1, 0]
        bytes.appendLittleEndian(UInt16(truncatingIfNeeded: contents.count))
        bytes.appendLittleEndian(UInt64(bitPattern: time.milliseconds))
        bytes += subject?.bytes ?? [UInt8](repeating: 0, count: 16)
        bytes += salt
        for content in contents {
            bytes += content.document.bytes
            bytes += content.digest
            bytes.appendLittleEndian(content.length)
        }
        return bytes
    }

    /// Reads the header at the start of an entry's bytes; nil when it is not one this version writes.
    package init?(_ entry: [UInt8]) {
        guard let kind = entry.withUnsafeBytes({ EntryHeaderView($0)?.kind }) else { return nil }
        self.kind = kind
        time = Timestamp(milliseconds: Int64(bitPattern: entry.littleEndian(UInt64.self, at: 6)))
        subject = entry[2] == 1 ? PatientID(bytes: entry[14..<30]) : nil
        salt = Array(entry[30..<46])
        let count = Int(entry.littleEndian(UInt16.self, at: 4))
        var contents: [Content] = []
        contents.reserveCapacity(count)
        for index in 0..<count {
            let at = Self.fixedBytes + index * Self.contentBytes
            guard let document = DocumentID(bytes: entry[at..<at + 16]) else { return nil }
            contents.append(
                Content(
                    document: document, digest: Array(entry[at + 16..<at + 48]),
                    length: entry.littleEndian(UInt32.self, at: at + 48)))
        }
        self.contents = contents
    }

    init(kind: EntryKind, time: Timestamp, subject: PatientID?, salt: [UInt8], contents: [Content]) {
        self.kind = kind
        self.time = time
        self.subject = subject
        self.salt = salt
        self.contents = contents
    }

    /// Where the documents lie: right before the entry's frame, each in a frame of its own, in order; an `erasure` has none.
    package func references(before entry: EntryLocation) -> [ContentReference]? {
        guard kind != .erasure else { return [] }
        var offset = entry.offset
        var references: [ContentReference] = []
        for content in contents.reversed() {
            let (start, overflow) = offset.subtractingReportingOverflow(UInt64(content.length))
            guard !overflow, start >= UInt64(EntryFrame.headerBytes) else { return nil }
            references.append(
                ContentReference(
                    document: content.document, sealedDigest: content.digest,
                    location: ContentLocation(segment: entry.segment, offset: start, length: content.length)))
            offset = start - UInt64(EntryFrame.headerBytes)
        }
        return references.reversed()
    }
}

/// An entry's header looked at where it lies: what a check needs of it, without a copy.
struct EntryHeaderView {
    private let bytes: UnsafeRawBufferPointer
    /// What the entry is about.
    let kind: EntryKind
    /// How many documents it names.
    let count: Int

    /// A view of the header at the start of an entry's bytes; nil when it is not one this version writes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= EntryHeader.fixedBytes, bytes[0] == 1, let kind = EntryKind(rawValue: bytes[1]), bytes[2] <= 1,
            bytes[3] == 0
        else { return nil }
        let count = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self)))
        guard bytes.count >= EntryHeader.fixedBytes + count * EntryHeader.contentBytes else { return nil }
        let handle = bytes.loadUnaligned(fromByteOffset: 14, as: (UInt64, UInt64).self)
        guard bytes[2] == 1 || handle == (0, 0) else { return nil }
        self.bytes = bytes
        self.kind = kind
        self.count = count
    }

    /// Whether whole bytes are an entry that a later version of this program writes: of another layout, or of another kind.
    static func isNewer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= EntryHeader.fixedBytes else { return false }
        return bytes[0] > 1 || bytes[0] == 1 && EntryKind.allCases.allSatisfy { $0.rawValue < bytes[1] }
    }

    /// Whether the document of this index is stated to have this length and, where its bytes are there, this digest.
    func states(_ digest: [UInt8]?, length: Int, at index: Int) -> Bool {
        let at = place(of: index)
        return digest.map { bytes[at + 16..<at + 48].elementsEqual($0) } ?? true
            && Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 48, as: UInt32.self))) == length
    }

    /// The document of this index; nil when its name is none.
    func document(at index: Int) -> DocumentID? { DocumentID(bytes: bytes[place(of: index)..<place(of: index) + 16]) }

    /// The digest that is stated of the document of this index.
    func digest(at index: Int) -> [UInt8] { Array(bytes[place(of: index) + 16..<place(of: index) + 48]) }

    private func place(of index: Int) -> Int { EntryHeader.fixedBytes + index * EntryHeader.contentBytes }
}
