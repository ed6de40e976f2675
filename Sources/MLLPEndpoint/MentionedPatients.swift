import ExchangeCore
import HL7v2

/// Whether a refused message is about somebody: asked when a patient is erased.
///
/// A patient is meant by a whole identifier (PID-2, 3, 4; MRG-1, 4) of an authority that is theirs or that nobody can tell:
/// whoever is in doubt is let go, since what was refused can be sent again. A longer number, or the same of another
/// authority, is somebody else's.
package struct MentionedPatients: Sendable {
    private let authorities: [String: AssigningAuthorities]

    /// By the tables of a node's feeds.
    package init(_ feeds: [FeedSettings]) {
        authorities = Dictionary(feeds.map { ($0.name, $0.authorities) }) { first, _ in first }
    }

    /// Whether a message of a feed names a patient by one of these identifiers; read segment by segment, so that a message
    /// that is refused for its form is understood as far as can be.
    package func names(_ identifiers: [PatientIdentifier], in message: [UInt8], of feed: String) -> Bool {
        var head = Array("MSH|^~\\&|".utf8)
        var isAboutSomebody = false
        for line in message.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            if line.starts(with: Array("MSH".utf8)), let found = Self.head(line) { head = found }
            guard let fields = Self.fields[String(decoding: line.prefix(3), as: UTF8.self)] else { continue }
            isAboutSomebody = true
            guard let read = try? MessageReader.read(head + [0x0D] + line), read.segmentCount == 2 else {
                if Self.holds(Array(line), identifiers) { return true }
                continue
            }
            let segment = read.segment(1)
            for element in fields.flatMap({ segment.field($0).repetitions }) where means(element, identifiers, feed) {
                return true
            }
        }
        return isAboutSomebody ? false : Self.holds(message, identifiers)
    }

    /// Where identifiers of patients stand (HL7 v2.8, 3.4.2 and 3.4.10).
    private static let fields = ["PID": [2, 3, 4], "MRG": [1, 4]]

    private func means(_ element: HL7Element, _ identifiers: [PatientIdentifier], _ feed: String) -> Bool {
        let number = element.component(1)
        let text = (try? number.text()).flatMap(\.self) ?? String(decoding: number.bytes, as: UTF8.self)
        let same = identifiers.filter { $0.value.utf8.elementsEqual(text.utf8) }
        guard !same.isEmpty else { return false }
        let parts = (1...3).map { (try? element.component(4).subcomponent($0).text()).flatMap(\.self) }
        let authority = HierarchicDesignator(namespace: parts[0], universalID: parts[1], universalIDType: parts[2])
        guard let system = authorities[feed]?.system(of: authority) ?? authority.uri else { return true }
        return same.contains { $0.system.utf8.elementsEqual(system.utf8) }
    }

    /// MSH with its delimiters; nil when it has none that can be read.
    private static func head(_ line: ArraySlice<UInt8>) -> [UInt8]? {
        guard line.count > 4 else { return nil }
        let field = line[line.startIndex + 3]
        let encoding = line.dropFirst(4).prefix { $0 != field }
        let head = Array(line.prefix(4)) + encoding + [field]
        return (try? MessageReader.read(head + [0x0D])) == nil ? nil : head
    }

    /// Whether a value stands between delimiters, where nobody can tell what it is.
    private static func holds(_ bytes: [UInt8], _ identifiers: [PatientIdentifier]) -> Bool {
        let values = Set(identifiers.map { Array($0.value.utf8) })
        return bytes.split { [0x0D, 0x0A].contains($0) || Array("|^~&".utf8).contains($0) }.contains { values.contains(Array($0)) }
    }
}
