import ExchangeCore
import JSON

/// Says whether an object is the FHIR resource it claims to be (R4, 2.6.2: names, kinds, shapes and cardinality).
///
/// Terminology, references and profiles are judged elsewhere.
struct ResourceValidator {
    private enum Step {
        case name(String)
        case index(Int)
    }

    private var path: [Step] = []
    private var root = ""
    private let types = ElementTables.r4

    /// The type of a valid resource; throws `badRequest` with the path of the first fault.
    static func validate(_ object: JSONObject) throws(ExchangeError) -> String {
        var validator = ResourceValidator()
        return try validator.resource(object)
    }

    /// Whether a value is valid as a datatype, such as `Reference`; throws as `validate` does.
    static func validate(_ value: JSONValue, as datatype: String) throws(ExchangeError) {
        var validator = ResourceValidator()
        validator.root = datatype
        guard let index = validator.types.datatypes[datatype] else {
            throw ExchangeError(.internal, "no such datatype: \(datatype)")
        }
        try validator.complex(value, validator.types.tables[index])
    }

    private mutating func resource(_ object: JSONObject) throws(ExchangeError) -> String {
        guard let value = object["resourceType"] else { throw fault("resourceType is missing") }
        guard let type = value.string else { throw fault("resourceType is not a string") }
        if path.isEmpty { root = ResourceTypes.isName(type) ? type : "Resource" }
        guard Self.isASCII(type), let index = types.resources[type] else {
            guard ResourceTypes.all.contains(type) else { throw fault("unknown resource type \(Self.shown(type))") }
            throw fault("resource type \(type) is not supported here")
        }
        try members(of: object, types.tables[index])
        return type
    }

    private mutating func complex(_ value: JSONValue, _ table: ElementTables.Table) throws(ExchangeError) {
        guard case .object(let object) = value else { throw fault("expected an object") }
        guard !object.members.isEmpty else { throw fault("an empty object; leave the element out") }
        try members(of: object, table)
    }

    private mutating func members(of object: JSONObject, _ table: ElementTables.Table) throws(ExchangeError) {
        var values: UInt64 = 0
        var partners: UInt64 = 0
        for member in object.members {
            if table.isResource, member.name == "resourceType" { continue }
            let isPartner = member.name.utf8.first == UInt8(ascii: "_")
            let name = isPartner ? String(member.name.dropFirst()) : member.name
            path.append(.name(member.name))
            guard Self.isASCII(name), let slot = table.slots[name] else {
                path.removeLast()
                throw fault("unknown element \(Self.shown(member.name))")
            }
            let bit: UInt64 = 1 << UInt64(slot.element)
            if isPartner {
                guard slot.isPrimitive else { throw fault("only primitive elements have a partner with _") }
                try partner(member.value, slot, beside: object[name])
                partners |= bit
                path.removeLast()
                continue
            }
            guard values & bit == 0 else { throw fault("more than one of a choice of types") }
            values |= bit
            try element(member.value, slot, beside: object["_" + name])
            if name == "modifierExtension" { try refuseModifier(member.value) }
            if table.isResource, name == "implicitRules" { throw fault("implicitRules are not supported here") }
            path.removeLast()
        }
        for element in table.required where (values | partners) & (1 << UInt64(element.index)) == 0 {
            throw fault("\(element.name) is missing")
        }
        if table.name == "Extension" { try extensionShape(object, hasValue: (values | partners) & (1 << 3) != 0) }
    }

    private mutating func element(
        _ value: JSONValue, _ slot: ElementTables.Slot, beside partner: JSONValue?,
    ) throws(ExchangeError) {
        guard slot.isArray else { return try single(value, slot.kind) }
        guard case .array(let items) = value else { throw fault("expected an array") }
        guard !items.isEmpty else { throw fault("an empty array; leave the element out") }
        for (index, item) in items.enumerated() {
            path.append(.index(index))
            if case .null = item {
                guard slot.isPrimitive, partner?[index]?.object != nil else {
                    throw fault("null without a partner with _ at the same place")
                }
            } else {
                try single(item, slot.kind)
            }
            path.removeLast()
        }
    }

    private mutating func single(_ value: JSONValue, _ kind: ElementTables.Kind) throws(ExchangeError) {
        switch kind {
        case .complex(let index): try complex(value, types.tables[index])
        case .primitive(let type):
            guard type.accepts(value) else { throw fault("not a valid \(type.rawValue)") }
        case .code(let codes):
            guard let code = value.string, codes.contains(where: { $0.utf8.elementsEqual(code.utf8) }) else {
                throw fault("not one of " + codes.joined(separator: ", "))
            }
        case .resource:
            guard case .object(let object) = value else { throw fault("expected a resource") }
            _ = try resource(object)
        }
    }

    /// `_name`: id and extensions of a primitive, in an array at the places of its values.
    private mutating func partner(
        _ value: JSONValue, _ slot: ElementTables.Slot, beside sibling: JSONValue?,
    ) throws(ExchangeError) {
        guard slot.isArray else { return try complex(value, Self.elementTable) }
        guard case .array(let items) = value, !items.isEmpty else { throw fault("expected an array") }
        if let sibling, sibling.items.count != items.count {
            throw fault("as many items as the element itself has are expected")
        }
        for (index, item) in items.enumerated() {
            path.append(.index(index))
            if case .null = item {
                guard sibling != nil else { throw fault("null without a value at the same place") }
            } else {
                try complex(item, Self.elementTable)
            }
            path.removeLast()
        }
    }

    private func refuseModifier(_ value: JSONValue) throws(ExchangeError) {
        let url = value.items.first?["url"]?.string ?? ""
        throw fault("unknown modifierExtension \(Self.shown(url)); it may not be ignored")
    }

    /// ext-1: a value or extensions, never both.
    private func extensionShape(_ object: JSONObject, hasValue: Bool) throws(ExchangeError) {
        guard hasValue == (object["extension"] == nil) else {
            throw fault("an extension has either a value or extensions")
        }
    }

    private func fault(_ message: String) -> ExchangeError {
        var text = root
        for step in path {
            switch step {
            case .name(let name): text += "." + Self.shown(name)
            case .index(let index): text += "[\(index)]"
            }
        }
        return ExchangeError(.badRequest, message, at: text.isEmpty ? nil : text)
    }

    /// What a message may repeat of the input: printable ASCII, at most 128 bytes of it.
    private static func shown(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(128).map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Names are looked up as strings, and some foreign letters equal ASCII ones to `String`.
    private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    private static let elementTable = ElementTables.partner
}
