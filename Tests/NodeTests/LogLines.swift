import Foundation
import Logging
import Synchronization

/// What nodes logged, each line as an operator would read it.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    /// HIE_TEST_LOG shows the lines while they are written, for whoever looks for a cause.
    private static let isEcho = ProcessInfo.processInfo.environment["HIE_TEST_LOG"] != nil

    /// Every line so far.
    var all: [String] { lines.withLock { $0 } }

    /// How many there are: the place from which `since` reads on.
    var count: Int { lines.withLock { $0.count } }

    /// What was logged from a place on.
    func since(_ place: Int) -> [String] { lines.withLock { Array($0[min(place, $0.count)...]) } }

    /// A logger that keeps everything, down to `trace`.
    func logger(_ label: String) -> Logger { Logger(label: label) { Handler(lines: self, label: $0) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        let label: String
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
            if LogLines.isEcho { FileHandle.standardError.write(Data("\(label) \(text)\n".utf8)) }
        }
    }
}
