/// How anything lies in a segment: length (4 bytes, little-endian), type (1), CRC-32C (4), then the bytes.
///
/// The checksum covers length, type and bytes. Nine zero bytes are no frame: that is where a preallocated segment is
/// not yet written.
package enum EntryFrame {
    /// What a frame holds.
    package enum Kind: UInt8, Sendable {
        /// A document's sealed bytes; the entry they belong to follows.
        case content = 1
        /// An entry: header and sealed payload.
        case entry = 2
        /// The end of a group (`GroupFooter`).
        case footer = 3
        /// The start of a segment (`SegmentHeader`).
        case segment = 4
        /// Where a document's sealed bytes lay before they were erased: as many zero bytes.
        case removed = 5
    }

    /// What stands at a place.
    package enum Reading: Sendable, Equatable {
        /// A whole frame: its kind, where its bytes begin, and where the next frame begins.
        case frame(Kind, body: Int, next: Int)
        /// Nothing was ever written here.
        case blank
        /// The frame goes on beyond the bytes at hand: at least that many are needed, counted from the same start.
        case needsMore(Int)
        /// Not a frame, or not the one that was written.
        case damaged(String)
    }

    /// Length, type and checksum.
    package static let headerBytes = 9
    /// No frame is longer: a longer length is damage.
    package static let bodyBytesMax = 128 << 20

    /// Appends a frame.
    package static func append(_ kind: Kind, _ body: [UInt8], to bytes: inout [UInt8]) {
        precondition(!body.isEmpty && body.count <= bodyBytesMax)
        var head: [UInt8] = []
        head.appendLittleEndian(UInt32(truncatingIfNeeded: body.count))
        head.append(kind.rawValue)
        head.appendLittleEndian(CRC32C.checksum(body, after: CRC32C.checksum(head)))
        bytes += head
        bytes += body
    }

    /// Reads the frame at an offset of the bytes; never traps, whatever they are.
    package static func read(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Reading {
        guard offset >= 0, offset <= bytes.count else { return .damaged("offset outside of the segment") }
        guard bytes.count - offset >= headerBytes else { return .needsMore(offset + headerBytes) }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        let type = bytes[offset + 4]
        let stated = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 5, as: UInt32.self))
        if length == 0 && type == 0 && stated == 0 { return .blank }
        guard let kind = Kind(rawValue: type) else { return .damaged("unknown frame type \(type)") }
        guard length > 0, length <= bodyBytesMax else { return .damaged("impossible frame length \(length)") }
        let body = offset + headerBytes
        guard bytes.count - body >= length else { return .needsMore(body + length) }
        var crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 5]))
        crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[body..<body + length]), after: crc)
        guard crc == stated else { return .damaged("checksum does not match") }
        return .frame(kind, body: body, next: body + length)
    }
}
