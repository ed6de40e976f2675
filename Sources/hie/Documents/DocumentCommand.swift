import ArgumentParser

/// `hie document`.
struct DocumentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "document",
        abstract: "Check, publish, import, find, fetch and show documents.",
        discussion: """
            EXAMPLE
              hie document check discharge.xml
              hie document publish --as ./registry-feed discharge.xml
              hie document find --as ./dr.brattain --identifier 'urn:oid:1.2.3|4711'
            """,
        subcommands: [
            DocumentCheckCommand.self, DocumentPublishCommand.self, DocumentFindCommand.self, DocumentGetCommand.self,
            DocumentShowCommand.self, DocumentImportCommand.self,
        ])
}
