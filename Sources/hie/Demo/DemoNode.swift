import ExchangeCore
import ExchangeNode
import Glibc
import JSON

/// One facility's node in the demonstration.
struct DemoNode: Sendable {
    let facility: Topology.Community
    /// Its folder.
    let home: String
    /// Its ports on loopback.
    let clients: Int
    let peers: Int
    /// Its process, once it was started.
    var process: DemoProcess?

    /// The facility's short name; its folder's name, too.
    var slug: String { facility.slug }
    /// Where it logs to.
    var log: String { home + "/node.log" }

    /// Who acts at this facility: its clinicians, or a system when the topology names nobody.
    var staff: [DemoStaff] {
        let staff = facility.clinicians.map(DemoStaff.init)
        return staff.isEmpty ? [DemoStaff(feedOf: facility)] : staff
    }

    /// Who publishes here: the registrar, else the first; as `--as` takes it.
    var publisher: String { client(staff.first { $0.role == "registrar" } ?? staff[0]) }
    /// Who reads here: the first who treats patients; as `--as` takes it.
    var reader: String { client(staff.first { $0.purpose == "TREAT" } ?? staff[0]) }

    /// A user's folder of certificate, key and token, as `--as` takes it.
    func client(_ person: DemoStaff) -> String { "\(slug)/clients/\(person.user)" }
}

/// Somebody, or some system, that acts at a facility.
struct DemoStaff: Sendable {
    let user: String
    let name: String
    let role: String
    let organization: String
    let purpose: String

    init(_ clinician: Topology.Clinician) {
        user = clinician.user
        name = clinician.name
        role = clinician.role
        organization = clinician.organization
        purpose = clinician.purpose
    }

    /// The system that publishes where the topology names nobody.
    init(feedOf facility: Topology.Community) {
        user = "registry-feed"
        name = "Registry feed"
        role = "system"
        organization = facility.community.urn
        purpose = "HOPERAT"
    }
}

/// A command under way.
struct DemoCommandRun: Sendable {
    let process: DemoProcess
    let out: String
    let errors: String
    let began: Duration

    /// What it printed until now.
    func printed() -> [UInt8] { (try? LocalFile.read(out)) ?? [] }

    /// Waits for its end; a command that takes too long is killed, and that is a failure.
    func transcript(within limit: Duration) async throws -> DemoTranscript {
        guard let end = try await process.ended(within: limit) else {
            process.signal(SIGKILL)
            _ = try await process.ended(within: .seconds(5))
            throw CommandFailure(
                .unreachable, "a command did not end within \(DemoTeller.time(limit))", hint: "see \(errors)")
        }
        let took = World.system.uptime() - began
        let words = String(decoding: (try? LocalFile.read(errors)) ?? [], as: UTF8.self)
        return DemoTranscript(end: end, out: printed(), errors: words, took: took)
    }
}

/// What a command printed, and how it ended.
struct DemoTranscript: Sendable {
    let end: DemoProcess.End
    let out: [UInt8]
    let errors: String
    let took: Duration

    /// The exit code; nil when it was killed.
    var code: Int32? { if case .exited(let code) = end { code } else { nil } }
    /// Whether it ended with 0.
    var isDone: Bool { code == 0 }
    /// The lines of stdout.
    var lines: [String] { String(decoding: out, as: UTF8.self).split(separator: "\n").map(String.init) }
    /// The last line of stderr: why it stopped.
    var complaint: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
    /// The exit code in words, for a check.
    var codeText: String {
        switch end {
        case .exited(let code): "exit code \(code)"
        case .killed(let signal): "killed by signal \(signal)"
        }
    }

    /// The JSON value of stdout; null when it is none.
    var json: JSONValue { (try? JSONReader.read(out, limits: JSONLimits(nodesMax: 5_000_000))) ?? .null }
    /// The JSON values of stdout, one a line; a line cut off in the middle is none.
    var jsonLines: [JSONValue] { Self.jsonLines(out) }

    /// The JSON values of some text, one a line.
    static func jsonLines(_ bytes: [UInt8]) -> [JSONValue] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONReader.read(Array($0)) }
    }

    /// This transcript when the command ended well; else a failure with its own words.
    func demanded(_ deed: String) throws(CommandFailure) -> DemoTranscript {
        guard isDone else {
            let words = complaint.isEmpty ? lines.last ?? "" : complaint
            throw CommandFailure(.failed, "\(deed): \(codeText)\(words.isEmpty ? "" : ": " + words)")
        }
        return self
    }
}

/// The list of documents that `hie document find --json` printed.
struct DemoRecord: Sendable {
    /// One line of the list.
    struct Document: Sendable, Hashable {
        let id: String
        let title: String
        let date: String
        let source: String
        let home: String
        let url: String
        let status: String
    }

    /// One community's answer.
    struct Community: Sendable, Hashable {
        let community: String
        let name: String
        let answer: String
        let sentence: String
    }

    private(set) var documents: [Document] = []
    private(set) var communities: [Community] = []
    private(set) var isComplete = false

    /// Nothing asked yet.
    init() {}

    init(_ json: JSONValue) {
        documents = (json["documents"]?.items ?? []).map {
            Document(
                id: $0.text("id"), title: $0.text("title").isEmpty ? $0.text("type") : $0.text("title"),
                date: $0.text("date"), source: $0.text("source"), home: $0.text("home"), url: $0.text("url"),
                status: $0.text("status"))
        }
        communities = (json["communities"]?.items ?? []).map {
            Community(
                community: $0.text("community"), name: $0.text("name"), answer: $0.text("answer"),
                sentence: $0.text("sentence"))
        }
        isComplete = json["complete"]?.bool == true
    }

    /// The ids of the list.
    var ids: Set<String> { Set(documents.map(\.id)) }

    /// What a facility answered.
    func answer(of facility: Topology.Community) -> Community? {
        communities.first { $0.community == facility.community.urn }
    }
}
