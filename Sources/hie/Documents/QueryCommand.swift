import ArgumentParser
import ExchangeCore
import ExchangeNode
import FHIRModel
import JSON
import RecordLocation

/// `hie query`.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask every facility for a patient's documents, and see who answered (ITI-119, ITI-67).",
        discussion: """
            Names the patient by the id at this node, by a record number, or by demographics. Waits \
            until every facility has answered, at most --deadline seconds; what is missing then is \
            named, and the exit code is 3.

            --scope known asks the facilities that have had to do with the patient, region those of \
            this node's region too, exhaustive everybody in the directory.

            EXAMPLE
              hie query --as ./dr.brattain 3f0c5c1e-7a2e-4c11-9d3f-0a1b2c3d4e5f
              hie query --as ./dr.brattain 'urn:oid:1.2.3|4711' --since 2025-01-01 --watch
              hie query --as ./dr.brattain --family Quintero --birthdate 1957-03-14
            """)

    @Argument(help: ArgumentHelp("The patient's id at this node, or a record number as SYSTEM|VALUE.", valueName: "patient"))
    var patient: String?
    @OptionGroup(title: "Patient by demographics") var person: PatientFields
    @Option(help: "How far to ask: known, region or exhaustive.") var scope: AskingScope = .region
    @Option(help: ArgumentHelp("Seconds to wait at the most, such as 1.5.", valueName: "seconds")) var deadline = 10.0
    @Option(help: ArgumentHelp("Only documents of this type.", valueName: "system|code")) var type: String?
    @Option(help: ArgumentHelp("Only documents about care from this day on.", valueName: "date")) var since: String?
    @Option(help: ArgumentHelp("Only these facilities, by community id; may be repeated.", valueName: "oid"))
    var community: [String] = []
    @Flag(help: "Say on stderr what each facility answers, as it does.") var watch = false
    @Option(help: ArgumentHelp("Write the node's signed completeness receipt there (a JWS).", valueName: "file"))
    var receipt: String?
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (patient == nil) != person.isEmpty else {
            throw ValidationError("Say which patient: an id, a record number SYSTEM|VALUE, or --family with --birthdate.")
        }
        if patient == nil { try person.demand() }
        guard since.map({ PartialDate($0) != nil }) ?? true else {
            throw ValidationError("--since is a date such as 2026-03-02.")
        }
        guard (0.05...30).contains(deadline) else {
            throw ValidationError("--deadline is a number of seconds from 0.05 to 30.")
        }
        for text in community where CommunityID(text) == nil {
            throw ValidationError("--community is an OID such as 1.3.6.1.4.1.21367.2026.10.")
        }
    }

    func run() async throws {
        let terminal = Terminal()
        let client = try FHIRClient(server)
        let fields = try await fields(client, terminal)
        let limit = Duration.milliseconds(Int(deadline * 1000))
        let pages = try await Progress.during("asking every facility", world: .system, on: terminal) { progress in
            let asked = World.system.uptime()
            var left: Duration { limit - (World.system.uptime() - asked) }
            // One long wait, or many short ones that tell what has come.
            let slice = watch ? Duration.milliseconds(250) : limit
            var page = try await client.begin("/DocumentReference/_search", fields, within: min(slice, limit))
            var told = tell(page, [], since: asked, terminal)
            while left > .zero, let next = try await client.goOn(with: page, within: min(slice, left)) {
                page = next
                told = tell(page, told, since: asked, terminal)
                progress.note("\(told.count) facilities have answered")
            }
            return try await client.pages(behind: page)
        }
        let found = FoundRecord(pages)
        if let receipt {
            guard let signed = found.receipt else {
                throw CommandFailure(.failed, "the node signed no receipt for this answer")
            }
            try LocalFile.write(Array((signed + "\n").utf8), to: receipt)
        }
        found.show(asJSON: output.json, on: terminal)
        if !found.isComplete { throw ExitStatus.partial.exit }
    }

    /// Says what came since it was last said; who has been told of.
    private func tell(_ page: JSONObject, _ told: Set<String>, since asked: Duration, _ terminal: Terminal) -> Set<String> {
        let answered = FoundRecord([page]).communities.filter { $0.answer != "timed-out" }
        if watch {
            let elapsed = (World.system.uptime() - asked).wholeMilliseconds
            for community in answered where !told.contains(community.community) {
                terminal.words("\(elapsed) ms  \(community.sentence)")
            }
        }
        return told.union(answered.map(\.community))
    }

    private func fields(_ client: FHIRClient, _ terminal: Terminal) async throws -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        switch patient {
        case .none: fields.append(("patient", try await PersonMatch.find(person, with: client)))
        case .some(let text) where text.utf8.contains(UInt8(ascii: "|")):
            let identifier = try PatientIdentifier(argument: text)
            fields.append(("patient.identifier", identifier.system + "|" + identifier.value))
        case .some(let text): fields.append(("patient", text))
        }
        fields.append(("status", "current"))
        fields.append(("scope", scope.rawValue))
        if let type { fields.append(("type", type)) }
        if let since { fields.append(("period", "ge" + since)) }
        let communities = community.compactMap { CommunityID($0)?.urn }
        if !communities.isEmpty { fields.append(("targetCommunityIdList", communities.joined(separator: ","))) }
        return fields
    }
}

extension AskingScope: ExpressibleByArgument {}
