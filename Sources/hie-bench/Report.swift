import Glibc
import JSON
import Synchronization

/// The one place that prints: figures to stdout, words about what is going on to stderr.
final class Report: Sendable {
    private let asJSON: Bool
    private let figures = Mutex<[Figure]>([])

    /// A report; with `asJSON` each figure is a line as soon as it is known, else a table stands at the end.
    init(asJSON: Bool) { self.asJSON = asJSON }

    /// Takes a figure.
    func add(_ figure: Figure) {
        if asJSON { return Self.write(JSONWriter.bytes(figure.json) + [0x0A], to: STDOUT_FILENO) }
        figures.withLock { $0.append(figure) }
    }

    /// Says what is being done, or what a figure must be read with.
    func words(_ text: String) { Self.write(Array((text + "\n").utf8), to: STDERR_FILENO) }

    /// Prints the table; nothing when the figures went out as JSON.
    func end() {
        let figures = figures.withLock { $0 }
        guard !asJSON, !figures.isEmpty else { return }
        var rows = [["FIGURE", "VALUE", "UNIT", "AIM", "AGAINST", "RATIO", "95 %"]]
        for figure in figures {
            rows.append([
                figure.name, Figure.digits(figure.value), figure.unit, Self.aim(of: figure), figure.against ?? "",
                figure.ratio.map { Figure.digits($0.median) } ?? "",
                figure.ratio.map { "\(Figure.digits($0.low)) .. \(Figure.digits($0.high))" } ?? "",
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let filling = String(repeating: " ", count: widths[column] - cell.count)
                line += (column == 1 || column == 5 ? filling + cell : cell + filling) + "  "
            }
            while line.last == " " { line.removeLast() }
            Self.write(Array((line + "\n").utf8), to: STDOUT_FILENO)
        }
    }

    private static func aim(of figure: Figure) -> String {
        guard let aim = figure.aim, let isMet = figure.isMet else { return "" }
        let sign =
            switch aim {
            case .atLeast: ">="
            case .atMost: "<="
            }
        return "\(sign) \(Figure.digits(aim.number)) \(isMet ? "met" : "missed")"
    }

    private static func write(_ bytes: [UInt8], to file: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
        }
    }
}
