import ExchangeCore
import Foundation
import Logging
import Synchronization

/// How important a line must be to be written; changed while the node runs.
package final class LogThreshold: Sendable {
    private let level: Mutex<Logger.Level>

    /// A threshold by a level's name; `info` for an unknown one.
    package init(_ name: String) { level = Mutex(Logger.Level(rawValue: name) ?? .info) }

    /// The level now.
    package var now: Logger.Level { level.withLock { $0 } }

    /// Another one from now on; an unknown name changes nothing.
    package func set(_ name: String) {
        guard let next = Logger.Level(rawValue: name) else { return }
        level.withLock { $0 = next }
    }
}

/// The operator's log: one line of JSON on stderr for each event when it is not a terminal, plain text when it is.
///
/// Nothing below writes patient data into it; audit is the journal's work, not the log's.
package struct NodeLog: LogHandler {
    /// What is less important than this is not written.
    package var logLevel: Logger.Level {
        get { own ?? threshold.now }
        set { own = newValue }
    }
    private var own: Logger.Level?
    private let threshold: LogThreshold
    /// What every line of this logger carries.
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let world: World
    private let isTerminal: Bool

    /// A logger of a node at a level.
    package static func logger(_ label: String, level: String, world: World = .system) -> Logger {
        logger(label, threshold: LogThreshold(level), world: world)
    }

    /// A logger of a node whose level may change.
    package static func logger(_ label: String, threshold: LogThreshold, world: World = .system) -> Logger {
        Logger(label: label) { label in
            NodeLog(threshold: threshold, label: label, world: world, isTerminal: isatty(STDERR_FILENO) == 1)
        }
    }

    private init(threshold: LogThreshold, label: String, world: World, isTerminal: Bool) {
        self.threshold = threshold
        self.label = label
        self.world = world
        self.isTerminal = isTerminal
    }

    /// One value that every line of this logger carries.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line.
    package func log(event: LogEvent) {
        let (level, message) = (event.level, event.message)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let time = world.now().description
        var text: String
        if isTerminal {
            text = "\(time) \(level) \(message)" + all.map { " \($0.key)=\(Self.plain("\($0.value)"))" }.joined()
        } else {
            text = "{\"ts\":\"\(time)\",\"level\":\"\(level)\",\"logger\":\(Self.quoted(label)),"
            text += "\"msg\":\(Self.quoted("\(message)"))"
            for (key, value) in all { text += ",\(Self.quoted(key)):\(Self.quoted("\(value)"))" }
            text += "}"
        }
        // One write for the whole line, so that lines of several threads do not mix.
        let bytes = Array((text + "\n").utf8)
        bytes.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Control characters out: a value from outside must not forge a line (security.md T116).
    private static func plain(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in plain(text).unicodeScalars {
            if scalar == "\"" || scalar == "\\" { out.unicodeScalars.append("\\") }
            out.unicodeScalars.append(scalar)
        }
        return out + "\""
    }
}
