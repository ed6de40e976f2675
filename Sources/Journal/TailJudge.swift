/// What the bytes behind the last whole group are (security.md L2).
package enum TailVerdict: Sendable, Equatable {
    /// Nothing was written there.
    case clean
    /// A write that never came to its end: it may be cut, if nothing vouches for it.
    case torn
    /// Something was there and was changed, for the reason given: it must not be cut.
    case damaged(String)
}

/// Tells a torn write from damage, by what a disk can do to a write that was not yet synced: it leaves whole sectors
/// unwritten, which read as zero because segments are preallocated and recovery blanks what it cuts.
///
/// A byte changed inside an otherwise complete group leaves no such sector, and a group behind it proves that it was
/// synced: both are damage. The judgement is made on the last segment only; an earlier one was synced before the next
/// began.
package enum TailJudge {
    /// Disks write sectors whole; 512 bytes is the smallest.
    package static let sectorBytes = 512

    /// Judges the bytes from the end of the last whole group (at `start` in the segment) to the end of the segment.
    ///
    /// - Parameter fault: the offset in the segment of the first frame that could not be read.
    package static func judge(
        _ tail: UnsafeRawBufferPointer, segment: UInt32, start: UInt64, fault: UInt64,
    ) -> TailVerdict {
        guard let last = tail.lastIndex(where: { $0 != 0 }) else { return .clean }
        let end = last + 1
        var ownFooter: Int?
        var at = 0
        let footer = footerHead
        while at + GroupFooter.framedBytes <= tail.count, at < end {
            if tail[at] == footer[0], tail[at + 4] == footer[4],
                case .frame(.footer, let body, let next) = EntryFrame.read(tail, at: at),
                let found = GroupFooter(Array(tail[body..<next])), found.segment == segment
            {
                if found.start > start { return .damaged("a later group is whole, so this one was synced") }
                if found.start == start { ownFooter = at }
            }
            at += 1
        }
        let from = Int(clamping: fault >= start ? fault - start : 0)
        let checkedEnd = ownFooter ?? end
        if hasBlankSector(tail, from: min(from, checkedEnd), to: checkedEnd, start: start) { return .torn }
        if ownFooter != nil { return .damaged("the group is written to its end, and changed") }
        return isComplete(tail, from: from, end: end)
            ? .damaged("the group is written to its end, and changed") : .torn
    }

    /// The first bytes of any footer's frame.
    private static var footerHead: [UInt8] {
        var head: [UInt8] = []
        head.appendLittleEndian(UInt32(GroupFooter.bytes))
        head.append(EntryFrame.Kind.footer.rawValue)
        return head
    }

    /// Whether a sector's share of the range is all zero.
    private static func hasBlankSector(_ tail: UnsafeRawBufferPointer, from: Int, to: Int, start: UInt64) -> Bool {
        var at = from
        while at < to {
            let inSector = Int((start + UInt64(at)) % UInt64(sectorBytes))
            let next = min(to, at + sectorBytes - inSector)
            if tail[at..<next].allSatisfy({ $0 == 0 }) { return true }
            at = next
        }
        return false
    }

    /// Whether the last byte of the group seems to be there: the tail ends with a footer's mark, or the frame that
    /// could not be read ends within what is written.
    private static func isComplete(_ tail: UnsafeRawBufferPointer, from: Int, end: Int) -> Bool {
        let mark = GroupFooter.mark
        if end >= mark.count, tail[(end - mark.count)..<end].elementsEqual(mark) { return true }
        guard from + EntryFrame.headerBytes <= end else { return false }
        let length = Int(UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: from, as: UInt32.self)))
        return length > 0 && length <= end - from - EntryFrame.headerBytes
    }
}
