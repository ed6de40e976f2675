import ArgumentParser

/// `hie run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a node until it is told to stop.",
        discussion: """
            Listens for clients, for peers and for the administrator, and logs to stderr.
            SIGTERM and SIGINT stop it in order: answers under way are finished first.

            EXAMPLE
              hie run --home /var/lib/hie
            """)

    @OptionGroup var home: HomeOptions

    func run() async throws {
        try AdminClient(home).demandHome()
    }
}
