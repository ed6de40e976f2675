import ArgumentParser
import ExchangeCore

/// The program: one command tree, one place where errors become exit codes.
@main
struct HIE: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hie",
        abstract: "A health information exchange node: documents, patients, consent, federation.",
        discussion: """
            EXAMPLE
              hie init --home ~/.hie --name "Eastside Clinic" \\
                --community 1.3.6.1.4.1.21367.2026.11 --network ./network \\
                --consent opt-out
              hie run --home ~/.hie
              hie status

            EXIT CODES
            \(exitCodes)
            An unknown code must be treated as failure.
            """,
        version: VersionCommand.text,
        groupedSubcommands: [
            CommandGroup(name: "Node", subcommands: nodeCommands),
            CommandGroup(
                name: "Trust",
                subcommands: [
                    CertificateCommand.self, TokenCommand.self, AccessCommand.self, InviteCommand.self, JoinCommand.self, PeerCommand.self,
                    DirectoryCommand.self,
                ]),
            CommandGroup(
                name: "Records",
                subcommands: [
                    QueryCommand.self, PatientCommand.self, DocumentCommand.self, ConsentCommand.self, AuditCommand.self,
                    RetentionCommand.self, FeedCommand.self, TerminologyCommand.self,
                ]),
        ])

    /// `run`, `status` and what else is about the node as a whole.
    static let nodeCommands: [any ParsableCommand.Type] = [
        InitCommand.self, RunCommand.self, StatusCommand.self, DoctorCommand.self, LimitsCommand.self, ConfigCommand.self,
        ApproveCommand.self, ContextCommand.self, JournalCommand.self, UpgradeCommand.self, BackupCommand.self, KeyringCommand.self, DebugCommand.self,
        DemoCommand.self,
        CompletionCommand.self, ManualCommand.self, VersionCommand.self,
    ]

    private static var exitCodes: String {
        ExitStatus.allCases.map { status in
            let number = String(status.rawValue)
            return "  " + String(repeating: " ", count: 3 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }

    static func main() async {
        do {
            var command = try parseAsRoot()
            let type = type(of: command)
            if type != HIE.self, !type.configuration.subcommands.isEmpty {
                Terminal().wordsText(helpMessage(for: type))
                Terminal.endProcess(ExitStatus.usage.rawValue)
            }
            if var waiting = command as? any AsyncParsableCommand {
                try await waiting.run()
            } else {
                try command.run()
            }
        } catch {
            Terminal.endProcess(report(error))
        }
    }

    /// Says why the command stopped, and gives its exit code.
    private static func report(_ error: any Error) -> ExitStatus.RawValue {
        let terminal = Terminal()
        terminal.endProgress()
        switch error {
        case let failure as CommandFailure:
            terminal.complaint(failure.line)
            return failure.status.rawValue
        case let failure as ExchangeError:
            terminal.complaint(failure.description)
            return ExitStatus(failure.code).rawValue
        case is CancellationError:
            return ExitStatus.interrupted.rawValue
        default:
            return reportArguments(error, terminal)
        }
    }

    /// ArgumentParser's own errors: help and version are results, the rest is wrong usage, which is 2 here and not 64.
    private static func reportArguments(_ error: any Error, _ terminal: Terminal) -> ExitStatus.RawValue {
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        if code.isSuccess {
            if !message.isEmpty { terminal.resultText(message) }
            return code.rawValue
        }
        if !message.isEmpty { terminal.wordsText(message) }
        return code == .validationFailure ? ExitStatus.usage.rawValue : code.rawValue
    }
}
