/// An ISO object identifier in dotted form, such as `1.3.6.1.4.1.21367.2026.10` (ITU-T X.660).
///
/// Holds validated ASCII only, so `==` compares bytes: two spellings of one identifier cannot exist.
package struct OID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The dotted form, 3 to 64 ASCII characters: XDS and FHIR both cap an OID at 64.
    package let dotted: String

    /// Accepts the dotted form or `urn:oid:` followed by it; anything else is nil.
    package init?(_ text: String) {
        let bare = text.utf8.starts(with: "urn:oid:".utf8) ? String(text.dropFirst(8)) : text
        guard Self.isDotted(bare.utf8) else { return nil }
        dotted = bare
    }

    /// The URI form of RFC 3061.
    package var urn: String { "urn:oid:\(dotted)" }

    package var description: String { dotted }

    package static func < (left: OID, right: OID) -> Bool { left.dotted < right.dotted }

    private static func isDotted(_ bytes: String.UTF8View) -> Bool {
        guard (3...64).contains(bytes.count) else { return false }
        var arcs = 0
        for arc in bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard let first = arc.first, arc.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
            // X.660: an arc has no leading zeros, and the first arc is 0, 1 or 2.
            if first == 0x30 && arc.count > 1 { return false }
            if arcs == 0 && (arc.count != 1 || first > 0x32) { return false }
            arcs += 1
        }
        return arcs >= 2
    }
}

/// The home community identifier of a facility (IHE XCA, `homeCommunityId`).
package struct CommunityID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The identifier itself; on the wire always in its URN form.
    package let oid: OID

    /// A community known by its object identifier.
    package init(oid: OID) { self.oid = oid }

    /// Accepts the dotted or the `urn:oid:` form.
    package init?(_ text: String) {
        guard let oid = OID(text) else { return nil }
        self.oid = oid
    }

    /// `urn:oid:...`, the form of certificates, tokens and FHIR extensions.
    package var urn: String { oid.urn }

    package var description: String { oid.urn }

    package static func < (left: CommunityID, right: CommunityID) -> Bool { left.oid < right.oid }
}
