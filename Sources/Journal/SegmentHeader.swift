import ExchangeCore

/// The first frame of a segment: whose log it is, and where in it the segment begins.
///
/// Layout, little-endian: magic `CONCORDJ` (8 bytes), version (1), segment number (4), first position (8), bytes
/// allocated for the whole segment (8), root of the tree before the first entry (32), then the origin in UTF-8.
package struct SegmentHeader: Sendable, Equatable {
    /// The log's origin.
    package let origin: String
    /// The number of the segment, counted from 0.
    package let number: UInt32
    /// The position of the first entry in it.
    package let firstPosition: JournalPosition
    /// How long the file is from the start: a shorter one was cut.
    package let allocatedBytes: UInt64
    /// The root of the tree over all entries of the segments before.
    package let root: [UInt8]

    private static let magic = Array("CONCORDJ".utf8)
    private static let fixedBytes = 61

    /// A header from its parts.
    package init(
        origin: String, number: UInt32, firstPosition: JournalPosition, allocatedBytes: UInt64, root: [UInt8],
    ) {
        self.origin = origin
        self.number = number
        self.firstPosition = firstPosition
        self.allocatedBytes = allocatedBytes
        self.root = root
    }

    /// Reads a frame's bytes; nil when they are not a header of this version.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count > Self.fixedBytes, bytes.count <= Self.fixedBytes + 256, bytes.starts(with: Self.magic),
            bytes[8] == 1, let origin = String(validating: bytes[Self.fixedBytes...], as: UTF8.self)
        else { return nil }
        self.origin = origin
        number = bytes.littleEndian(UInt32.self, at: 9)
        firstPosition = bytes.littleEndian(UInt64.self, at: 13)
        allocatedBytes = bytes.littleEndian(UInt64.self, at: 21)
        root = Array(bytes[29..<61])
    }

    /// Whether a frame's bytes are a header of a layout that a later version of this program writes.
    package static func isNewer(_ bytes: [UInt8]) -> Bool { bytes.count > 8 && bytes.starts(with: magic) && bytes[8] > 1 }

    /// The frame's bytes.
    package func encoded() -> [UInt8] {
        var bytes = Self.magic + [1]
        bytes.appendLittleEndian(number)
        bytes.appendLittleEndian(firstPosition)
        bytes.appendLittleEndian(allocatedBytes)
        return bytes + root + Array(origin.utf8)
    }

    /// The header in its frame: how a segment begins.
    package func framed() -> [UInt8] {
        var bytes: [UInt8] = []
        EntryFrame.append(.segment, encoded(), to: &bytes)
        return bytes
    }
}

/// The last frame of a group: what one write and one sync covered.
///
/// Its presence says that everything before the group was durable when it was written, and that the group itself was
/// written to its end. Layout, little-endian: version (1 byte, 1), first position (8), number of entries (4), segment
/// (4), offset of the group's first byte (8), root of the tree behind the group (32), `GROUPEND`.
package struct GroupFooter: Sendable, Equatable {
    /// The position of the group's first entry.
    package let firstPosition: JournalPosition
    /// How many entries the group has.
    package let entries: UInt32
    /// The number of the segment it lies in.
    package let segment: UInt32
    /// The offset of the group's first frame.
    package let start: UInt64
    /// The root of the tree behind the group's last entry.
    package let root: [UInt8]

    static let bytes = 65
    static let mark = Array("GROUPEND".utf8)
    /// How long the frame is.
    package static let framedBytes = EntryFrame.headerBytes + bytes

    /// The position after the group.
    package var nextPosition: JournalPosition { firstPosition &+ UInt64(entries) }

    /// A footer from its parts.
    package init(firstPosition: JournalPosition, entries: UInt32, segment: UInt32, start: UInt64, root: [UInt8]) {
        self.firstPosition = firstPosition
        self.entries = entries
        self.segment = segment
        self.start = start
        self.root = root
    }

    /// Reads a frame's bytes; nil when they are not a footer of this version.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.bytes, bytes[0] == 1, bytes.suffix(8).elementsEqual(Self.mark) else { return nil }
        firstPosition = bytes.littleEndian(UInt64.self, at: 1)
        entries = bytes.littleEndian(UInt32.self, at: 9)
        segment = bytes.littleEndian(UInt32.self, at: 13)
        start = bytes.littleEndian(UInt64.self, at: 17)
        root = Array(bytes[25..<57])
    }

    /// The frame's bytes.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = [1]
        bytes.appendLittleEndian(firstPosition)
        bytes.appendLittleEndian(entries)
        bytes.appendLittleEndian(segment)
        bytes.appendLittleEndian(start)
        return bytes + root + Self.mark
    }
}

extension JournalGroup {
    /// How many bytes the group takes in a segment.
    package var framedBytes: Int {
        entries.reduce(GroupFooter.framedBytes) { sum, entry in
            entry.contents.reduce(sum + EntryFrame.headerBytes + entry.bytes.count) {
                $0 + EntryFrame.headerBytes + $1.bytes.count
            }
        }
    }

    /// The group as it is written at an offset of a segment, and where each of its entries comes to lie.
    package func framed(segment: UInt32, start: UInt64) -> (bytes: [UInt8], locations: [EntryLocation]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(framedBytes)
        var locations: [EntryLocation] = []
        for entry in entries {
            for content in entry.contents { EntryFrame.append(.content, content.bytes, to: &bytes) }
            locations.append(EntryLocation(segment: segment, offset: start + UInt64(bytes.count)))
            EntryFrame.append(.entry, entry.bytes, to: &bytes)
        }
        let footer = GroupFooter(
            firstPosition: firstPosition, entries: UInt32(truncatingIfNeeded: entries.count), segment: segment,
            start: start, root: frontier.root)
        EntryFrame.append(.footer, footer.encoded(), to: &bytes)
        return (bytes, locations)
    }
}
