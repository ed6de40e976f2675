import ExchangeCore
import MLLPEndpoint
import Transactions

/// The list `receivers` of `node.yaml`: who is sent documents as HL7 v2 messages.
enum ReceiverKeys {
    /// Receivers of one node at most.
    private static let receiversMax = 16
    static let hours = 1...8760

    /// Reads one; nil when it is refused, with the reasons in the section.
    static func read(_ section: inout YAMLReader, among others: [ReceiverSettings]) -> ReceiverSettings? {
        let name = section.required("name")
        let isPlain = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        if !isPlain || !(1...32).contains(name.utf8.count) {
            section.refuse("name", "must be 1 to 32 lower-case letters, digits and hyphens")
        }
        if others.contains(where: { $0.name == name }) { section.refuse("name", "is another receiver's, too") }
        if others.count >= receiversMax { section.refuse("name", "is one receiver too many: at most \(receiversMax)") }
        let address = NodeConfiguration.Address(section.required("send"))
        if address == nil { section.refuse("send", "must be HOST:PORT, where the receiver listens") }
        var receiver = ReceiverSettings(
            name: name, host: address?.host ?? "", port: address?.port ?? 0, role: section.required("role"))
        if !receiver.role.isEmpty, !Permissions.findDocuments.includes(receiver.role) {
            section.refuse(
                "role", UserRole(rawValue: receiver.role) == nil
                    ? RoleKeys.unknown(receiver.role) : "may not read documents (hie access roles)")
        }
        readTrust(&section, &receiver, address)
        receiver.application = section.text("application")
        receiver.facility = section.text("facility")
        if let purpose = section.text("purpose") { receiver.purpose = purpose }
        receiver.types = Set(section.list("types"))
        receiver.notFrom = Set(section.list("not-from"))
        if let given = section.integer("give-up-hours", in: hours) { receiver.giveUpHours = given }
        return address == nil ? nil : receiver
    }

    private static func readTrust(
        _ section: inout YAMLReader, _ receiver: inout ReceiverSettings, _ address: NodeConfiguration.Address?,
    ) {
        receiver.authority = section.text("authority")
        receiver.certificate = section.text("certificate")
        receiver.key = section.text("key")
        if (receiver.certificate == nil) != (receiver.key == nil) { section.refuse("certificate", "and key go together") }
        guard section.flag("in-clear") ?? false else {
            if receiver.authority == nil {
                section.refuse(
                    "authority", "names the PEM file of the authority that the receiver is checked against; "
                        + "or say in-clear: true for a receiver on this machine")
            }
            return
        }
        let isLocal = ["127.0.0.1", "::1", "localhost"].contains(address?.host ?? "")
        if !isLocal { section.refuse("in-clear", "is for 127.0.0.1, ::1 and localhost; other receivers are sent to with TLS") }
        if receiver.authority != nil { section.refuse("authority", "is for TLS; not together with in-clear") }
    }

    static func effective(_ receivers: [ReceiverSettings]) -> [(key: String, value: String)] {
        guard !receivers.isEmpty else { return [("receivers", "none")] }
        return receivers.flatMap { receiver in
            [
                ("send", "\(receiver.host):\(receiver.port)"), ("authority", receiver.authority ?? "in clear"),
                ("role", receiver.role), ("purpose", receiver.purpose), ("application", receiver.application ?? ""),
                ("facility", receiver.facility ?? ""),
                ("types", receiver.types.isEmpty ? "all" : receiver.types.sorted().joined(separator: ", ")),
                ("not-from", receiver.notFrom.sorted().joined(separator: ", ")), ("give-up-hours", String(receiver.giveUpHours)),
            ].map { ("receivers.\(receiver.name)." + $0.0, $0.1) }
        }
    }

    static let schema = [
        ConfigurationKey("receivers[].name", .text, "a receiver of documents as HL7 v2 messages", isRequired: true),
        ConfigurationKey("receivers[].send", .address, "where it listens", isRequired: true),
        ConfigurationKey("receivers[].role", .text, "the role by which consent judges it", isRequired: true),
        ConfigurationKey("receivers[].purpose", .text, "the purpose by which consent judges it; TREAT when not stated"),
        ConfigurationKey("receivers[].in-clear", .flag, "without TLS, on this machine alone"),
        ConfigurationKey("receivers[].authority", .text, "PEM file of the authority of its certificate"),
        ConfigurationKey("receivers[].certificate", .text, "PEM file of what this node shows; its own when not stated"),
        ConfigurationKey("receivers[].key", .text, "the key to it"),
        ConfigurationKey("receivers[].application", .text, "MSH-5"),
        ConfigurationKey("receivers[].facility", .text, "MSH-6"),
        ConfigurationKey("receivers[].types", .list, "codes of document types; all when not stated"),
        ConfigurationKey("receivers[].not-from", .list, "feeds that the receiver sends itself"),
        ConfigurationKey(
            "receivers[].give-up-hours", .integer(hours), "after which a document that cannot be delivered is given up"),
    ]
}
