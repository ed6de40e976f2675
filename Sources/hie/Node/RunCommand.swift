import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import Logging
import NIOCore

/// `hie run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a node until it is told to stop.",
        discussion: """
            Listens for clients, for peers and for the administrator, and logs to stderr: JSON \
            lines when that is no terminal. SIGTERM and SIGINT stop it in order: answers under \
            way are finished first. SIGHUP reads node.yaml anew, as hie config reload does. While the \
            disk is full or takes no writes the node answers nothing that would have to be recorded, \
            says so in hie status, and goes on by itself. Exits 9 when the journal is damaged, 11 when another \
            process runs on the folder.

            A value is taken from --set, else from the environment (HIE_LOG, HIE_LIMITS_NESTING), \
            else from node.yaml.

            EXAMPLE
              hie run --home /var/lib/hie
              hie run --home /var/lib/hie --set log=debug
            """)

    @OptionGroup var settings: SettingOptions
    @OptionGroup var home: HomeOptions

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let folder = NodeHome.here(client.home, settings: settings.values)
        let configuration: NodeConfiguration
        do throws(ExchangeError) {
            configuration = try NodeConfiguration(of: folder)
        } catch {
            throw ConfigCommand.refusal(error, in: folder.configuration.path, on: terminal)
        }
        let threshold = LogThreshold(configuration.logLevel)
        let logger = NodeLog.logger("hie", threshold: threshold)
        for name in ConfigurationSchema.unknownVariables(of: ProcessInfo.processInfo.environment) {
            logger.warning("an environment variable states nothing", metadata: ["variable": "\(name)", "next": "hie config schema"])
        }
        // Until the node hears it, SIGHUP must not end the process.
        signal(SIGHUP, SIG_IGN)
        var ending = Node.Ending.reopens(discardsProjection: false)
        while case .reopens(let discardsProjection) = ending {
            let node = try await open(folder, discardsProjection, logger, threshold)
            do {
                ending = try await node.run()
            } catch let error as IOError {
                throw CommandFailure(
                    .failed, "a listener cannot be bound: \(error.description)",
                    hint: "look at clients, peers and health in \(folder.configuration.path)")
            }
        }
    }

    /// Opens the folder; waits for a disk that is full or takes no writes, so that nobody has to start the node by hand.
    private func open(
        _ folder: NodeHome, _ discardsProjection: Bool, _ logger: Logger, _ threshold: LogThreshold,
    ) async throws -> Node {
        var pause = Duration.seconds(1)
        while true {
            do throws(ExchangeError) {
                return try await Node(
                    folder, discardsProjection: discardsProjection, logger: logger, logThreshold: threshold)
            } catch where error.code == .unavailable {
                logger.critical(
                    "the store cannot be opened; trying again by itself", metadata: ["error": "\(error.description)"])
            } catch {
                throw refusal(error, home: folder.folder.path)
            }
            try await World.system.sleep(pause)
            pause = min(pause * 2, .seconds(10))
        }
    }

    /// Why the folder's node does not start.
    private func refusal(_ error: ExchangeError, home: String) -> CommandFailure {
        switch error.code {
        case .conflict: CommandFailure(.locked, error.description, hint: "see hie status --home \(home)")
        case .notFound where !LocalFile.exists(NodeHome(home).nodeCertificate.path):
            CommandFailure(
                .notInitialised, error.description, hint: "certify the node with hie certificate issue --node \(home)")
        case .notFound:
            CommandFailure(
                .notInitialised, error.description, hint: "put it back from where it is kept; hie doctor names all that is missing")
        case .badRequest, .unauthenticated, .forbidden, .gone, .tooLarge, .unavailable, .timeout, .corrupted,
            .unknownPatient, .internal:
            CommandFailure(error)
        }
    }
}
