import ExchangeCore
import ExchangeNode
import Foundation
import JSON

/// Publishes many files, several at once, each told of as soon as it is done.
struct PublishRun {
    /// What a run came to.
    struct Summary: Sendable {
        var accepted = 0
        var known = 0
        var refused = 0
        var passedOver = 0
    }

    let publisher: DocumentPublisher
    let journal: PublishJournal?
    let terminal: Terminal
    let asJSON: Bool
    /// Files that are on their way at the same time.
    let parallel: Int

    /// Publishes the files; throws when the node cannot be reached or does not know us, with what was done told and written
    /// down.
    func publish(_ paths: [String]) async throws -> Summary {
        var summary = Summary()
        let began = World.system.uptime()
        var order = PublishOrder(paths)
        try await withThrowingTaskGroup(of: (Int, PublishedFile).self) { group in
            var running = 0
            while running > 0 || order.waiting > 0 {
                while running < parallel, let turn = order.next() {
                    let path = turn.path
                    let digest = try? PublishJournal.digest(LocalFile.read(path, atMost: ExchangeLimits().documentBytesMax))
                    if path != "-", let digest, let journal, journal.has(path, digest) {
                        summary.passedOver += 1
                        order.isDone(turn.number)
                        continue
                    }
                    let publisher = publisher
                    // stdin is read once.
                    group.addTask {
                        let outcome = try await publisher.publish(path)
                        return (turn.number, PublishedFile(path: path, digest: path == "-" ? nil : digest, outcome: outcome))
                    }
                    running += 1
                }
                guard running > 0, let (number, file) = try await group.next() else { break }
                running -= 1
                order.isDone(number)
                terminal.endProgress()
                try journal?.add(file)
                file.show(on: terminal, asJSON: asJSON)
                switch file.outcome {
                case .published, .looked: summary.accepted += 1
                case .known: summary.known += 1
                case .refused: summary.refused += 1
                }
                if World.system.uptime() - began > .seconds(2), order.waiting > 0 {
                    terminal.progress("\(paths.count - order.waiting - running) of \(paths.count), \(summary.refused) refused")
                }
            }
        }
        terminal.endProgress()
        return summary
    }
}

/// A folder that is watched: files that are whole, each once for as long as it does not change.
struct WatchedFolder {
    /// A file as it lay there.
    private struct Look: Hashable {
        let bytes: Int
        let changed: Date
    }

    private let folder: String
    private var before: [String: Look] = [:]
    private var taken: [String: Look] = [:]

    init(_ folder: String) { self.folder = folder }

    /// Looks again; the files that have not changed since the last look and were not taken just so, in order of their names.
    mutating func whole() throws(CommandFailure) -> [String] {
        var now: [String: Look] = [:]
        for path in (try? DocumentFiles.paths([folder])) ?? [] {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            guard let bytes = (attributes?[.size] as? NSNumber)?.intValue, bytes > 0,
                let changed = attributes?[.modificationDate] as? Date
            else { continue }
            now[path] = Look(bytes: bytes, changed: changed)
        }
        guard LocalFile.exists(folder) else {
            throw CommandFailure(.notFound, "the folder \(folder) is gone", hint: "put it back, then watch again")
        }
        defer { before = now }
        return now.filter { before[$0.key] == $0.value && taken[$0.key] != $0.value }.keys.sorted()
    }

    /// These were dealt with as they are now.
    mutating func take(_ paths: [String]) { for path in paths { taken[path] = before[path] } }
}
