import ExchangeCore
import JSON
import XML

/// FHIR's XML form (R4, xml.html) as the same value that JSON gives: read here, then judged by the same validator.
package enum FHIRXML {
    /// The namespace of every element but those of a narrative.
    static let namespace = "http://hl7.org/fhir"
    static let xhtml = "http://www.w3.org/1999/xhtml"
    static let instance = "http://www.w3.org/2001/XMLSchema-instance"

    /// Reads one resource of a type this node knows.
    ///
    /// Throws `badRequest` with the byte offset (not XML, or an element that is not where FHIR has it) or the element's path
    /// (not the resource it says it is); `tooLarge` past a limit of the XML reader.
    package static func read(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) throws(ExchangeError) -> FHIRResource {
        let root: XMLElement
        do throws(XMLError) {
            root = try XMLReader.read(bytes, limits: limits)
        } catch {
            throw ExchangeError(
                bytes.count > limits.bytesMax ? .tooLarge : .badRequest, error.message, at: "byte \(error.offset)")
        }
        return try FHIRResource(validating: FHIRXMLReading().resource(root))
    }
}

/// One pass over the elements, led by the tables: they say what repeats and what is a number.
///
/// What is read may be kept as JSON: it is nested as deep at the most as our reader of JSON goes, objects and arrays both counted.
struct FHIRXMLReading {
    private let types = ElementTables.r4
    private let depthMax = JSONLimits().depthMax

    func resource(_ element: XMLElement, depth: Int = 1) throws(ExchangeError) -> JSONObject {
        guard element.namespace == FHIRXML.namespace else {
            throw fault(element, "a resource is in the namespace \(FHIRXML.namespace)")
        }
        guard let index = types.resources[element.name] else {
            throw fault(element, "a resource type that is not known here")
        }
        var object: JSONObject = ["resourceType": .string(element.name)]
        for member in try complex(element, types.tables[index], depth: depth).members { object[member.name] = member.value }
        return object
    }

    /// An element with elements below it.
    private func complex(_ element: XMLElement, _ table: ElementTables.Table, depth: Int) throws(ExchangeError) -> JSONObject {
        try demand(depth, element)
        var object = JSONObject()
        for attribute in element.attributes where attribute.namespace != FHIRXML.instance {
            // Elements that are attributes in XML: every `id` but a resource's, and an extension's `url`.
            let isURL = attribute.name == "url" && table.name == "Extension"
            guard attribute.namespace.isEmpty, isURL || attribute.name == "id" && !table.isResource else {
                throw fault(element, "an attribute that FHIR does not have there")
            }
            object[attribute.name] = .string(attribute.value)
        }
        var last = -1
        var at = 0
        let children = try elements(of: element)
        while at < children.count {
            let name = children[at].name
            var run: [XMLElement] = []
            while at < children.count, children[at].name == name {
                run.append(children[at])
                at += 1
            }
            guard let slot = table.slots[name], name != "id" || table.isResource, name != "url" || table.name != "Extension" else {
                throw fault(run[0], "an element that FHIR does not have there")
            }
            guard slot.element > last else { throw fault(run[0], "elements stand in the order of their definition") }
            last = slot.element
            guard slot.isArray || run.count == 1 else { throw fault(run[1], "more than one where FHIR has one") }
            try add(run, name, slot, to: &object, depth: depth)
        }
        return object
    }

