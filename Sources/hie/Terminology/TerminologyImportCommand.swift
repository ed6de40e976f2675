import ArgumentParser
import Crypto
import ExchangeCore
import ExchangeNode
import JSON
import Storage
import Terminology

/// `hie terminology import`.
struct TerminologyImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take in a publisher's release file as it is.",
        discussion: """
            Forms: order (ICD-10-CM and -PCS order files), hcpcs, loinc (Loinc.csv), rxnconso \
            (RXNCONSO.RRF), cvx (cvx.txt), csv (code,name), fhir (a complete CodeSystem). CPT and \
            UCUM are not imported: of the one only the form may be looked at, the other has a syntax.

            EXAMPLE
              hie terminology import icd10cm-order-2026.txt --system icd-10-cm \\
                --release 2026 --from 2025-10-01 --until 2026-09-30
              hie terminology import Loinc.csv --system loinc --release 2.80
              hie terminology import local.csv --system urn:oid:1.2.3 --release 1 --releases ./codes
            """)

    /// Bytes of one publisher's file at most.
    static let fileBytesMax = 4 << 30

    @Argument(help: "The publisher's file; - reads stdin.") var file: String
    @Option(help: "The code system: icd-10-cm, loinc, ... or a URI.") var system: String
    @Option(help: ArgumentHelp("The publisher's name for the release, such as 2026 or 2.80.", valueName: "name"))
    var release: String
    @Option(help: ArgumentHelp("The first day it is in force.", valueName: "day")) var from: String?
    @Option(help: ArgumentHelp("The last day it is in force.", valueName: "day")) var until: String?
    @Option(help: ArgumentHelp("The file's form; by default what the system's publisher uses.", valueName: "form"))
    var format: String?
    @Flag(help: "Take the place of a release of the same name.") var replace = false
    @OptionGroup var terminology: TerminologyOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard let format else { return }
        guard ReleaseFormat(rawValue: format) != nil else {
            let known = ReleaseFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--format takes one of \(known)")
        }
    }

    func run() async throws {
        let terminal = Terminal()
        let uri = try SystemNames.uri(system)
        let known = CodeSystem(uri: uri)
        guard known?.isImportable != false else {
            throw CommandFailure(
                .usage, "\(known?.title ?? uri) is not imported: only the form of its codes is looked at",
                hint: "hie terminology validate does so without a release")
        }
        let (from, until) = (try SystemNames.day(from), try SystemNames.day(until))
        let folder = try terminology.writing()
        let format = format.flatMap(ReleaseFormat.init) ?? ReleaseFormat(known)
        let (file, release, replace) = (file, release, replace)
        let (label, count) = try await Progress.during("importing", world: .system, on: terminal) { progress in
            let (concepts, digest) = try Self.read(file, format, progress)
            guard
                let label = ReleaseLabel(
                    system: uri, version: release, from: from, until: until, source: Self.source(file), digest: digest)
            else {
                throw CommandFailure(
                    .usage, "the release's name must be a short text, and --from no later than --until",
                    hint: "see hie terminology import --help")
            }
            try folder.add(concepts, label: label, replacing: replace)
            return (label, concepts.count)
        }
        if output.json { return terminal.result(TerminologyCommand.Wording.json(label, count: count)) }
        terminal.result("\(label.title) \(label.version): \(Words.count(count, "code")) imported into \(folder.path)", .good)
    }

    /// The concepts of a file and its SHA-256, in one pass.
    private static func read(_ file: String, _ format: ReleaseFormat, _ progress: Progress)
        throws -> (concepts: [Concept], digest: String)
    {
        var importer = ReleaseImporter(format)
        var hash = SHA256()
        var total = 0
        try LocalFile.pieces(file, atMost: fileBytesMax) { piece throws(CommandFailure) in
            hash.update(data: piece)
            total += piece.count
            progress.note("\(total >> 20) MiB")
            do throws(ExchangeError) { try importer.feed(piece) } catch { throw CommandFailure(error) }
        }
        return (try importer.finish(), Hexadecimal.encode(Array(hash.finalize())))
    }

    /// The file's name without its folder, as far as a label takes it.
    private static func source(_ path: String) -> String {
        guard path != "-", let last = path.split(separator: "/").last else { return "stdin" }
        return String(decoding: last.utf8.prefix(200).map { $0 >= 0x20 && $0 != 0x7F ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
