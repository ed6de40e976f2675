import ArgumentParser
import ExchangeCore
import Glibc

/// The benchmarks: one subject a command, every figure beside what it is held against.
@main
struct HIEBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hie-bench",
        abstract: "Measures a real node over mutual TLS on loopback, beside the bare disk under it.",
        discussion: """
            The node is hie run in a process and a folder of its own, so CPU and memory are the
            node's alone. Only right answers count.

            EXAMPLE
              hie-bench all --quick
              hie-bench publish --json
            """,
        subcommands: [
            PublishCommand.self, FindCommand.self, RetrieveCommand.self, JournalCommand.self, ConsentCommand.self,
            DirectoryCommand.self, LightNodeCommand.self, MatchCommand.self, LocateCommand.self, IngestCommand.self,
            ResponderCommand.self, AllCommand.self,
        ])
}

/// `hie-bench all`.
struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "Every subject, one after the other, each with a node of its own.",
        discussion: """
            EXAMPLE
              hie-bench all --quick --json
            """)

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let bench = Bench(options)
        bench.preface()
        try await PublishCommand.measure(bench)
        try await FindCommand.measure(bench)
        try await RetrieveCommand.measure(bench)
        bench.report.end()
    }
}