    private func add(_ run: [XMLElement], _ name: String, _ slot: ElementTables.Slot, to object: inout JSONObject, depth: Int)
        throws(ExchangeError)
    {
        let below = depth + (slot.isArray ? 2 : 1)
        if slot.isArray { try demand(depth + 1, run[0]) }
        var values: [JSONValue] = []
        var partners: [JSONValue] = []
        for element in run {
            let isNarrative = if case .primitive(.xhtml) = slot.kind { true } else { false }
            guard element.namespace == (isNarrative ? FHIRXML.xhtml : FHIRXML.namespace) else {
                throw fault(element, "an element of another namespace")
            }
            var partner: JSONObject?
            switch slot.kind {
            case .primitive(.xhtml): values.append(.string(XMLText.text(of: element)))
            case .primitive(let primitive):
                let read = try self.primitive(element, primitive, depth: below)
                values.append(read.value ?? .null)
                partner = read.partner
            case .code:
                let read = try self.primitive(element, .code, depth: below)
                values.append(read.value ?? .null)
                partner = read.partner
            case .complex(let index): values.append(.object(try complex(element, types.tables[index], depth: below)))
            case .resource:
                let inner = try elements(of: element)
                guard inner.count == 1, element.attributes.isEmpty else { throw fault(element, "holds one resource") }
                values.append(.object(try resource(inner[0], depth: below)))
            }
            partners.append(partner.map { .object($0) } ?? .null)
        }
        let hasValue = values.contains { $0 != .null }
        let hasPartner = partners.contains { $0 != .null }
        if hasValue { object[name] = slot.isArray ? .array(values) : values[0] }
        if hasPartner { object["_" + name] = slot.isArray ? .array(partners) : partners[0] }
    }

    /// `value`, and beside it `id` and extensions, in an object of that depth.
    private func primitive(_ element: XMLElement, _ type: Primitive, depth: Int) throws(ExchangeError)
        -> (value: JSONValue?, partner: JSONObject?)
    {
        var value: JSONValue?
        var partner = JSONObject()
        for attribute in element.attributes where attribute.namespace != FHIRXML.instance {
            switch (attribute.namespace, attribute.name) {
            case ("", "value"): value = try self.value(attribute.value, type, element)
            case ("", "id"): partner["id"] = .string(attribute.value)
            default: throw fault(element, "an attribute that FHIR does not have there")
            }
        }
        var extensions: [JSONValue] = []
        for child in try elements(of: element) {
            guard child.name == "extension", child.namespace == FHIRXML.namespace, let index = types.datatypes["Extension"] else {
                throw fault(child, "a primitive value has extensions below it and nothing else")
            }
            extensions.append(.object(try complex(child, types.tables[index], depth: depth + 2)))
        }
        if !extensions.isEmpty { partner["extension"] = .array(extensions) }
        guard value != nil || !extensions.isEmpty else { throw fault(element, "neither a value nor an extension") }
        guard !partner.members.isEmpty else { return (value, nil) }
        try demand(depth, element)
        return (value, partner)
    }

    private func value(_ text: String, _ type: Primitive, _ element: XMLElement) throws(ExchangeError) -> JSONValue {
        switch type {
        case .boolean:
            guard text == "true" || text == "false" else { throw fault(element, "is true or false") }
            return .bool(text == "true")
        case .integer, .unsignedInt, .positiveInt, .decimal:
            // A number as JSON writes it, digit by digit: what is none is refused here.
            guard let number = try? JSONReader.read(Array(text.utf8)), case .number(let digits) = number else {
                throw fault(element, "is no number")
            }
            return .number(digits)
        case .base64Binary, .canonical, .code, .date, .dateTime, .id, .instant, .markdown, .oid, .string, .time, .uri, .url,
            .uuid, .xhtml:
            return .string(text)
        }
    }

    private func elements(of element: XMLElement) throws(ExchangeError) -> [XMLElement] {
        guard !element.hasWords else { throw fault(element, "text where FHIR has elements; a value is an attribute") }
        return Array(element.elements)
    }

    private func demand(_ depth: Int, _ element: XMLElement) throws(ExchangeError) {
        if depth > depthMax { throw fault(element, "nested deeper than \(depthMax) levels") }
    }

    private func fault(_ element: XMLElement, _ message: String) -> ExchangeError {
        ExchangeError(.badRequest, message, at: "byte \(element.offset)")
    }
}
