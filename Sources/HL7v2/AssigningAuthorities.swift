import ExchangeCore

/// Which assigning authorities a feed may speak for: a default-deny table of local names and universal ids.
package struct AssigningAuthorities: Hashable, Sendable {
    /// URIs by the sender's own name for an authority (`CX.4.1`).
    package var byNamespace: [String: String]
    /// URIs that may come as universal ids (`CX.4.2`).
    package var universal: Set<String>
    /// For identifiers that name no authority at all; nil refuses them.
    package var otherwise: String?

    /// A table; empty, it refuses everything.
    package init(byNamespace: [String: String] = [:], universal: Set<String> = [], otherwise: String? = nil) {
        self.byNamespace = byNamespace
        self.universal = universal
        self.otherwise = otherwise
    }

    /// The authority's URI; nil when the table does not have it. A universal id outranks a name beside it.
    package func system(of authority: HierarchicDesignator) -> String? {
        if authority.isEmpty { return otherwise }
        if authority.universalID != nil {
            guard let uri = authority.uri else { return nil }
            return universal.contains(uri) || byNamespace.values.contains(uri) ? uri : nil
        }
        return authority.namespace.flatMap { byNamespace[$0] }
    }

    /// Identifiers as the exchange keeps them: those of unknown authorities are left out, but one must remain.
    ///
    /// The error names where the first unknown authority stands, never what it says: that may be typed by hand.
    package func identifiers(_ list: [ExtendedIdentifier]) throws(HL7Error) -> [PatientIdentifier] {
        var known: [PatientIdentifier] = []
        var unknown: HL7Position?
        for identifier in list {
            guard let system = system(of: identifier.authority) else {
                unknown = unknown ?? identifier.position
                continue
            }
            guard let kept = PatientIdentifier(system: system, value: identifier.value) else {
                throw HL7Error(
                    .dataType, "an identifier is 1 to 128 printable ASCII characters without blanks",
                    at: identifier.position)
            }
            if !known.contains(kept) { known.append(kept) }
        }
        if known.isEmpty {
            throw HL7Error(
                .unknownKey, "no identifier is of an assigning authority this feed may use; add the authority to its table",
                at: unknown)
        }
        return known
    }
}
