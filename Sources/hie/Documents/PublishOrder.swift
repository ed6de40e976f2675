import CDA
import ExchangeCore
import Foundation

/// In which order files are sent: what names another one of them as its predecessor after that one, everything else as given
/// and side by side. Sent at once, a document and its replacement would both be current.
struct PublishOrder {
    /// A file that may be sent now.
    struct Turn: Sendable {
        let number: Int
        let path: String
    }

    private let paths: [String]
    /// Files not yet sent, in order.
    private var rest: [Int]
    /// Files that were not yet answered.
    private var open: Set<Int>
    /// The files each one comes after.
    private var after: [Int: Set<Int>] = [:]

    /// Looks into the files; one that cannot be read stands by itself.
    init(_ paths: [String]) {
        self.paths = paths
        rest = Array(paths.indices)
        open = Set(paths.indices)
        let files = paths.indices.filter { paths[$0] != "-" }
        guard files.count > 1 else { return }
        var named: [Int: [String]] = [:]
        for number in files where Self.relates(paths[number]) {
            let related = (try? DocumentFindings(paths[number]))?.document?.relatedDocuments ?? []
            if !related.isEmpty { named[number] = related.flatMap(\.identifiers).map(\.uri) }
        }
        guard !named.isEmpty else { return }
        var numbers: [String: Set<Int>] = [:]
        for number in files {
            guard let id = (try? DocumentFindings(paths[number]))?.document?.uniqueID else { continue }
            numbers[id, default: []].insert(number)
        }
        for (number, ids) in named {
            let before = ids.reduce(into: Set<Int>()) { $0.formUnion(numbers[$1] ?? []) }.subtracting([number])
            if !before.isEmpty { after[number] = before }
        }
    }

    /// How many files were not yet sent.
    var waiting: Int { rest.count }

    /// The next file whose predecessors are answered; nil when there is none until one of those under way is.
    mutating func next() -> Turn? {
        guard !rest.isEmpty else { return nil }
        // Files that name each other in a ring are sent as given.
        let isStuck = rest.count == open.count
        let index = rest.firstIndex { after[$0]?.isDisjoint(with: open) ?? true } ?? (isStuck ? rest.startIndex : nil)
        return index.map { Turn(number: rest[$0], path: paths[rest.remove(at: $0)]) }
    }

    /// A file was answered, whatever the answer, or passed over.
    mutating func isDone(_ number: Int) { open.remove(number) }

    /// Whether a file speaks of another one at all: most do not, and need not be read twice.
    private static func relates(_ path: String) -> Bool {
        let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        return bytes?.range(of: Data("relatedDocument".utf8)) != nil
    }
}
