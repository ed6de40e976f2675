import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import NIOCore

/// `hie run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a node until it is told to stop.",
        discussion: """
            Listens for clients, for peers and for the administrator, and logs to stderr: JSON \
            lines when that is no terminal. SIGTERM and SIGINT stop it in order: answers under \
            way are finished first. Exits 9 when the journal is damaged, 11 when another \
            process runs on the folder.

            EXAMPLE
              hie run --home /var/lib/hie
            """)

    @OptionGroup var home: HomeOptions

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let folder = NodeHome(client.home)
        let configuration: NodeConfiguration
        do throws(ExchangeError) {
            configuration = try NodeConfiguration(of: folder)
        } catch {
            throw ConfigCommand.refusal(error, in: folder.configuration.path, on: terminal)
        }
        let logger = NodeLog.logger("hie", level: configuration.logLevel)
        let node: Node
        do throws(ExchangeError) {
            node = try await Node(folder, logger: logger)
        } catch {
            throw refusal(error, home: client.home)
        }
        do {
            try await node.run()
        } catch let error as IOError {
            throw CommandFailure(
                .failed, "a listener cannot be bound: \(error.description)",
                hint: "look at clients and peers in \(folder.configuration.path)")
        }
    }

    /// Why the folder's node does not start.
    private func refusal(_ error: ExchangeError, home: String) -> CommandFailure {
        switch error.code {
        case .conflict: CommandFailure(.locked, error.description, hint: "see hie status --home \(home)")
        case .notFound:
            CommandFailure(
                .notInitialised, error.description, hint: "certify the node with hie certificate issue --node \(home)")
        case .badRequest, .unauthenticated, .forbidden, .gone, .tooLarge, .unavailable, .timeout, .corrupted,
            .unknownPatient, .internal:
            CommandFailure(error)
        }
    }
}
