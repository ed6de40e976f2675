import ExchangeCore
import HL7v2
import MLLPEndpoint
import Transactions

/// The list `feeds` of `node.yaml`: ports for HL7 v2 messages. Whose identifiers are believed is said here and nowhere else.
enum FeedKeys {
    struct Key {
        let name: String
        let path: WritableKeyPath<FeedSettings, Int>
        let range: ClosedRange<Int>
    }

    static var keys: [Key] {
        [
            Key(name: "frame-bytes", path: \.frameBytesMax, range: 1024...256 << 20),
            Key(name: "connections", path: \.connectionsMax, range: 1...4096),
            Key(name: "idle-seconds", path: \.idleSecondsMax, range: 1...86_400),
            Key(name: "frame-seconds", path: \.frameSecondsMax, range: 1...3600),
            Key(name: "remembered", path: \.rememberedMax, range: 1...TakenMessage.rememberedMax),
            Key(name: "replay-hours", path: \.replayHours, range: 1...8760),
        ]
    }

    /// Feeds of one node at most.
    private static let feedsMax = 16

    /// Reads one feed; nil when it is refused, with the reasons in the section.
    static func read(_ section: inout YAMLReader, among others: [FeedSettings]) -> FeedSettings? {
        let name = section.required("name")
        let isPlain = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        if !isPlain || !(1...32).contains(name.utf8.count) {
            section.refuse("name", "must be 1 to 32 lower-case letters, digits and hyphens")
        }
        if others.contains(where: { $0.name == name }) { section.refuse("name", "is another feed's, too") }
        if others.count >= feedsMax { section.refuse("name", "is one feed too many: at most \(feedsMax)") }
        let address = NodeConfiguration.Address(section.required("listen"))
        if address == nil { section.refuse("listen", "must be HOST:PORT, such as 127.0.0.1:2575") }
        var feed = FeedSettings(name: name, host: address?.host ?? "", port: address?.port ?? 0, clients: nil)
        feed.clients = clients(&section, address)
        readMessages(&section, &feed)
        feed.isSequenced = section.flag("sequence") ?? false
        feed.authorities = authorities(&section)
        for key in keys {
            if let value = section.integer(key.name, in: key.range) { feed[keyPath: key.path] = value }
        }
        return address == nil ? nil : feed
    }

    /// Who may send: certificates by their names, or in clear from this machine alone.
    private static func clients(_ section: inout YAMLReader, _ address: NodeConfiguration.Address?) -> Set<String>? {
        let isClear = section.flag("in-clear") ?? false
        let names = section.list("clients")
        if isClear {
            let isLocal = ["127.0.0.1", "::1", "localhost"].contains(address?.host ?? "")
            if !isLocal { section.refuse("in-clear", "is for 127.0.0.1, ::1 and localhost; other senders come with TLS") }
            if !names.isEmpty { section.refuse("clients", "are known by their certificates; not together with in-clear") }
            return nil
        }
        if names.isEmpty {
            section.refuse(
                "clients", "must list the names of the certificates that may send (hie certificate issue --client); "
                    + "or say in-clear: true for a sender on this machine")
        }
        return Set(names)
    }

    private static func readMessages(_ section: inout YAMLReader, _ feed: inout FeedSettings) {
        let types = section.list("messages")
        let known = ReceiverRules.facilityFeed.keys.sorted()
        if !types.allSatisfy(known.contains) { section.refuse("messages", "must be a list of \(known.joined(separator: ", "))") }
        if !types.isEmpty { feed.messages = Set(types) }
        let processing = section.list("processing")
        if !processing.allSatisfy(["P", "T", "D"].contains) { section.refuse("processing", "must be a list of P, T, D (MSH-11)") }
        if !processing.isEmpty { feed.processingIDs = Set(processing) }
        if let text = section.text("character-set") {
            feed.characterSet = HL7CharacterSet(name: text)
            if feed.characterSet == nil {
                section.refuse("character-set", "must be one of ASCII, 8859/1, 8859/15, UNICODE UTF-8 (MSH-18)")
            }
        }
        if let text = section.text("confidentiality") {
            feed.confidentiality = Confidentiality(rawValue: text)
            if feed.confidentiality == nil { section.refuse("confidentiality", "must be one of U, L, M, N, R, V") }
        }
    }

    /// The assigning authorities: `name` as the sender writes it (CX.4.1), `system` as the exchange knows it.
    private static func authorities(_ section: inout YAMLReader) -> AssigningAuthorities {
        var table = AssigningAuthorities()
        for var row in section.readers("authorities") {
            let system = row.required("system")
            if PatientIdentifier(system: system, value: "1") == nil || !system.utf8.contains(UInt8(ascii: ":")) {
                row.refuse("system", "must be a URI such as urn:oid:1.3.6.1.4.1.21367.2026.10.1")
            }
            if let name = row.text("name") {
                if table.byNamespace.updateValue(system, forKey: name) != nil { row.refuse("name", "stands twice") }
            } else {
                table.universal.insert(system)
            }
            section.take(row)
        }
        if let system = section.text("otherwise") {
            table.otherwise = system
            if PatientIdentifier(system: system, value: "1") == nil || !system.utf8.contains(UInt8(ascii: ":")) {
                section.refuse("otherwise", "must be a URI: whose the identifiers are that name no authority")
            }
        }
        if table == AssigningAuthorities() {
            section.refuse("authorities", "must name whose identifiers are believed: a list of name and system")
        }
        return table
    }

    static func effective(_ feeds: [FeedSettings]) -> [(key: String, value: String)] {
        guard !feeds.isEmpty else { return [("feeds", "none")] }
        return feeds.flatMap { feed -> [(key: String, value: String)] in
            let table = feed.authorities
            let believed = table.byNamespace.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + table.universal.sorted()
            let rows = [
                ("listen", "\(feed.host):\(feed.port)"),
                ("clients", feed.clients.map { $0.sorted().joined(separator: ", ") } ?? "in clear"),
                ("messages", feed.messages.sorted().joined(separator: ", ")),
                ("processing", feed.processingIDs.sorted().joined(separator: ", ")),
                ("authorities", believed.joined(separator: ", ")), ("otherwise", table.otherwise ?? "refused"),
                ("confidentiality", feed.confidentiality?.rawValue ?? "restricted"),
                ("sequence", String(feed.isSequenced)),
            ]
            return (rows + keys.map { ($0.name, String(feed[keyPath: $0.path])) }).map { ("feeds.\(feed.name)." + $0.0, $0.1) }
        }
    }
}
