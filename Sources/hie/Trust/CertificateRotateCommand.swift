import AdminEndpoint
import ArgumentParser
import ExchangeNode
import JSON
import Trust

/// `hie certificate rotate`.
struct CertificateRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give a node a new key, beside the old one until everybody knows the new.",
        discussion: """
            First both keys are admitted, which every node hears of at once where this one runs, and
            which opens itself anew under the new key; then --finish admits the new one alone. A
            lost or stolen key is another matter: hie peer revoke, and hie invite --epoch.

            EXAMPLE
              hie certificate rotate --network ./network --home ~/.hie
              hie certificate rotate --network ./network --home ~/.hie --finish
            """)

    @Option(help: ArgumentHelp("The network authority's folder.", valueName: "dir")) var network: String
    @Flag(help: "The node runs under the new key: admit it alone.") var finish = false
    @Option(help: "Days the certificate holds.") var days = 7
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...397).contains(days) { throw ValidationError("--days is 1 to 397.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let folder = home.folder()
        let client = AdminClient(home)
        try client.demandHome()
        let node = NodeHome.here(folder)
        let authority = NetworkAuthorityFolder(LocalFile.absolute(network), world: .system)
        let running = try? await client.ask(.nodeStatus)
        if finish, let running {
            let used = running["certificates"]?.items.first { $0["use"]?.string == "peers" }?["key"]?.string
            guard try used == authority.newKey(of: node).text else {
                throw CommandFailure(.refused, "the node still runs under its old key; restart it first")
            }
        }
        let rotated = finish ? try authority.finishRotation(node, days: days) : try authority.beginRotation(node, days: days)
        let isTold = try await client.tell(.directoryAdmit, ["admission": .string(rotated.admission)])
        if isTold, !finish {
            _ = try await client.ask(.nodeReopen)
            try await NodeReopening(client).wait(on: terminal)
        }
        if output.json {
            return terminal.result([
                "key": .string(rotated.key.text), "finished": .bool(finish), "told": .bool(isTold),
            ])
        }
        terminal.result(rotated.key.text)
        let heard = isTold ? "the network hears of it now" : "the network hears of it when the node starts"
        terminal.words(
            finish ? "the new key alone is admitted; \(heard)"
                : "both keys are admitted; \(heard). next: "
                    + (isTold ? "" : "start the node, then ") + "hie certificate rotate --finish")
    }
}
