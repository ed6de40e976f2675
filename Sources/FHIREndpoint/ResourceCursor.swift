/// Where a page of resources begins: behind an entry, or at an index when that entry is gone. Opaque to callers.
struct ResourceCursor: Hashable, Sendable {
    /// Entries before the page when the link was made.
    let index: Int
    /// The id of the last entry before the page.
    let after: String

    /// A place in an answer.
    init(index: Int, after: String) {
        self.index = index
        self.after = after
    }

    /// Reads a link's text; nil when it is not one of ours.
    init?(_ text: String) {
        guard let parts = CursorText.words(text, count: 2, bytesMax: 128), let index = Int(parts[0]), (0...1_000_000).contains(index) else { return nil }
        self.init(index: index, after: String(parts[1]))
    }

    /// The text for a link.
    var text: String { CursorText.text("\(index) \(after)") }

    /// The index of the page's first entry among these.
    func start(among ids: [String]) -> Int {
        if let at = ids.firstIndex(where: { $0.utf8.elementsEqual(after.utf8) }) { return at + 1 }
        return min(index, ids.count)
    }
}
