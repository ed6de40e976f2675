import ExchangeCore

/// `Loinc.csv`: by the headings of its first row.
struct LOINCRows: ReleaseRows {
    private var columns: [String: Int] = [:]
    private var concepts: [Concept] = []

    var count: Int { concepts.count }

    mutating func take(_ cells: [String]) throws(ExchangeError) {
        guard !columns.isEmpty else {
            columns = Dictionary(cells.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
            for heading in ["LOINC_NUM", "LONG_COMMON_NAME", "STATUS"] where columns[heading] == nil {
                throw ExchangeError(.badRequest, "not the LOINC table: the heading \(heading) is missing")
            }
            return
        }
        func cell(_ heading: String) -> String {
            columns[heading].map { cells.indices.contains($0) ? cells[$0] : "" } ?? ""
        }
        let names = ["LONG_COMMON_NAME", "SHORTNAME", "DisplayName", "CONSUMER_NAME", "COMPONENT"].map(cell)
        let isActive = ["ACTIVE", "TRIAL"].contains(cell("STATUS"))
        guard !cell("LOINC_NUM").isEmpty, names.contains(where: { !$0.isEmpty }) else {
            throw ExchangeError(.badRequest, "a row without a number or a name")
        }
        concepts.append(
            Concept(code: cell("LOINC_NUM"), displays: names.filter { !$0.isEmpty }, isActive: isActive))
    }

    mutating func finish() throws(ExchangeError) -> [Concept] { concepts }
}

/// `RXNCONSO.RRF`: RXCUI 1, language 2, source 12, kind of term 13, name 15, suppressed 17. Only RxNorm's own names, in English.
struct RxNormRows: ReleaseRows {
    private struct Row {
        var displays: [(rank: Int, name: String)] = []
        var isActive = false
    }

    private var rows: [String: Row] = [:]

    var count: Int { rows.count }

    /// Kinds of term in the order in which they name a concept best (RxNorm technical documentation, appendix 5).
    private static let ranks: [String: Int] = Dictionary(
        uniqueKeysWithValues: [
            "SCD", "SBD", "GPCK", "BPCK", "IN", "PIN", "MIN", "BN", "SCDC", "SBDC", "SCDF", "SBDF", "SCDG", "SBDG", "DF",
            "DFG", "PSN", "SY", "TMSY", "ET",
        ].enumerated().map { ($1, $0) })

    mutating func take(_ cells: [String]) throws(ExchangeError) {
        guard cells.count >= 17 else {
            throw ExchangeError(.badRequest, "not a line of RXNCONSO.RRF: 18 cells, each ended with |")
        }
        guard cells[11] == "RXNORM", cells[1] == "ENG", !cells[0].isEmpty, !cells[14].isEmpty else { return }
        var row = rows[cells[0]] ?? Row()
        row.displays.append((Self.ranks[cells[12]] ?? 99, cells[14]))
        row.isActive = row.isActive || cells[16] == "N"
        rows[cells[0]] = row
    }

    mutating func finish() throws(ExchangeError) -> [Concept] {
        rows.map { code, row in
            let names = row.displays.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.map(\.name)
            return Concept(code: code, displays: names, isActive: row.isActive)
        }
    }
}

/// `cvx.txt`: code, short name, full name, notes, status.
struct CVXRows: ReleaseRows {
    private var concepts: [Concept] = []

    var count: Int { concepts.count }

    mutating func take(_ cells: [String]) throws(ExchangeError) {
        let cells = cells.map { FixedColumns($0).text(1, $0.count) }
        guard cells.count >= 5, !cells[0].isEmpty, cells[0].utf8.allSatisfy(CodeForm.isDigit) else {
            throw ExchangeError(.badRequest, "not a line of cvx.txt: code, short name, full name, notes, status")
        }
        // Inactive vaccines are no longer given, but were: their codes stay right for what was given then.
        concepts.append(
            Concept(
                code: cells[0], displays: [cells[2], cells[1]].filter { !$0.isEmpty },
                isActive: !cells[4].lowercased().hasPrefix("never")))
    }

    mutating func finish() throws(ExchangeError) -> [Concept] { concepts }
}

/// Code and name in two columns.
struct ListRows: ReleaseRows {
    private var concepts: [Concept] = []

    var count: Int { concepts.count }

    mutating func take(_ cells: [String]) throws(ExchangeError) {
        if concepts.isEmpty, cells.first?.lowercased() == "code" { return }
        guard cells.count >= 2, !cells[0].isEmpty, !cells[1].isEmpty else {
            throw ExchangeError(.badRequest, "a row needs a code and a name")
        }
        concepts.append(Concept(code: cells[0], displays: [cells[1]]))
    }

    mutating func finish() throws(ExchangeError) -> [Concept] { concepts }
}
