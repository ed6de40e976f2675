import ArgumentParser
import ExchangeCore
import FoundationEssentials
import Glibc
import Transactions

/// `hie-bench locate`.
struct LocateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locate",
        abstract: "Ask 100 scripted communities for a patient's documents, hedging and breakers on and off.",
        discussion: """
            Each community has its own certificate and two endpoints; all answer over real mutual
            TLS 1.3 after the reference's delays (lognormal, median 60 ms, sigma 0.5, 2 % ten times
            slower, 0.5 % never). The asking node is in this process, with its store on disk, so its
            CPU can be read around a question. Questions with and without hedges alternate.

            EXAMPLE
              hie-bench locate --quick
              hie-bench locate --json
            """)

    @Flag(help: "End within 40 s: fewer questions, so p99 is nearly the worst one.") var quick = false
    @Flag(help: "One JSON object a line instead of a table.") var json = false
    @Option(help: ArgumentHelp("How many communities.", valueName: "n")) var communities = 100
    @Option(help: ArgumentHelp("What the delays are drawn from.", valueName: "n")) var seed: UInt64 = 1
    @Option(help: ArgumentHelp("A folder on the disk the node lies on; /var/tmp when not given.", valueName: "dir"))
    var folder: String?

    func validate() throws {
        if !(20...300).contains(communities) { throw ValidationError("--communities is 20 to 300.") }
    }

    func run() async throws {
        FileLimit.raise()
        let report = Report(asJSON: json)
        #if DEBUG
            report.words("built without optimisation: the figures mean nothing")
        #endif
        report.words(
            "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, shared by the asking node and all communities; loopback is no network")
        let network = try await LocateNetwork(
            communities, under: folder ?? "/var/tmp", program: try Self.program(), seed: seed)
        defer { network.end() }
        let asker = try await LocateAsker(in: network)
        let bench = LocateBench(network: network, asker: asker, report: report, isQuick: quick)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // As in a running node: a search goes on beside the request that began it.
            for node in [asker.exchange, asker.plain] { group.addTask { await node.conductSearches() } }
            try await bench.measure()
            group.cancelAll()
        }
        try await asker.close()
        report.end()
    }

    private static func program() throws(ExchangeError) -> String {
        var own = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &own, own.count - 1)
        guard count > 0 else { throw ExchangeError(.notFound, "cannot tell where this program lies") }
        return String(decoding: own.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
