/// What is to happen, the earliest first; at one moment in the order it was scheduled.
struct EventHeap<Event> {
    private var items: [(at: Int64, order: UInt64, event: Event)] = []
    private var order: UInt64 = 0

    var isEmpty: Bool { items.isEmpty }

    var next: Int64? { items.first?.at }

    mutating func add(_ event: Event, at: Int64) {
        order += 1
        items.append((at, order, event))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(child, parent) else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    mutating func take() -> (at: Int64, event: Event)? {
        guard let first = items.first else { return nil }
        let last = items.removeLast()
        if !items.isEmpty {
            items[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && isBefore(child, least) {
                    least = child
                }
                if least == parent { break }
                items.swapAt(parent, least)
                parent = least
            }
        }
        return (first.at, first.event)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (items[left].at, items[left].order) < (items[right].at, items[right].order)
    }
}
