import ExchangeCore
import JSON
import XML

extension FHIRXML {
    /// A resource as XML; nil for one of a type, or with an element, that the tables do not have.
    package static func bytes(_ resource: JSONObject) -> [UInt8]? {
        var writing = FHIRXMLWriting()
        guard writing.resource(resource, isRoot: true) else { return nil }
        return Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>".utf8) + writing.bytes
    }
}

/// Writes elements in the order of their definition.
struct FHIRXMLWriting {
    private(set) var bytes: [UInt8] = []
    private let types = ElementTables.r4

    /// False when something cannot be written.
    mutating func resource(_ object: JSONObject, isRoot: Bool = false) -> Bool {
        guard let name = object["resourceType"]?.string, let index = types.resources[name] else { return false }
        bytes += Array("<\(name)".utf8)
        if isRoot { bytes += Array(" xmlns=\"\(FHIRXML.namespace)\"".utf8) }
        return content(object, types.tables[index], name)
    }

    /// Attributes, elements and the end of an element that was begun.
    private mutating func content(_ object: JSONObject, _ table: ElementTables.Table, _ name: String) -> Bool {
        var rows: [(element: Int, name: String, slot: ElementTables.Slot)] = []
        for member in object.members where !(table.isResource && member.name == "resourceType") {
            let bare = member.name.hasPrefix("_") ? String(member.name.dropFirst()) : member.name
            guard let slot = table.slots[bare] else { return false }
            if member.name == "id" && !table.isResource || member.name == "url" && table.name == "Extension" {
                guard let text = member.value.string else { return false }
                attribute(member.name, text)
            } else if !rows.contains(where: { $0.name == bare }) {
                rows.append((slot.element, bare, slot))
            }
        }
        guard !rows.isEmpty else {
            bytes += Array("/>".utf8)
            return true
        }
        bytes.append(UInt8(ascii: ">"))
        for row in rows.sorted(by: { $0.element < $1.element }) {
            let (value, partner) = (object[row.name], object["_" + row.name])
            let values = row.slot.isArray ? value?.items ?? [] : [value].compactMap(\.self)
            let partners = row.slot.isArray ? partner?.items ?? [] : [partner].compactMap(\.self)
            for index in 0..<max(values.count, partners.count) {
                let value = values.indices.contains(index) ? values[index] : .null
                let partner = partners.indices.contains(index) ? partners[index].object : nil
                guard element(row.name, row.slot, value, partner) else { return false }
            }
        }
        bytes += Array("</\(name)>".utf8)
        return true
    }

    private mutating func element(
        _ name: String, _ slot: ElementTables.Slot, _ value: JSONValue, _ partner: JSONObject?,
    ) -> Bool {
        switch slot.kind {
        case .primitive(.xhtml):
            guard let text = value.string else { return false }
            bytes += XMLText.wellFormed(text, namespace: FHIRXML.xhtml)
            return true
        case .primitive, .code:
            bytes += Array("<\(name)".utf8)
            if let id = partner?["id"]?.string { attribute("id", id) }
            switch value {
            case .string(let text), .number(let text): attribute("value", text)
            case .bool(let truth): attribute("value", truth ? "true" : "false")
            case .null: break
            case .array, .object: return false
            }
            guard let extensions = partner?["extension"]?.items, !extensions.isEmpty, let index = types.datatypes["Extension"]
            else {
                bytes += Array("/>".utf8)
                return true
            }
            bytes.append(UInt8(ascii: ">"))
            for item in extensions {
                guard let object = item.object else { return false }
                bytes += Array("<extension".utf8)
                guard content(object, types.tables[index], "extension") else { return false }
            }
            bytes += Array("</\(name)>".utf8)
            return true
        case .complex(let index):
            guard let object = value.object else { return false }
            bytes += Array("<\(name)".utf8)
            return content(object, types.tables[index], name)
        case .resource:
            guard let object = value.object else { return false }
            bytes += Array("<\(name)>".utf8)
            guard resource(object) else { return false }
            bytes += Array("</\(name)>".utf8)
            return true
        }
    }

    private mutating func attribute(_ name: String, _ text: String) {
        bytes += Array(" \(name)=\"".utf8)
        XMLText.append(text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}
