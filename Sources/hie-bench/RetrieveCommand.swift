import ArgumentParser
import ExchangeCore

/// `hie-bench retrieve`.
struct RetrieveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrieve",
        abstract: "Retrieve random documents of 8 KiB (ITI-68), each checked byte for byte.",
        discussion: """
            Consent is decided and the access journaled before a byte leaves, so the floor
            beside it is one write with its sync on the same disk.

            EXAMPLE
              hie-bench retrieve --quick
            """)

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let bench = Bench(options)
        bench.preface()
        try await Self.measure(bench)
        bench.report.end()
    }

    static func measure(_ bench: Bench) async throws {
        try await bench.withNode { node in
            let (process, _) = try await node.start()
            defer { node.kill(process) }
            let document = BenchDocument(bytes: PublishCommand.documentBytes)
            let filled = try await Filling(bench, node).fill(
                patients: max(1, bench.documents(10_000) / 20), each: 20, document: document)
            let work = RetrieveWork(node: node, documents: filled.documents, document: document)
            try await Asking(bench, node, process, name: "retrieve").measure(
                work, cpuMax: nil, singleP50Max: nil, during: true)
        }
    }
}
