import ExchangeCore
import JSON

/// A `Reference` (FHIR R4, 2.3.0): where it points, literally or by identifier.
package struct FHIRReference: Hashable, Sendable {
    /// What the literal form says.
    package enum Target: Hashable, Sendable {
        /// `#id`: a contained resource.
        case contained(String)
        /// `Type/id`, of this server.
        case relative(type: String, id: String)
        /// `http(s)://server/Type/id`; the base has no slash at its end.
        case absolute(base: String, type: String, id: String)
        /// `urn:uuid:` or `urn:oid:`, as in a Bundle.
        case urn(String)
        /// Anything else.
        case other(String)
    }

    /// The literal form as written.
    package var reference: String?
    /// The type of resource pointed at.
    package var type: String?
    /// The logical identifier.
    package var identifier: PatientIdentifier?
    /// What a person reads.
    package var display: String?

    /// A reference from its parts.
    package init(
        _ reference: String? = nil, type: String? = nil, identifier: PatientIdentifier? = nil, display: String? = nil,
    ) {
        self.reference = reference
        self.type = type
        self.identifier = identifier
        self.display = display
    }

    /// Reads a `Reference`; nil for what is not an object.
    package init?(json: JSONValue?) {
        guard let object = json?.object else { return nil }
        self.init(
            object["reference"]?.string, type: object["type"]?.string,
            identifier: PatientIdentifier(identifier: object["identifier"]), display: object["display"]?.string)
    }

    /// As `Reference`.
    package var json: JSONValue {
        var object = JSONObject()
        if let reference { object["reference"] = .string(reference) }
        if let type { object["type"] = .string(type) }
        if let identifier { object["identifier"] = identifier.identifierJSON }
        if let display { object["display"] = .string(display) }
        return .object(object)
    }

    /// One name for what it points at: `system|value` of its identifier, else the literal form; nil without either.
    package var name: String? { identifier.map { $0.system + "|" + $0.value } ?? reference }

    /// The reference of such a name.
    package init(name: String) {
        let cut = name.utf8.lastIndex(of: UInt8(ascii: "|"))
        let identifier = cut.flatMap { cut in
            PatientIdentifier(system: String(name[..<cut]), value: String(name[name.utf8.index(after: cut)...]))
        }
        self.init(identifier == nil ? name : nil, identifier: identifier)
    }

    /// Where the literal form points; nil without one. A version (`/_history/n`) is left out.
    package var target: Target? { reference.map(Self.target) }

    private static func target(_ text: String) -> Target {
        if text.utf8.first == UInt8(ascii: "#") { return .contained(String(text.dropFirst())) }
        if text.utf8.starts(with: "urn:".utf8) { return .urn(text) }
        var parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count >= 4, parts[parts.count - 2] == "_history" { parts.removeLast(2) }
        guard parts.count >= 2, let id = parts.last.map(String.init), Primitive.id.accepts(.string(id)),
            let type = parts.dropLast().last.map(String.init), ResourceTypes.isName(type)
        else { return .other(text) }
        if parts.count == 2 { return .relative(type: type, id: id) }
        let base = parts.dropLast(2).joined(separator: "/")
        guard base.utf8.starts(with: "http://".utf8) || base.utf8.starts(with: "https://".utf8) else {
            return .other(text)
        }
        return .absolute(base: base, type: type, id: id)
    }
}

/// A `Period`: from the first moment of its start to the last of its end; open where nothing is said.
package struct FHIRPeriod: Hashable, Sendable {
    /// The start, where known.
    package var start: PartialDate?
    /// The end, where known; a date covers its whole day.
    package var end: PartialDate?

    /// A period from its ends.
    package init(start: PartialDate? = nil, end: PartialDate? = nil) {
        self.start = start
        self.end = end
    }

    /// Reads a `Period`; nil for what is not an object.
    package init?(json: JSONValue?) {
        guard let object = json?.object else { return nil }
        self.init(
            start: object["start"]?.string.flatMap { PartialDate($0) },
            end: object["end"]?.string.flatMap { PartialDate($0) })
    }

    /// As `Period`.
    package var json: JSONValue {
        var object = JSONObject()
        if let start { object["start"] = .string(start.text) }
        if let end { object["end"] = .string(end.text) }
        return .object(object)
    }

    /// The first millisecond in it; nil when open.
    package var from: Timestamp? { start?.start }
    /// The first millisecond after it; nil when open.
    package var until: Timestamp? { end?.end }
}
