import ExchangeCore

/// The files in which publishers release their codes.
package enum ReleaseFormat: String, Sendable, CaseIterable {
    /// `icd10cm-order-2026.txt`, `icd10pcs_order_2026.txt` (CMS, CDC).
    case order
    /// `HCPC2026_JAN_ANWEB.txt`: lines of 320 characters (CMS).
    case hcpcs
    /// `Loinc.csv` (Regenstrief).
    case loinc
    /// `RXNCONSO.RRF` (NLM).
    case rxnconso
    /// `cvx.txt` (CDC).
    case cvx
    /// Code and name parted by a comma; a first row of headings that begins with `code` is passed over.
    case csv
    /// A FHIR CodeSystem as JSON.
    case fhir

    /// What a system's publisher uses.
    package init(_ system: CodeSystem?) {
        self =
            switch system {
            case .icd10cm, .icd10pcs: .order
            case .hcpcs: .hcpcs
            case .loinc: .loinc
            case .rxnorm: .rxnconso
            case .cvx: .cvx
            case .snomed, .cpt, .ucum, nil: .csv
            }
    }

    var dialect: RecordSplitter.Dialect {
        switch self {
        case .order, .hcpcs, .fhir: .lines
        case .rxnconso, .cvx: .pipes
        case .loinc, .csv: .commas
        }
    }
}

/// Reads one publisher's file, fed in pieces, into concepts.
package struct ReleaseImporter: Sendable {
    /// Codes of one release at most.
    package static let conceptsMax = 5_000_000

    private let format: ReleaseFormat
    private var splitter: RecordSplitter
    private var rows: any ReleaseRows & Sendable
    /// A FHIR resource is read whole.
    private var json: [UInt8] = []

    /// An importer for a file of this form.
    package init(_ format: ReleaseFormat) {
        self.format = format
        splitter = RecordSplitter(format.dialect)
        rows =
            switch format {
            case .order: OrderRows()
            case .hcpcs: HCPCSRows()
            case .loinc: LOINCRows()
            case .rxnconso: RxNormRows()
            case .cvx: CVXRows()
            case .csv, .fhir: ListRows()
            }
    }

    /// Takes the next bytes; what is not as the publisher writes it is refused with its line.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(ExchangeError) {
        if format == .fhir {
            json += bytes
            guard json.count <= 64 << 20 else { throw ExchangeError(.tooLarge, "a CodeSystem of more than 64 MiB") }
            return
        }
        // The rows are taken out meanwhile: the splitter may not see them change under it.
        var rows = rows
        try splitter.feed(bytes) { cells throws(ExchangeError) in try Self.take(cells, &rows) }
        self.rows = rows
    }

    /// The concepts of the whole file.
    package mutating func finish() throws(ExchangeError) -> [Concept] {
        if format == .fhir { return try FHIRCodeSystem.concepts(json) }
        var rows = rows
        try splitter.finish { cells throws(ExchangeError) in try Self.take(cells, &rows) }
        return try rows.finish()
    }

    private static func take(_ cells: [String], _ rows: inout any ReleaseRows & Sendable) throws(ExchangeError) {
        try rows.take(cells)
        guard rows.count <= conceptsMax else { throw ExchangeError(.tooLarge, "more than \(conceptsMax) codes") }
    }
}

/// What a publisher's rows mean.
protocol ReleaseRows {
    /// Codes so far.
    var count: Int { get }
    /// Takes one record's cells.
    mutating func take(_ cells: [String]) throws(ExchangeError)
    /// The concepts of all records.
    mutating func finish() throws(ExchangeError) -> [Concept]
}
