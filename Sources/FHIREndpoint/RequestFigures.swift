import ExchangeCore
import Synchronization

/// How many requests a door answered, how, and how long they took: what `/metrics` tells of them.
///
/// Bounded whatever anybody sends: a row for each route the node serves and one for what is none of them. No path, no
/// method, no requester ever becomes a label.
package final class RequestFigures: Sendable {
    /// The upper bounds of the buckets of durations, in milliseconds; one more holds what took longer.
    package static let bucketMilliseconds: [Int64] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

    /// What was counted of one route.
    package struct Row: Sendable, Equatable {
        /// Requests by the hundreds of their status: index 2 for 200 to 299; index 0 for what is no status.
        package fileprivate(set) var byStatus = [UInt64](repeating: 0, count: 6)
        /// Requests by how long they took, each in one bucket; the last is for the longest.
        package fileprivate(set) var byDuration = [UInt64](repeating: 0, count: bucketMilliseconds.count + 1)
        /// How long they took together.
        package fileprivate(set) var total: Duration = .zero
    }

    private let rows = Mutex<[String: Row]>([:])

    /// No requests yet.
    package init() {}

    /// Counts a request of a route, by its pattern.
    func note(_ route: String, status: Int, took: Duration) {
        let milliseconds = took.wholeMilliseconds
        let bucket = Self.bucketMilliseconds.firstIndex { milliseconds <= $0 } ?? Self.bucketMilliseconds.count
        let hundreds = (1...5).contains(status / 100) ? status / 100 : 0
        rows.withLock { rows in
            rows[route, default: Row()].byStatus[hundreds] += 1
            rows[route, default: Row()].byDuration[bucket] += 1
            rows[route, default: Row()].total += took
        }
    }

    /// What was counted so far, by route pattern such as `/fhir/Binary/:id`.
    package var all: [(route: String, row: Row)] {
        rows.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}
