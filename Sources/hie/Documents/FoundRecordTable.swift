import JSON

extension FoundRecord {
    /// Shows the list and what each community said: as a table, or as one JSON object.
    func show(asJSON: Bool, on terminal: Terminal) {
        if asJSON { terminal.result(json) } else { table(on: terminal) }
        for notice in notices { terminal.words(notice) }
    }

    private func table(on terminal: Terminal) {
        var table = Table("DATE", "DOCUMENT", "SOURCE", "ID")
        for document in documents.sorted(by: { $0.date > $1.date }) {
            let title = document.title.isEmpty ? document.type : document.title
            table.add(
                .init(String(document.date.prefix(10))),
                .init(document.status == "superseded" ? "\(title) (replaced)" : title), .init(source(of: document)),
                .init(document.id))
        }
        if table.isEmpty { terminal.result("no documents", .quiet) } else { terminal.result(table) }
        terminal.result("")
        for community in communities {
            let mark = community.isGap ? "MISSING" : "ok"
            terminal.result("\(mark)  \(community.sentence)", community.isGap ? .bad : .plain)
        }
        if !isComplete { terminal.words("the list is incomplete; ask again, or ask the facility named above") }
    }
}
