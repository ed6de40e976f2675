/// Where a page of lists begins, and of which search across communities; opaque to callers.
///
/// It says what the page itself showed: how many lists came before, and the last of them.
struct ListCursor: Hashable, Sendable {
    /// The place in the answer; nil for the beginning of the answer as it is by now.
    let place: ResourceCursor?
    /// The search the page is of; nil where only one node was asked.
    let search: PageCursor.Search?

    /// A page's beginning.
    init(place: ResourceCursor?, search: PageCursor.Search?) {
        self.place = place
        self.search = search
    }

    /// Reads a link's text; nil when it is not one of ours.
    init?(_ text: String) {
        guard let parts = CursorText.words(text, count: 4, bytesMax: 192) else { return nil }
        var place: ResourceCursor?
        if parts[1] != "-" {
            guard let index = Int(parts[0]), (0...1_000_000).contains(index) else { return nil }
            place = ResourceCursor(index: index, after: String(parts[1]))
        }
        var search: PageCursor.Search?
        if parts[2] != "-" {
            guard let found = PageCursor.Search(parts[2], parts[3]) else { return nil }
            search = found
        }
        guard place != nil || search != nil else { return nil }
        self.init(place: place, search: search)
    }

    /// The text for a link.
    var text: String {
        let place = place.map { "\($0.index) \($0.after)" } ?? "- -"
        return CursorText.text("\(place) \(search?.words ?? PageCursor.Search.none)")
    }
}
