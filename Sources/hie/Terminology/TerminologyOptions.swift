import ArgumentParser
import ExchangeCore
import ExchangeNode
import FoundationEssentials
import Storage
import Terminology

/// Where the imported releases lie: in a node's folder, or in one of their own.
struct TerminologyOptions: ParsableArguments {
    @OptionGroup var home: HomeOptions

    @Option(
        help: ArgumentHelp(
            "A folder of releases outside any node (HIE_TERMINOLOGY); else DIR/terminology of the node's folder.",
            valueName: "dir"))
    var releases: String?

    /// The folder of its own that is named; nil when the node's is meant.
    private func ownFolder(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
        if let releases { return LocalFile.absolute(releases) }
        guard let named = environment["HIE_TERMINOLOGY"], !named.isEmpty else { return nil }
        return LocalFile.absolute(named)
    }

    /// The folder to read; it need not be there, and then has no release.
    func reading() -> TerminologyFolder {
        TerminologyFolder(ownFolder() ?? NodeHome.here(home.folder()).terminology.path)
    }

    /// The folder to import into; a node's only where one was initialised.
    func writing() throws(CommandFailure) -> TerminologyFolder {
        if let own = ownFolder() { return TerminologyFolder(own) }
        try AdminClient(home).demandHome()
        return reading()
    }
}

/// Names of code systems as people type them.
enum SystemNames {
    /// The URI of a name such as `icd-10-cm`, or of a URI itself. Refuses other words, and names all it knows.
    static func uri(_ text: String) throws(CommandFailure) -> String {
        if let system = CodeSystem(rawValue: text.lowercased()) { return system.uri }
        if text.utf8.contains(UInt8(ascii: ":")) { return text }
        let known = CodeSystem.allCases.map(\.rawValue).joined(separator: ", ")
        throw CommandFailure(.usage, "there is no code system \(text) here", hint: "give a URI, or one of \(known)")
    }

    /// A day, where one is given.
    static func day(_ text: String?) throws(CommandFailure) -> ReleaseDay? {
        guard let text else { return nil }
        guard let day = ReleaseDay(text) else {
            throw CommandFailure(.usage, "\(text) is no day", hint: "write it as 2026-10-01")
        }
        return day
    }
}
