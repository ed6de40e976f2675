import ExchangeCore
import Transactions

/// Where a page begins, and of which search across communities; opaque to callers.
///
/// The place is the last row's place in the order of lists, not its number: whatever came or went meanwhile, nothing that
/// is still there is shown twice or left out.
struct PageCursor: Hashable, Sendable {
    /// A row's place in the order of lists.
    struct Place: Hashable, Sendable {
        let registered: Timestamp
        let id: DocumentID

        init(_ row: FoundDocument) {
            registered = row.registered
            id = row.id
        }

        fileprivate init?(_ milliseconds: Substring, _ id: Substring) {
            guard let milliseconds = Int64(milliseconds), abs(milliseconds) < 1 << 53, let id = DocumentID(String(id)) else {
                return nil
            }
            registered = Timestamp(milliseconds: milliseconds)
            self.id = id
        }
    }

    /// A search across communities, and how many of its answers the list is made of.
    struct Search: Hashable, Sendable {
        let token: String
        let seen: Int

        init(_ token: String, seen: Int) {
            self.token = token
            self.seen = seen
        }

        /// The words that stand where no search was.
        static let none = "- 0"

        /// Reads its two words of a link; nil when they are none of ours.
        init?(_ token: Substring, _ seen: Substring) {
            guard token.utf8.count == 32, let seen = Int(seen), (0...100_000).contains(seen) else { return nil }
            self.init(String(token), seen: seen)
        }

        /// Its two words in a link.
        var words: String { "\(token) \(seen)" }
    }

    /// The last row before the page; nil for the beginning of the list as it is by now.
    let after: Place?
    /// The search the page is of; nil where only one node was asked.
    let search: Search?

    /// A page's beginning.
    init(after: Place?, search: Search?) {
        self.after = after
        self.search = search
    }

    /// Reads a link's text; nil when it is not one of ours.
    init?(_ text: String) {
        guard let parts = CursorText.words(text, count: 4, bytesMax: 192) else { return nil }
        var after: Place?
        if parts[0] != "-" {
            guard let place = Place(parts[0], parts[1]) else { return nil }
            after = place
        }
        var search: Search?
        if parts[2] != "-" {
            guard let found = Search(parts[2], parts[3]) else { return nil }
            search = found
        }
        guard after != nil || search != nil else { return nil }
        self.init(after: after, search: search)
    }

    /// The text for a link.
    var text: String {
        let place = after.map { "\($0.registered.milliseconds) \($0.id)" } ?? "- -"
        return CursorText.text("\(place) \(search?.words ?? Search.none)")
    }

    /// The index of the page's first row among these.
    func start(among rows: [FoundDocument], isAscending: Bool) -> Int {
        guard let after else { return 0 }
        let last = FoundDocument(registered: after.registered, id: after.id, reference: [])
        return rows.firstIndex {
            isAscending ? FoundDocument.comesBefore($0, last) : FoundDocument.comesBefore(last, $0)
        } ?? rows.count
    }
}
