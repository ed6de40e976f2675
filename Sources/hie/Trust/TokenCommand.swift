import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Transactions
import Trust

/// `hie token`.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Access tokens of the facility's own staff and systems.",
        discussion: """
            EXAMPLE
              hie token issue --client dr.brattain --user dr.brattain --role physician \\
                --purpose TREAT
            """,
        subcommands: [Issue.self])

    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "issue",
            abstract: "Issue a user's token (IUA), bound to a client's certificate, into the client's folder.",
            discussion: """
                The token says who asks, for whom and why; it works only together with the \
                client's certificate, and for an hour at the most. The file has mode 0600.

                EXAMPLE
                  hie token issue --client dr.brattain --user dr.brattain \\
                    --name "Laura Brattain" --role physician --purpose TREAT
                  hie token issue --client dr.brattain --user dr.brattain --role physician \\
                    --purpose BTG --reason "Unconscious after a fall, allergies unknown"
                """)

        @Option(help: ArgumentHelp("The client: its name at this node, or its folder.", valueName: "name|dir"))
        var client: String
        @Option(help: "The user, as consent and access log name them.") var user: String
        @Option(help: "The user's name, for people.") var name: String?
        @Option(help: "The user's role, such as physician.") var role: String?
        @Option(help: ArgumentHelp("The user's organisation; the facility when not given.", valueName: "id"))
        var organization: String?
        @Option(help: ArgumentHelp("Purpose of use, a code of v3-ActReason.", valueName: "code")) var purpose = "TREAT"
        @Option(help: ArgumentHelp("Why an emergency access is needed; with --purpose BTG.", valueName: "words"))
        var reason: String?
        @Option(help: "Minutes the token holds, 60 at the most.") var minutes = 60
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...60).contains(minutes) else { throw ValidationError("--minutes is 1 to 60.") }
            guard (purpose == "BTG") == (reason != nil) else {
                throw ValidationError("An emergency access says why: --purpose BTG and --reason belong together.")
            }
            if let reason, EmergencyAccess.words(reason) == nil {
                throw ValidationError("--reason is a sentence of \(EmergencyAccess.reasonBytes.lowerBound) to 500 bytes.")
            }
            guard (1...64).contains(purpose.utf8.count), purpose.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ValidationError("--purpose is a code such as TREAT.")
            }
        }

        func run() async throws {
            let terminal = Terminal()
            let node = NodeHome.here(home.folder())
            try AdminClient(home: node.folder.path).demandHome()
            let folder =
                client.contains("/")
                ? URL(fileURLWithPath: LocalFile.absolute(client)) : node.clients.appendingPathComponent(client)
            guard LocalFile.exists(folder.path) else {
                throw CommandFailure(
                    .notFound, "there is no client in \(folder.path)",
                    hint: "make one with hie certificate issue --client \(client)")
            }
            let holder = ClientFolder(folder)
            let grant = TokenGrant(
                user: user, userName: name, role: role, organization: organization, purpose: purpose,
                lifetime: .seconds(minutes * 60), reason: reason)
            let token = try TokenIssuer.issue(grant, to: holder, of: node, world: .system)
            if output.json {
                return terminal.result([
                    "file": .string(holder.token.path), "id": .string(token.tokenID),
                    "expires": .string(token.expires.description),
                ])
            }
            terminal.result(holder.token.path)
            let meant = try NodeConfiguration(of: node).roles.role(role)
            if meant.flatMap(UserRole.init(rawValue:)) == nil {
                terminal.words(
                    "\(role.map { "no row of the table names the role \($0)" } ?? "the token names no role"): it may do nothing; "
                        + "hie access roles")
            }
            terminal.words("\(user) may act for \(purpose) until \(Words.time(token.expires.description))")
        }
    }
}
