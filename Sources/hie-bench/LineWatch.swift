import ExchangeCore
import Foundation
import Glibc
import Synchronization

/// Reads many processes' lines through named pipes, each stamped when it arrived: one observer for everybody.
final class LineWatch: Sendable {
    /// One line.
    struct Line: Sendable {
        let source: Int
        let milliseconds: Double
        let text: String
    }

    private struct State {
        var files: [Int32: (source: Int, rest: [UInt8])] = [:]
        var lines: [Line] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let watch: Stopwatch

    /// Reads from now on, on a thread of its own, so that a line's time is that of its coming.
    init(_ watch: Stopwatch) {
        self.watch = watch
        let reader = Thread { [self] in
            while !state.withLock({ $0.isOver }) { readWhatCame() }
        }
        reader.start()
    }

    /// Ends the reading.
    func stop() { state.withLock { $0.isOver = true } }

    /// Makes a pipe for a source; its path is what a process writes to.
    func pipe(_ source: Int, in folder: String) throws(ExchangeError) -> String {
        let path = "\(folder)/lines-\(source)"
        unlink(path)
        guard mkfifo(path, 0o600) == 0 else { throw ExchangeError(.unavailable, "cannot make a pipe in \(folder)") }
        // Read and write: a pipe whose last writer ends is then not at its end.
        let file = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw ExchangeError(.unavailable, "cannot open a pipe in \(folder)") }
        state.withLock { state in
            for (old, entry) in state.files where entry.source == source {
                close(old)
                state.files[old] = nil
            }
            state.files[file] = (source, [])
        }
        return path
    }

    /// Reads for so long, or until the lines since a place satisfy.
    func wait(milliseconds: Double, from start: Int = 0, until isEnough: (ArraySlice<Line>) -> Bool = { _ in false }) -> Bool {
        let end = watch.milliseconds + milliseconds
        repeat {
            poll(nil, 0, 5)
            if isEnough(lines(from: start)) { return true }
        } while watch.milliseconds < end
        return false
    }

    private func readWhatCame() {
        let files = state.withLock { Array($0.files.keys) }
        var polled = files.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&polled, nfds_t(polled.count), 20)
        let now = watch.milliseconds
        for entry in polled where entry.revents & Int16(POLLIN) != 0 { read(entry.fd, at: now) }
    }

    /// How many lines there are.
    var count: Int { state.withLock { $0.lines.count } }

    /// The lines since a place.
    func lines(from start: Int) -> ArraySlice<Line> { state.withLock { $0.lines[start...] } }

    private func read(_ file: Int32, at now: Double) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        state.withLock { state in
            guard let (source, rest) = state.files[file] else { return }
            var parts = (rest + chunk.prefix(count)).split(separator: 0x0A, omittingEmptySubsequences: false)
            let last = parts.removeLast()
            for part in parts {
                state.lines.append(Line(source: source, milliseconds: now, text: String(decoding: part, as: UTF8.self)))
            }
            state.files[file] = (source, Array(last))
        }
    }
}
