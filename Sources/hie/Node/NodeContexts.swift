import FoundationEssentials
import Glibc
import Yams

/// Where a node is, for commands: its folder, its administrators' socket, a client's folder there.
struct NodeContext: Sendable, Equatable {
    /// The node's folder.
    var home: String?
    /// Its administrators' socket, where the folder is another's.
    var socket: String?
    /// A folder with `client.yaml`, as `--as` takes it.
    var client: String?
}

/// The nodes an administrator has to do with, by name: `contexts.yaml` in the user's own folder for settings.
struct NodeContexts: Sendable, Equatable {
    /// The name of the one in use; nil for none.
    var current: String?
    /// By name.
    var nodes: [String: NodeContext] = [:]

    /// A name is plain, so that it can stand in scripts.
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
                    || $0 == 0x5F
            }
    }

    /// Where the file lies: `$XDG_CONFIG_HOME/hie`, else `~/.config/hie`.
    static func path(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? LocalFile.absolute((environment["HOME"] ?? ".") + "/.config")
        return folder + "/hie/contexts.yaml"
    }

    /// The one that a flag names, else the environment (`HIE_CONTEXT`), else the one in use; nil when none is.
    static func chosen(_ flag: String?, environment: [String: String] = ProcessInfo.processInfo.environment)
        throws(CommandFailure) -> NodeContext?
    {
        let named = flag ?? environment["HIE_CONTEXT"].flatMap { $0.isEmpty ? nil : $0 }
        let all = try read(environment)
        guard let name = named ?? all.current else { return nil }
        guard let node = all.nodes[name] else {
            throw CommandFailure(.usage, "there is no context \(name)", hint: "hie context list names them, hie context add makes one")
        }
        return node
    }

    /// Reads the file; none is the same as an empty one.
    static func read(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(CommandFailure) -> NodeContexts {
        let path = path(environment)
        guard LocalFile.exists(path) else { return NodeContexts() }
        let wrong = CommandFailure(
            .usage, "\(path) cannot be read", hint: "it holds current and contexts, each with home, socket, as; mend or remove it")
        let text = try LocalFile.text(path, atMost: 256 << 10)
        guard let root = try? Yams.compose(yaml: text), let pairs = root.mapping else { throw wrong }
        var all = NodeContexts()
        for (key, value) in pairs {
            switch key.string {
            case "current": all.current = value.string
            case "contexts":
                guard let rows = value.mapping else { throw wrong }
                for (name, row) in rows {
                    guard let name = name.string, isName(name), let members = row.mapping else { throw wrong }
                    var node = NodeContext()
                    for (key, value) in members {
                        guard let text = value.string, text.hasPrefix("/") else { throw wrong }
                        switch key.string {
                        case "home": node.home = text
                        case "socket": node.socket = text
                        case "as": node.client = text
                        default: throw wrong
                        }
                    }
                    all.nodes[name] = node
                }
            default: throw wrong
            }
        }
        return all
    }

    /// Writes the file, for its owner alone.
    func write(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(CommandFailure) {
        let path = Self.path(environment)
        try LocalFile.makeFolder(String(path.prefix(path.count - "/contexts.yaml".count)))
        var pairs: [(Yams.Node, Yams.Node)] = []
        if let current { pairs.append((Yams.Node("current"), Self.quoted(current))) }
        let rows = nodes.sorted { $0.key < $1.key }.map { name, node in
            let members = [("home", node.home), ("socket", node.socket), ("as", node.client)].compactMap { key, value in
                value.map { (Yams.Node(key), Self.quoted($0)) }
            }
            return (Self.quoted(name), Yams.Node(members))
        }
        pairs.append((Yams.Node("contexts"), Yams.Node(rows)))
        guard let text = try? Yams.serialize(node: Yams.Node(pairs)) else {
            throw CommandFailure(.failed, "the contexts cannot be written")
        }
        try LocalFile.write(Array(text.utf8), to: path)
    }

    private static func quoted(_ text: String) -> Yams.Node {
        Yams.Node(text, Yams.Tag(.str), .doubleQuoted)
    }
}
