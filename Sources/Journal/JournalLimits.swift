/// How much a journal takes, at once and in one entry; everything beyond is refused by its own error.
package struct JournalLimits: Sendable {
    /// Bytes of an entry's payload in clear.
    package var payloadBytesMax = 8 << 20
    /// Bytes of one document in clear.
    package var contentBytesMax = 64 << 20
    /// Documents beside one entry.
    package var contentsMax = 1000
    /// Bytes of payload and documents of one entry together.
    package var entryBytesMax = 128 << 20
    /// Entries that one sync covers.
    package var groupEntriesMax = 256
    /// Sealed bytes that one sync covers; a single larger entry makes a group of its own.
    package var groupBytesMax = 8 << 20
    /// Appends after which a part of a group is shown, and their callers go on, while the rest follows.
    package var partItems = 16
    /// Entries after which it is, however few brought them: what a bulk load appends at once must not hold up who waits behind it.
    package var partEntries = 64
    /// Entries that wait for their sync.
    package var waitingMax = 4096
    /// Sealed bytes that wait for their sync.
    package var waitingBytesMax = 256 << 20

    /// The limits of a node that was not told otherwise.
    package init() {}
}
