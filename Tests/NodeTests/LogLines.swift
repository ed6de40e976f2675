import Logging
import Synchronization

/// What nodes logged, each line as an operator would read it.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    /// Every line so far.
    var all: [String] { lines.withLock { $0 } }

    /// How many there are: the place from which `since` reads on.
    var count: Int { lines.withLock { $0.count } }

    /// What was logged from a place on.
    func since(_ place: Int) -> [String] { lines.withLock { Array($0[min(place, $0.count)...]) } }

    /// A logger that keeps everything, down to `trace`.
    func logger(_ label: String) -> Logger { Logger(label: label) { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            let text = "\(event.level) \(event.message)" + all.map { " \($0.key)=\($0.value)" }.joined()
            lines.lines.withLock { $0.append(text) }
        }
    }
}
