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
        guard text.utf8.count <= 192, let bytes = Base64.decode(text, .url),
            let plain = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let parts = plain.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var after: Place?
        if parts[0] != "-" {
            guard let place = Place(parts[0], parts[1]) else { return nil }
            after = place
        }
        var search: Search?
        if parts[2] != "-" {
            guard parts[2].utf8.count == 32, let seen = Int(parts[3]), (0...100_000).contains(seen) else { return nil }
            search = Search(String(parts[2]), seen: seen)
        }
        guard after != nil || search != nil else { return nil }
        self.init(after: after, search: search)
    }

    /// The text for a link.
    var text: String {
        let place = after.map { "\($0.registered.milliseconds) \($0.id)" } ?? "- -"
        let name = search.map { "\($0.token) \($0.seen)" } ?? "- 0"
        return Base64.encode(Array("\(place) \(name)".utf8), .url)
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
