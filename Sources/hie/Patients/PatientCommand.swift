import AdminEndpoint
import ArgumentParser
import ExchangeCore
import FHIRModel
import JSON

/// `hie patient`.
struct PatientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patient",
        abstract: "The patients registered at a facility.",
        discussion: """
            add and show speak to the node as its administrator (--home); find and match \
            speak to it as a clinician, over mutual TLS (--as).

            EXAMPLE
              hie patient add --file patient.json
              hie patient match --as ~/.hie/clients/dr.brattain --file patient.json
            """,
        subcommands: [
            Add.self, Find.self, PatientExplainCommand.self, PatientGoldenCommand.self,
            PatientHistoryCommand.self, PatientImportCommand.self, PatientMatchCommand.self,
            PatientMergeCommand.self, PatientModelCommand.self, PatientReviewCommand.self, Show.self, PatientUndoCommand.self,
            PatientUnlinkCommand.self,
        ])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a patient, or update the registration; prints the patient's id.",
            discussion: """
                The first identifier decides which record is meant. Safe to repeat.

                EXAMPLE
                  hie patient add --file patient.json
                  hie patient add --identifier 'urn:oid:1.2.3|4711' --family Newman \\
                    --given Alice --birth-date 1970-05-01 --sex female
                """)

        @OptionGroup var fields: PatientFields
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try fields.demand() }

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.patientAdd, ["patient": .object(try fields.patient())])
            if output.json { return terminal.result(answer["patient"] ?? .null) }
            terminal.result(answer["patient"].text("id"))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a registration.",
            discussion: """
                EXAMPLE
                  hie patient show 3f0c5c1e-57a5-4f6e-8d5e-0d0c5f9f7a11
                  hie patient show --identifier 'urn:oid:1.2.3|4711' --json
                """)

        @OptionGroup var record: RecordOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await IdentityWay.once(home, .patientShow, try record.arguments())
            guard let patient = answer["patient"]?.object else {
                throw CommandFailure(
                    .failed, "the node's answer is not understood", hint: "compare hie version on both sides")
            }
            if output.json { return terminal.result(.object(patient)) }
            PatientWords.facts(patient).show(on: terminal)
        }
    }

    struct Find: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find patients by identifier (ITI-78).",
            discussion: """
                As a clinician with --as or --server; as the administrator with --home. \
                By demographics: hie patient match.

                EXAMPLE
                  hie patient find --as ./dr.brattain --identifier 'urn:oid:1.2.3|4711'
                """)

        @Option(help: ArgumentHelp("A record number with its authority.", valueName: "system|value"))
        var identifier: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { _ = try PatientIdentifier(argument: identifier) }

        func run() async throws {
            let terminal = Terminal()
            let wanted = try PatientIdentifier(argument: identifier)
            let patients: [JSONValue]
            if home.home != nil {
                let answer = try await AdminClient(home).ask(.patientFind, ["identifier": wanted.argumentJSON])
                patients = answer["patients"]?.items ?? []
            } else {
                let pages = try await FHIRClient(server).search(
                    "/Patient/_search", [("identifier", wanted.system + "|" + wanted.value)])
                patients = pages.flatMap { $0["entry"]?.items ?? [] }.compactMap { $0["resource"] }
                    .filter { $0["resourceType"]?.string == "Patient" }
            }
            if output.json { return terminal.result(["patients": .array(patients)]) }
            var table = Table("ID", "NAME", "BORN", "SEX", "IDENTIFIER")
            for patient in patients.compactMap(\.object) {
                let demographics = PatientMapping.demographics(patient)
                table.add(
                    .init(patient["id"]?.string ?? ""), .init(PatientWords.name(patient)),
                    .init(demographics.birthDate?.text ?? ""), .init(demographics.sex?.rawValue ?? ""),
                    .init(PatientWords.identifier(patient)))
            }
            if table.isEmpty { return terminal.words("nobody of that identifier is registered here") }
            terminal.result(table)
        }
    }
}
