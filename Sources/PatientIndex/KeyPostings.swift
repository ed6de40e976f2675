/// Records one after another in blocks of some megabytes: growing copies none of them.
struct RecordArena {
    private static let blockBytes = 4 << 20

    private var blocks: [[UInt8]] = []
    /// Of each record its block in the upper half, its place there in the lower.
    private var starts: [UInt64] = []

    mutating func add(_ bytes: [UInt8]) {
        if blocks.isEmpty || blocks[blocks.count - 1].count + bytes.count > Self.blockBytes {
            blocks.append([])
            blocks[blocks.count - 1].reserveCapacity(Self.blockBytes)
        }
        let block = blocks.count - 1
        starts.append(UInt64(block) << 32 | UInt64(blocks[block].count))
        blocks[block] += bytes
    }

    /// Reads one record in place.
    func read<Value>(_ record: UInt32, _ body: (RecordView) throws -> Value) rethrows -> Value {
        let start = starts[Int(record)]
        return try blocks[Int(start >> 32)].withUnsafeBytes { block in
            let from = Int(start & 0xFFFF_FFFF)
            // A packed record says how long it is.
            let count = Int(block[from + 18]) | Int(block[from + 19]) << 8
            return try body(RecordView(UnsafeRawBufferPointer(rebasing: block[from..<from + count])))
        }
    }
}

/// Keys to records: open addressing on the key's own bits, postings in chains. It grows by halves and stands dense: a
/// million persons have twelve million keys.
struct KeyPostings {
    private var keys: [UInt64] = Array(repeating: 0, count: 1024)
    private var heads: [UInt32] = Array(repeating: UInt32.max, count: 1024)
    private var counts: [UInt16] = Array(repeating: 0, count: 1024)
    private var used = 0
    private var records: [UInt32] = []
    private var next: [UInt32] = []

    private func slot(_ key: UInt64) -> Int {
        // Keys are hashes: their upper bits spread them over any number of places.
        var slot = Int(key.multipliedFullWidth(by: UInt64(keys.count)).high)
        while heads[slot] != UInt32.max, keys[slot] != key { slot = slot + 1 == keys.count ? 0 : slot + 1 }
        return slot
    }

    mutating func add(_ key: UInt64, _ record: UInt32) {
        if used * 5 > keys.count * 4 { grow() }
        let slot = slot(key)
        if heads[slot] == UInt32.max {
            keys[slot] = key
            used += 1
        }
        // What is skipped anyway is not kept.
        guard counts[slot] <= BlockingKey.postingsMax else { return }
        counts[slot] += 1
        if counts[slot] == 1 {
            heads[slot] = Self.lone | record
            return
        }
        if heads[slot] & Self.lone != 0 { chain(heads[slot] & ~Self.lone, before: UInt32.max, at: slot) }
        chain(record, before: heads[slot], at: slot)
    }

    private mutating func chain(_ record: UInt32, before: UInt32, at slot: Int) {
        records.append(record)
        next.append(before)
        heads[slot] = UInt32(records.count - 1)
    }

    /// Most keys are one record's alone: it stands in the table itself, marked by the highest bit.
    private static let lone: UInt32 = 1 << 31

    /// Records under a key, one more than are read at most.
    func count(under key: UInt64) -> Int {
        let slot = slot(key)
        return heads[slot] == UInt32.max ? 0 : Int(counts[slot])
    }

    func records(under key: UInt64, limit: Int, _ body: (UInt32) -> Void) -> Bool {
        let slot = slot(key)
        guard heads[slot] != UInt32.max else { return true }
        guard Int(counts[slot]) <= limit else { return false }
        if heads[slot] & Self.lone != 0 {
            body(heads[slot] & ~Self.lone)
            return true
        }
        var posting = heads[slot]
        while posting != UInt32.max {
            body(records[Int(posting)])
            posting = next[Int(posting)]
        }
        return true
    }

    private mutating func grow() {
        let old = (keys, heads, counts)
        let size = old.0.count * 3 / 2
        keys = Array(repeating: 0, count: size)
        heads = Array(repeating: UInt32.max, count: size)
        counts = Array(repeating: 0, count: size)
        for index in old.0.indices where old.1[index] != UInt32.max {
            let slot = slot(old.0[index])
            keys[slot] = old.0[index]
            heads[slot] = old.1[index]
            counts[slot] = old.2[index]
        }
    }
}
