import ArgumentParser
import ExchangeCore
import ExchangeNode
import Glibc
import JSON

/// `hie demo`.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Watch three facilities exchange a patient's documents: real nodes, real TLS, real kill -9.",
        discussion: """
            Makes a network of three nodes in a folder of its own, starts them on loopback, and plays the whole scene:
            registrations, publishing, a clinician's question, a refusal, an outage, a kill under load, the access log.
            Every step prints the commands with which a person would do the same. Needs nothing installed, touches
            nothing outside its folder, stops what it started. Exits 0 only when every step held.

            EXAMPLE
              hie demo
              hie demo --documents ./my-ccda-files
              hie demo --keep --folder /tmp/exchange
            """)

    @Option(help: ArgumentHelp("The exchange to play (Topology/three-facilities.yaml).", valueName: "file"))
    var topology: String?
    @Option(help: ArgumentHelp("Publish the C-CDA files of this folder in place of the samples.", valueName: "dir"))
    var documents: String?
    @Option(help: ArgumentHelp("Where to make the nodes; a new folder below /tmp when not given.", valueName: "dir"))
    var folder: String?
    @Flag(help: "Leave the nodes running.") var keep = false
    @OptionGroup var settings: SettingOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let teller = DemoTeller(terminal: Terminal(), isJSON: output.json)
        let topology = try Topology(try topologyFile())
        guard let scene = topology.scene else {
            throw CommandFailure(.usage, "the topology tells no scene", hint: "see Topology/three-facilities.yaml")
        }
        let plan =
            try documents.map { try DemoPlan(folder: try Self.folder($0), topology: topology, scene: scene) }
            ?? DemoPlan(samples: topology, scene: scene)
        let place = try makeFolder(for: topology)
        // The commands name files as seen from here, so that they are short and can be typed again.
        guard chdir(place) == 0 else { throw CommandFailure(.failed, "cannot enter \(place)") }
        DemoChildren.watch()
        let stage = try DemoStage(topology: topology, scene: scene, folder: place, plan: plan, settings: settings.set, teller: teller)
        teller.line("Concordat \(Node.version): \(topology.network)", .heading)
        teller.prose("\(topology.communities.count) facilities on this machine, in \(place); commands are typed there.")
        teller.prose("`hie` is \(DemoProcess.executable).")
        await stage.play()
        let outcomes = await stage.outcomes
        let nodes = await stage.nodes
        await stage.close(keeping: keep)
        let summary = DemoSummary(outcomes: outcomes, nodes: nodes, folder: place, scene: scene, isKept: keep)
        summary.tell(on: teller)
        if output.json { teller.terminal.result(await summary.json(of: stage)) }
        guard summary.isHeld else { throw ExitStatus.failed.exit }
    }

    /// A folder's own path, without `..` and links.
    private static func folder(_ path: String) throws(CommandFailure) -> String {
        guard let name = realpath(path, nil) else {
            throw CommandFailure(.notFound, "there is no folder \(path)", hint: "check --documents")
        }
        defer { free(name) }
        return String(cString: name)
    }

    /// The file that was named, else the one of the repository we stand in or were built in.
    private func topologyFile() throws(CommandFailure) -> String {
        if let topology { return LocalFile.absolute(topology) }
        let name = "Topology/three-facilities.yaml"
        let here = LocalFile.absolute(name)
        if LocalFile.exists(here) { return here }
        var parts = DemoProcess.executable.split(separator: "/")
        while !parts.isEmpty {
            parts.removeLast()
            let path = "/" + (parts.map(String.init) + [name]).joined(separator: "/")
            if LocalFile.exists(path) { return path }
        }
        throw CommandFailure(
            .notFound, "there is no \(name) here nor above the program", hint: "name one with --topology")
    }

    /// The demonstration's folder, new or empty, with a path short enough for the administrator's sockets.
    private func makeFolder(for topology: Topology) throws(CommandFailure) -> String {
        let place: String
        if let folder {
            place = LocalFile.absolute(folder)
            guard mkdir(place, 0o700) == 0 || (errno == EEXIST && rmdir(place) == 0 && mkdir(place, 0o700) == 0) else {
                throw CommandFailure(
                    errno == ENOTEMPTY || errno == EEXIST ? .conflict : .failed,
                    "cannot use \(place): \(String(cString: strerror(errno)).lowercased())",
                    hint: "name a folder that is new or empty")
            }
        } else {
            var template = Array(("/tmp/hie-demo-" + String(repeating: "X", count: 6)).utf8CString)
            guard mkdtemp(&template) != nil else { throw CommandFailure(.failed, "cannot make a folder below /tmp") }
            place = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        let longest = topology.communities.map(\.slug.utf8.count).max() ?? 0
        guard place.utf8.count + longest + "//admin.sock".utf8.count < 104 else {
            throw CommandFailure(
                .usage, "the path \(place) is too long for the nodes' sockets", hint: "choose a shorter --folder")
        }
        return place
    }
}
