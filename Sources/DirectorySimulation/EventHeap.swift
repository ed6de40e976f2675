/// What is to happen, the earliest first; at one moment in the order it was scheduled.
///
/// The events lie still in slots, and only their times are sorted.
struct EventHeap<Event> {
    private struct Item {
        let at: Int64
        let order: UInt64
        let slot: Int

        static func < (left: Item, right: Item) -> Bool {
            left.at < right.at || left.at == right.at && left.order < right.order
        }
    }

    private var items: [Item] = []
    private var slots: [Event?] = []
    private var free: [Int] = []
    private var order: UInt64 = 0

    var isEmpty: Bool { items.isEmpty }

    var next: Int64? { items.first?.at }

    mutating func add(_ event: Event, at: Int64) {
        order += 1
        let slot: Int
        if let last = free.popLast() {
            slot = last
            slots[slot] = event
        } else {
            slot = slots.count
            slots.append(event)
        }
        let item = Item(at: at, order: order, slot: slot)
        items.append(item)
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard item < items[parent] else { break }
            items[child] = items[parent]
            child = parent
        }
        items[child] = item
    }

    mutating func take() -> (at: Int64, event: Event)? {
        guard let first = items.first, let event = slots[first.slot] else { return nil }
        slots[first.slot] = nil
        free.append(first.slot)
        let last = items.removeLast()
        if !items.isEmpty {
            var parent = 0
            while true {
                var child = 2 * parent + 1
                guard child < items.count else { break }
                if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
                guard items[child] < last else { break }
                items[parent] = items[child]
                parent = child
            }
            items[parent] = last
        }
        return (first.at, event)
    }
}
