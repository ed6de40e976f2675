import ExchangeCore

/// The name of an actor, made ready for being compared with what tokens carry.
struct ActorName: Sendable {
    enum Kind: Sendable { case organization, role, practitioner, treating }

    let kind: Kind
    let name: String
    /// The part after the last `|` or `/`, as tokens may carry only that.
    private let tail: [UInt8]
    /// The role that a standard's code means, where the actor is one.
    private let meant: String?

    init(_ actor: ConsentActor) {
        switch actor {
        case .organization(let name): (kind, self.name) = (.organization, name)
        case .role(let name): (kind, self.name) = (.role, name)
        case .practitioner(let name): (kind, self.name) = (.practitioner, name)
        case .treating: (kind, name) = (.treating, "")
        }
        meant = kind == .role ? UserRole(standard: name)?.rawValue : nil
        tail = Array(name.utf8.split(whereSeparator: Self.isCut).last ?? [])
    }

    /// A permit wants the very name; a deny also takes a name that ends alike.
    func names(_ presented: String, _ effect: ConsentEffect) -> Bool {
        if same(name, presented) || meant.map({ same($0, presented) }) ?? false { return true }
        guard effect == .deny, !tail.isEmpty, presented.utf8.count >= tail.count else { return false }
        let bytes = presented.utf8
        guard bytes.suffix(tail.count).elementsEqual(tail) else { return false }
        return bytes.dropLast(tail.count).last.map(Self.isCut) ?? true
    }

    private static func isCut(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "|") || byte == UInt8(ascii: "/") }
}

/// Identifiers are compared as bytes.
func same(_ left: String, _ right: String) -> Bool {
    // Unequal texts have unequal bytes, which `==` finds out at once; equal texts may still be written otherwise.
    left == right && left.utf8.elementsEqual(right.utf8)
}

/// Whether a text is the URN of an OID, without making one.
func same(_ urn: String, _ oid: OID) -> Bool {
    urn.utf8.count == oid.dotted.utf8.count + 8 && urn.utf8.dropFirst(8).elementsEqual(oid.dotted.utf8)
        && urn.utf8.starts(with: "urn:oid:".utf8)
}
