import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import GossipDirectory
import JSON
import Trust

extension PeerCommand {
    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a blocked facility in again, or take in an admission file.",
            discussion: """
                EXAMPLE
                  hie peer approve 1.3.6.1.4.1.21367.2026.10
                  hie peer approve admission.jws
                """)

        @Argument(help: "The community, or a file with its admission.") var community: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let client = AdminClient(home)
            let answer =
                if LocalFile.exists(community) {
                    try await client.ask(.directoryAdmit, ["admission": .string(try Self.admission(community))])
                } else {
                    try await client.ask(.peerBlock, ["community": .string(community), "blocked": .bool(false)])
                }
            output.json ? Terminal().result(answer) : Terminal().result("approved")
        }

        private static func admission(_ path: String) throws -> String {
            let text = try LocalFile.text(path)
            if text.hasPrefix("hie-join.") { return try JoinToken(text).admission }
            return String(text.prefix { $0 != "\n" })
        }
    }

    struct Block: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let nothing of a facility into this node; others are not asked to follow.",
            discussion: """
                EXAMPLE
                  hie peer block 1.3.6.1.4.1.21367.2026.10
                """)

        @Argument(help: "The community, as an OID or urn:oid:...") var community: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let answer = try await AdminClient(home).ask(.peerBlock, ["community": .string(community), "blocked": .bool(true)])
            output.json ? Terminal().result(answer) : Terminal().result("blocked")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a facility's admission back, for the whole network; its connections end within a second.",
            discussion: """
                EXAMPLE
                  hie peer revoke 1.3.6.1.4.1.21367.2026.10 --network authority --reason "key lost"
                """)

        @Argument(help: "The community, as an OID or urn:oid:...") var community: String
        @Option(help: ArgumentHelp("The network authority's folder.", valueName: "dir")) var network: String
        @Option(help: "Why, for people.") var reason = "revoked"
        @Option(help: "Everything up to this epoch is void.") var epoch: UInt32 = 1
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let id = CommunityID(community) else { throw ValidationError("A community is an OID.") }
            let authority = NetworkAuthorityFolder(LocalFile.absolute(network), world: .system)
            let revocation = try authority.revoke(id, epoch: epoch, reason: reason)
            let answer = try await AdminClient(home).ask(
                .directoryRevoke, ["revocation": .string(revocation.token.compact)])
            output.json ? Terminal().result(answer) : Terminal().result("revoked")
        }
    }

    struct Ping: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask a facility's node whether it is there.",
            discussion: """
                EXAMPLE
                  hie peer ping 1.3.6.1.4.1.21367.2026.10
                """)

        @Argument(help: "The community, as an OID or urn:oid:...") var community: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let answer = try await AdminClient(home).ask(.peerPing, ["community": .string(community)])
            if output.json { return Terminal().result(answer) }
            let microseconds = answer["microseconds"]?.integer ?? 0
            Terminal().result("it answers, after \(microseconds / 1000).\(microseconds / 100 % 10) ms")
        }
    }
}
