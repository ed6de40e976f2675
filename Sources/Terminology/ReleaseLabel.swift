/// Which release a table holds.
package struct ReleaseLabel: Hashable, Sendable {
    /// The code system's URI.
    package let system: String
    /// The publisher's name for the release, such as `2026` or `2.80`.
    package let version: String
    /// The first day it is in force; nil when it has no beginning.
    package let from: ReleaseDay?
    /// The last day it is in force; nil until the next one.
    package let until: ReleaseDay?
    /// The name of the publisher's file.
    package let source: String
    /// SHA-256 of the publisher's file, in hexadecimal.
    package let digest: String

    /// A label; nil when a part is empty, too long, or has control characters, or the dates are the wrong way round.
    package init?(
        system: String, version: String, from: ReleaseDay? = nil, until: ReleaseDay? = nil, source: String,
        digest: String,
    ) {
        for part in [system, version, source, digest] {
            guard (1...255).contains(part.utf8.count), part.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        }
        if let from, let until, from > until { return nil }
        self.system = system
        self.version = version
        self.from = from
        self.until = until
        self.source = source
        self.digest = digest
    }

    /// Whether it is in force on a day.
    package func covers(_ day: ReleaseDay) -> Bool { (from ?? day) <= day && day <= (until ?? day) }

    /// What people call the system: `ICD-10-CM`, or its URI.
    package var title: String { CodeSystem(uri: system)?.title ?? system }
}
