import ArgumentParser
import JSON

/// `hie context`.
struct ContextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context",
        abstract: "The nodes you have to do with, by name.",
        discussion: """
            A context names a node's folder, or its administrators' socket, and perhaps a client's folder. Commands take \
            the one in use, or the one that --context or HIE_CONTEXT names; --home, --socket, --as and their variables \
            come before. A socket may be one that ssh brings from another machine.

            EXAMPLE
              hie context add hospital --home /var/lib/hie
              hie context add clinic --socket /run/hie-clinic/admin.sock --as ~/clinic/clients/brattain
              hie context use hospital
              hie status --context clinic
            """,
        subcommands: [List.self, Use.self, Add.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the contexts; a star marks the one in use.",
            discussion: """
                EXAMPLE
                  hie context list
                """)

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let all = try NodeContexts.read()
            let rows = all.nodes.sorted { $0.key < $1.key }
            if output.json {
                return terminal.result([
                    "current": all.current.map { .string($0) } ?? .null,
                    "contexts": .array(
                        rows.map { name, node in
                            [
                                "name": .string(name), "home": node.home.map { .string($0) } ?? .null,
                                "socket": node.socket.map { .string($0) } ?? .null,
                                "as": node.client.map { .string($0) } ?? .null,
                            ]
                        }),
                ])
            }
            guard !rows.isEmpty else { return terminal.words("no context yet: hie context add NAME --home DIR") }
            var table = Table("", "NAME", "NODE", "AS")
            for (name, node) in rows {
                table.add(
                    .init(name == all.current ? "*" : ""), .init(name), .init(node.socket ?? node.home ?? ""),
                    .init(node.client ?? ""))
            }
            terminal.result(table)
        }
    }

    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have commands take a context unless they are told otherwise.",
            discussion: """
                EXAMPLE
                  hie context use hospital
                """)

        @Argument(help: "The context's name; none for none.") var name: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            var all = try NodeContexts.read()
            if name == "none", all.nodes[name] == nil {
                all.current = nil
            } else {
                guard all.nodes[name] != nil else { throw ContextCommand.unknown(name) }
                all.current = name
            }
            try all.write()
            ContextCommand.tell(all, name, output)
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Name a node; the first one is in use at once.",
            discussion: """
                EXAMPLE
                  hie context add hospital --home /var/lib/hie
                  hie context add clinic --socket /run/hie-clinic/admin.sock
                """)

        @Argument(help: "Its name: letters, digits, - . _") var name: String
        @Option(help: ArgumentHelp("The node's folder.", valueName: "dir")) var home: String?
        @Option(help: ArgumentHelp("Its administrators' socket.", valueName: "path")) var socket: String?
        @Option(name: .customLong("as"), help: ArgumentHelp("A client's folder there.", valueName: "folder"))
        var client: String?
        @Flag(help: "Put it in the place of one of that name.") var replace = false
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard NodeContexts.isName(name), name != "none" else {
                throw ValidationError("A context's name is of letters, digits, - . and _, and not none.")
            }
            guard home != nil || socket != nil || client != nil else {
                throw ValidationError("Say where the node is: --home, --socket or --as.")
            }
        }

        func run() async throws {
            var all = try NodeContexts.read()
            let node = NodeContext(
                home: home.map(LocalFile.absolute), socket: socket.map(LocalFile.absolute), client: client.map(LocalFile.absolute))
            if let known = all.nodes[name], known != node, !replace {
                throw CommandFailure(.conflict, "there is a context \(name), and it is another", hint: "choose another name, or --replace")
            }
            all.nodes[name] = node
            if all.nodes.count == 1 { all.current = name }
            try all.write()
            ContextCommand.tell(all, name, output)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a context; the node itself is not touched.",
            discussion: """
                EXAMPLE
                  hie context remove clinic
                """)

        @Argument(help: "The context's name.") var name: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            var all = try NodeContexts.read()
            guard all.nodes.removeValue(forKey: name) != nil else { throw ContextCommand.unknown(name) }
            if all.current == name { all.current = nil }
            try all.write()
            ContextCommand.tell(all, name, output)
        }
    }

    private static func tell(_ all: NodeContexts, _ name: String, _ output: OutputOptions) {
        let terminal = Terminal()
        guard output.json else { return terminal.result(name) }
        terminal.result(["name": .string(name), "current": all.current.map { .string($0) } ?? .null])
    }

    private static func unknown(_ name: String) -> CommandFailure {
        CommandFailure(.notFound, "there is no context \(name)", hint: "hie context list names them")
    }
}
