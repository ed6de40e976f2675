import ExchangeCore
import XDSMetadata

/// Where a page begins, as a link's opaque text.
protocol PageLink: Sendable {
    /// Reads a link's text; nil when it is not one of ours.
    init?(_ text: String)
    /// The text for a link.
    var text: String { get }
}

extension ResourceCursor: PageLink {}
extension ListCursor: PageLink {}

extension UInt64: PageLink {
    var text: String { String(self) }
}

/// What every search has beside what it asks: how the answer is shaped, what was understood, what was left out.
struct SearchFrame<Cursor: PageLink>: Sendable {
    /// Entries on a page, as asked for; 0 when only the total is wanted.
    private(set) var count: Int?
    /// Which page; nil for the first.
    private(set) var cursor: Cursor?
    /// `_format`.
    private(set) var format: String?
    /// Names of parameters that were left out.
    private(set) var ignored: [String] = []
    private var understood: [RequestField] = []
    /// 1 where nothing is counted: entries come page by page, and how many there are is not known.
    private let countMin: Int

    /// One that says nothing yet.
    init(countMin: Int = 0) { self.countMin = countMin }

    /// Takes a parameter; one that is not known is left out, or refused where the caller is strict.
    ///
    /// - Parameter isAsked: whether the search itself has taken it; what shapes an answer is taken here.
    mutating func take(
        _ field: RequestField, _ argument: SearchArgument, isStrict: Bool, isAsked: Bool,
    ) throws(ExchangeError) {
        let isKnown = isAsked ? true : try shape(argument)
        guard isKnown else {
            guard !isStrict else { throw ExchangeError(.badRequest, "a search parameter is not known here; see metadata") }
            ignored.append(argument.name)
            return
        }
        if argument.name != "_page" { understood.append(field) }
    }

    /// The search as a link, as understood, perhaps of another page.
    func link(_ address: String, page: Cursor? = nil) -> String {
        DocumentSearch.link(address, understood + (page.map { [RequestField(name: "_page", value: $0.text)] } ?? []))
    }

    /// The items of the page that is asked for, and where the next one begins; nil when this is the last.
    ///
    /// - Parameter sizeMax: items on a page at most.
    func page<Item>(of items: [Item], sizeMax: Int, id: (Item) -> String) -> (shown: ArraySlice<Item>, next: ResourceCursor?)
    where Cursor == ResourceCursor {
        Self.page(of: items, from: cursor, size: min(count ?? .max, sizeMax), id: id)
    }

    /// The items from a place on, and the place behind them.
    static func page<Item>(of items: [Item], from place: ResourceCursor?, size: Int, id: (Item) -> String)
        -> (shown: ArraySlice<Item>, next: ResourceCursor?)
    {
        let start = place?.start(among: items.map(id)) ?? 0
        let shown = items[start..<min(start + size, items.count)]
        guard size > 0, let last = shown.last, shown.endIndex < items.count else { return (shown, nil) }
        return (shown, ResourceCursor(index: shown.endIndex, after: id(last)))
    }

    /// False for a parameter that shapes no answer.
    private mutating func shape(_ argument: SearchArgument) throws(ExchangeError) -> Bool {
        switch argument.name {
        case "_count":
            guard let number = Int(try argument.single()), number >= countMin else {
                throw argument.fault("takes \(countMin) or more")
            }
            count = number
        case "_summary" where countMin == 0:
            switch try argument.single() {
            case "count": count = 0
            case "false", "true", "text", "data": break
            default: throw argument.fault("takes true, false, text, data or count")
            }
        case "_page":
            guard let page = Cursor(try argument.single()) else { throw argument.fault("is no page of ours") }
            cursor = page
        case "_format": format = SearchText.unescaped(try argument.single())
        case "_total", "_pretty": break
        default: return false
        }
        return true
    }
}
