import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Transactions

/// `hie debug`.
struct DebugCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug",
        abstract: "What somebody else needs to help with a node.",
        discussion: """
            EXAMPLE
              hie debug bundle --out bundle.json
            """,
        subcommands: [Bundle.self])

    struct Bundle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gather how a node is into one JSON file: no secret, no patient, no member of staff.",
            discussion: """
                Version, configuration in force with its origins, the doctor's findings, status, peers, the \
                directory as everybody may see it, certificates by their use and end, the folder's files by \
                name, size and mode, and with --log the last lines of a log. Never a key, a token, an entry, \
                a client's or a user's name. Works while the node is down. Read it before you send it.

                EXAMPLE
                  hie debug bundle --out bundle.json
                  journalctl -u hie -n 2000 -o cat > node.log; hie debug bundle --log node.log --out b.json
                """)

        @Option(help: ArgumentHelp("The file, to be made; - for stdout.", valueName: "file")) var out: String
        @Option(help: ArgumentHelp("A log of the node: its last 2,000 lines go in.", valueName: "file")) var log: String?
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let client = AdminClient(home)
            try client.demandHome()
            let node = NodeHome.here(client.home)
            let status = try? await client.ask(.nodeStatus, seconds: 10)
            var bundle: JSONObject = [
                "made": .string(World.system.now().description), "version": .string(VersionCommand.text),
                "running": .bool(status != nil), "configuration": DebugBundle.configuration(node),
                "doctor": FolderCheckup.findings(node, isRunning: status != nil, world: .system).json,
                "certificates": DebugBundle.certificates(node), "files": DebugBundle.files(node),
            ]
            if status != nil {
                bundle["status"] = status
                for (name, command) in [
                    ("health", AdminCommand.nodeHealth), ("peers", .peerList), ("directory", .directoryList),
                    ("feeds", .feedStatus),
                ] { bundle[name] = try? await client.ask(command, seconds: 20) }
            }
            if let log { bundle["log"] = .array(try DebugBundle.lastLines(of: log).map { .string($0) }) }
            let bytes = JSONWriter.pretty(.object(bundle)) + [UInt8(ascii: "\n")]
            if out == "-" { return terminal.result(bytes: bytes) }
            try LocalFile.write(bytes, to: out)
            if output.json { return terminal.result(["file": .string(out), "bytes": .number(String(bytes.count))]) }
            terminal.result(out)
            terminal.words("\(bytes.count >> 10) KiB; read it before you send it")
        }
    }
}

/// The parts of a bundle that are read from a node's folder.
enum DebugBundle {
    /// Lines of a log that go in.
    static let linesMax = 2000
    private static let lineBytesMax = 4096
    private static let filesMax = 2000

    /// Values with their origins, or every problem; people's names and what names them stay out.
    static func configuration(_ node: NodeHome) -> JSONValue {
        do throws(ExchangeError) {
            let configuration = try NodeConfiguration(of: node)
            var object = JSONObject()
            for (key, value) in configuration.effective where key != "alerts.staff" {
                object[key] = ["value": .string(value), "origin": .string(configuration.origin(key).rawValue)]
            }
            object["alerts.staff"] = ["value": .string("\(configuration.alerts.staff.count) people")]
            return .object(object)
        } catch {
            return ["problems": .array(ConfigCommand.problems(error).map { .string($0) })]
        }
    }

    /// By use and end; clients are people, so they have a number instead of a name.
    static func certificates(_ node: NodeHome) -> JSONValue {
        let all = (try? CertificateInventory.of(node)) ?? []
        let now = World.system.now()
        return .array(
            all.enumerated().map { number, one in
                [
                    "use": .string(one.use.rawValue), "name": .string(one.use == .client ? "client \(number)" : one.name),
                    "validFrom": .string(one.validFrom.description), "validUntil": .string(one.validUntil.description),
                    "revoked": .bool(one.isRevoked), "status": .string(one.finding(now: now).grade.rawValue),
                ]
            })
    }

    /// Names, sizes and modes below the node's folder; never what a file holds, and of clients' folders nothing.
    static func files(_ node: NodeHome) -> JSONValue {
        let manager = FileManager.default
        guard let walk = manager.enumerator(atPath: node.folder.path) else { return [] }
        var rows: [JSONValue] = []
        while let path = walk.nextObject() as? String, rows.count < filesMax {
            guard !path.hasPrefix("clients/"), !path.hasPrefix("store/dead-letters/"),
                let facts = try? manager.attributesOfItem(atPath: node.folder.path + "/" + path)
            else { continue }
            let mode = (facts[.posixPermissions] as? NSNumber)?.intValue ?? 0
            rows.append([
                "path": .string(path), "bytes": .number(String((facts[.size] as? NSNumber)?.int64Value ?? 0)),
                "mode": .string("0" + String(mode, radix: 8)),
            ])
        }
        return .array(rows)
    }

    /// The end of a log, without lines that name a client or a user.
    static func lastLines(of path: String) throws(CommandFailure) -> [String] {
        let text = String(decoding: try LocalFile.read(path, atMost: 256 << 20), as: UTF8.self)
        return text.split(separator: "\n").suffix(linesMax).map { line in
            guard line.utf8.count <= lineBytesMax else { return "(a line of \(line.utf8.count) bytes)" }
            guard var object = (try? JSONReader.read(Array(line.utf8)))?.object else { return "(a line that is no JSON)" }
            // A peer is a community, which everybody may know; a client is a person's or a system's name.
            if let peer = object["peer"]?.string, !peer.hasPrefix("urn:oid:"), CommunityID(peer) == nil { object["peer"] = "(client)" }
            for name in ["client", "user", "address"] where object[name] != nil { object[name] = "(left out)" }
            return String(decoding: JSONWriter.bytes(.object(object)), as: UTF8.self)
        }
    }
}
