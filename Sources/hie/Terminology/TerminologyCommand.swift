import ArgumentParser
import ExchangeCore
import JSON
import Storage
import Terminology

/// `hie terminology`.
struct TerminologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terminology",
        abstract: "Code systems: import publishers' releases, look codes up, check them.",
        discussion: """
            Needs no running node. No publisher's content ships with the program: bring the file, as \
            its publisher gives it. Releases lie side by side; the one in force on a code's day is asked.

            EXAMPLE
              hie terminology import icd10cm-order-2026.txt --system icd-10-cm \\
                --release 2026 --from 2025-10-01 --until 2026-09-30
              hie terminology list
              hie terminology lookup I50.9 --system icd-10-cm
              hie terminology validate I50.9 --system icd-10-cm --display "Heart failure"
            """,
        subcommands: [TerminologyImportCommand.self, List.self, Lookup.self, Validate.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every release that was imported.",
            discussion: """
                EXAMPLE
                  hie terminology list --json | jq -r '.releases[] | .system + " " + .release'
                """)

        @OptionGroup var terminology: TerminologyOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let tables = try terminology.reading().releases().tables
            if output.json {
                return terminal.result(["releases": .array(tables.map { Wording.json($0.label, count: $0.count) })])
            }
            guard !tables.isEmpty else {
                return terminal.words("no release was imported; see hie terminology import --help")
            }
            var table = Table("SYSTEM", "RELEASE", "FROM", "UNTIL", "CODES", "FILE")
            for one in tables {
                table.add(
                    .init(one.label.title), .init(one.label.version), .init(one.label.from?.description ?? ""),
                    .init(one.label.until?.description ?? ""), .init(String(one.count)), .init(one.label.source))
            }
            terminal.result(table)
        }
    }

    struct Lookup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a release says of a code.",
            discussion: """
                Exits 4 when no release that is in force on the day has the code.

                EXAMPLE
                  hie terminology lookup I50 --system icd-10-cm --below 20
                  hie terminology lookup 18842-5 --system loinc --json
                """)

        @Argument(help: "The code.") var code: String
        @Option(help: "Its code system: icd-10-cm, loinc, ... or a URI.") var system: String
        @Option(help: ArgumentHelp("The day it is used; the newest release otherwise.", valueName: "day")) var on: String?
        @Option(help: ArgumentHelp("List so many of the codes that begin with it, too.", valueName: "count")) var below = 0
        @OptionGroup var terminology: TerminologyOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (0...1000).contains(below) else { throw ValidationError("--below takes 0 to 1000") }
        }

        func run() async throws {
            let terminal = Terminal()
            let uri = try SystemNames.uri(system)
            let releases = try terminology.reading().releases()
            guard let table = releases.release(of: uri, on: try SystemNames.day(on)) else {
                throw CommandFailure(
                    .notFound, "no release of \(CodeSystem(uri: uri)?.title ?? uri) is here for that day",
                    hint: "see hie terminology list, and import one")
            }
            let name = table.label.title + " " + table.label.version
            let children = below > 0 ? try table.below(code, limit: below) : []
            guard let concept = try table.find(code) ?? children.first else {
                throw CommandFailure(.notFound, "\(code) does not exist in \(name)", hint: "check the code, or its day")
            }
            let isFound = try table.find(code) != nil
            if output.json {
                var object: JSONObject = ["release": Wording.json(table.label, count: table.count)]
                object["concept"] = isFound ? Wording.json(concept) : nil
                if below > 0 { object["below"] = .array(children.map(Wording.json)) }
                return terminal.result(.object(object))
            }
            if isFound {
                var facts = Facts()
                facts.add("code", concept.code, .heading)
                facts.add("name", concept.display)
                for other in concept.displays.dropFirst() { facts.add("also", other) }
                facts.add("release", name)
                facts.add("from", concept.from?.description)
                facts.add("until", concept.until?.description)
                if !concept.isSelectable { facts.add("heading", "a longer code must be used", .doubtful) }
                if !concept.isActive { facts.add("withdrawn", "choose the code that replaces it", .doubtful) }
                facts.show(on: terminal)
            }
            guard !children.isEmpty else { return }
            var rows = Table("CODE", "NAME")
            for child in children { rows.add(.init(child.code), .init(child.display)) }
            terminal.result(rows)
        }
    }

    struct Validate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check codes: form, existence, day, and whether the name agrees.",
            discussion: """
                Exits 1 when a code is certainly not one to send. Without a release of its system \
                only its form is looked at, and the answer says so.

                EXAMPLE
                  hie terminology validate I50.9 --system icd-10-cm --display "Heart failure"
                  hie terminology validate mg/dL 'mm[Hg]' --system ucum
                """)

        @Argument(help: "The codes, of one system.") var codes: [String]
        @Option(help: "Their code system: icd-10-cm, loinc, ... or a URI.") var system: String
        @Option(help: "The name that stands beside the code; for one code.") var display: String?
        @Option(help: ArgumentHelp("The day they are used; the newest release otherwise.", valueName: "day")) var on: String?
        @OptionGroup var terminology: TerminologyOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard display == nil || codes.count == 1 else { throw ValidationError("--display goes with one code") }
        }

        func run() async throws {
            let terminal = Terminal()
            let uri = try SystemNames.uri(system)
            let day = try SystemNames.day(on)
            let releases = try terminology.reading().releases()
            var isWrong = false
            for code in codes {
                let verdict = try releases.judge(code, system: uri, display: display, on: day)
                if verdict.isWrong { isWrong = true }
                if output.json {
                    var object: JSONObject = [
                        "code": .string(code), "system": .string(uri), "verdict": .string(verdict.name),
                        "wrong": .bool(verdict.isWrong), "message": .string(verdict.sentence),
                    ]
                    object["concept"] = verdict.concept.map(Wording.json)
                    terminal.resultLine(.object(object))
                } else {
                    terminal.result("\(code): \(verdict.name): \(verdict.sentence)", Wording.paint(verdict))
                }
            }
            if isWrong { throw ExitStatus.failed.exit }
        }
    }

    /// Releases, concepts and verdicts as the commands print them.
    enum Wording {
        static func json(_ label: ReleaseLabel, count: Int) -> JSONValue {
            var object: JSONObject = [
                "system": .string(label.system), "title": .string(label.title), "release": .string(label.version),
            ]
            object["from"] = label.from.map { .string($0.description) }
            object["until"] = label.until.map { .string($0.description) }
            object["codes"] = .number(String(count))
            object["file"] = .string(label.source)
            object["sha256"] = .string(label.digest)
            return .object(object)
        }

        static func json(_ concept: Concept) -> JSONValue {
            var object: JSONObject = [
                "code": .string(concept.code), "name": .string(concept.display),
                "also": .array(concept.displays.dropFirst().map { .string($0) }),
                "selectable": .bool(concept.isSelectable), "active": .bool(concept.isActive),
            ]
            object["from"] = concept.from.map { .string($0.description) }
            object["until"] = concept.until.map { .string($0.description) }
            return .object(object)
        }

        static func paint(_ verdict: CodeVerdict) -> Terminal.Paint {
            if verdict.isWrong { return .bad }
            switch verdict {
            case .valid: return .good
            case .otherName, .withdrawn, .formOnly, .unjudged: return .doubtful
            case .heading, .notOnDay, .unknown, .malformed: return .bad
            }
        }
    }
}
