import JSON

/// A patient's accounting of disclosures (45 CFR 164.528) from the access log: as CSV, and as a page that prints well.
struct AccountingReport: Sendable {
    /// One disclosure.
    struct Row: Sendable {
        let entry: String
        let time: String
        let recipient: String
        let organization: String
        let user: String
        let what: String
        let purpose: String
        let exclusion: String
        let emergency: String
    }

    let patient: String
    let facility: String
    let rows: [Row]

    /// Purposes that 164.528(a)(1)(i) leaves out: treatment, payment, operations. They are listed, and marked.
    private static let excluded: [String: String] = [
        "TREAT": "treatment", "ETREAT": "treatment", "CAREMGT": "treatment", "HPAYMT": "payment", "PAYMT": "payment",
        "HOPERAT": "operations", "PATRQT": "the patient's own request", "FAMRQT": "the patient's own request",
    ]

    /// Reads what the node answers to `audit patient`; oldest first, only what showed something.
    init(_ log: JSONValue, facility: String, names: [String: String]) {
        patient = log.text("patient")
        self.facility = facility
        rows = (log["events"]?.items ?? []).reversed().compactMap { event in
            let shown = (event["shown"]?.items ?? []).compactMap(\.string)
            let transaction = event.text("transaction")
            // Who merely learnt that the patient is known here learnt something, too.
            guard !shown.isEmpty || ["ITI-119", "ITI-78", "ITI-108", "consent statement"].contains(transaction) else {
                return nil
            }
            let purpose = event.text("purpose")
            let role = event.text("role")
            return Row(
                entry: event.text("position"), time: event.text("time"),
                recipient: names[event.text("community")] ?? event.text("community"),
                organization: names[event.text("organization")] ?? event.text("organization"),
                user: event.text("user") + (role.isEmpty ? "" : " (\(role))"),
                what: shown.isEmpty ? Self.words(transaction) : "documents " + shown.joined(separator: " "),
                purpose: purpose, exclusion: Self.excluded[purpose] ?? "",
                emergency: event["emergency"]?.bool == true ? event.text("reason") : "")
        }
    }

    private static let headings = [
        "entry", "date", "recipient", "organisation", "user", "disclosed", "purpose", "excluded by 164.528(a)(1) as",
        "emergency",
    ]

    private static func words(_ transaction: String) -> String {
        switch transaction {
        case "ITI-119", "ITI-78": "demographics (\(transaction))"
        case "ITI-108": "consent directives (ITI-108)"
        default: "that the patient is known here"
        }
    }

    private static func cells(_ row: Row) -> [String] {
        [
            row.entry, row.time, row.recipient, row.organization, row.user, row.what, row.purpose, row.exclusion,
            row.emergency,
        ]
    }

    /// RFC 4180; a cell that a spreadsheet would take for a formula is kept from it by an apostrophe.
    var csv: String {
        func cell(_ text: String) -> String {
            let first = text.unicodeScalars.first
            let isFormula = first.map { ["=", "+", "-", "@", "\t", "\r"].contains($0) } ?? false
            let plain = (isFormula ? "'" : "") + text
            guard plain.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return plain }
            return "\"" + plain.replacing("\"", with: "\"\"") + "\""
        }
        return ([Self.headings] + rows.map(Self.cells)).map { $0.map(cell).joined(separator: ",") + "\r\n" }.joined()
    }

    /// One HTML page without scripts or anything from elsewhere.
    func html(made: String) -> String {
        func text(_ value: String) -> String {
            value.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
                .replacing("\"", with: "&quot;")
        }
        func line(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(text($0))</\(tag)>" }.joined() + "</tr>\n"
        }
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Accounting of disclosures</title>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <style>
            @page { size: A4 landscape; margin: 12mm }
            body { font: 9pt sans-serif; color: #000 }
            table { border-collapse: collapse; width: 100% }
            th, td { border: 0.5pt solid #888; padding: 2pt 4pt; text-align: left; vertical-align: top; overflow-wrap: anywhere }
            thead { display: table-header-group } tr { break-inside: avoid }
            </style></head><body>
            <h1>Accounting of disclosures</h1>
            <p>\(text(facility)), for the patient \(text(patient)), made \(text(made)), after 45 CFR 164.528. Disclosures for
            treatment, payment and operations are listed too, and marked. Each row is an entry of the journal, and can be
            proven: <code>hie audit prove ENTRY</code>.</p>
            <table><thead>
            \(line(Self.headings, "th"))</thead><tbody>
            \(rows.map { line(Self.cells($0), "td") }.joined())</tbody></table>
            <p>\(rows.count) disclosures.</p>
            </body></html>

            """
    }
}
