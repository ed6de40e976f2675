import CExpat

/// The tree under construction: what the parser's callbacks write to, and the first limit crossed.
///
/// A value behind a pointer, not an object: callbacks come by the thousand, and nobody else holds it meanwhile.
struct XMLTree {
    private struct Frame {
        let name: XMLName
        let attributes: [XMLAttribute]
        let offset: Int
        var children: [XMLNode] = []
    }

    private let parser: XML_Parser
    private let limits: XMLLimits
    private var open: [Frame] = []
    private var text: [UInt8] = []
    private var nodes = 0
    private var namespaces: NamespaceScope
    private var names = XMLNameCache()
    private var strings = RecurringStrings()
    private(set) var root: XMLElement?
    private(set) var failure: XMLError?

    init(parser: XML_Parser, limits: XMLLimits) {
        self.parser = parser
        self.limits = limits
        namespaces = NamespaceScope(nameBytesMax: limits.nameBytesMax)
    }

    /// Connects the callbacks to a tree, which must stay where it is until the parser is freed.
    static func listen(_ parser: XML_Parser, _ tree: UnsafeMutablePointer<XMLTree>) {
        XML_SetUserData(parser, tree)
        XML_SetElementHandler(
            parser,
            { data, name, attributes in
                guard let tree = data?.assumingMemoryBound(to: XMLTree.self), let name else { return }
                tree.pointee.start(name, attributes)
            },
            { data, _ in data?.assumingMemoryBound(to: XMLTree.self).pointee.end() })
        XML_SetCharacterDataHandler(parser) { data, text, length in
            guard let tree = data?.assumingMemoryBound(to: XMLTree.self), let text, length > 0 else { return }
            tree.pointee.add(UnsafeRawBufferPointer(start: text, count: Int(length)))
        }
        XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
            data?.assumingMemoryBound(to: XMLTree.self).pointee
                .stop("a document type declaration; remove it, entities and DTDs are not read")
        }
    }

    private mutating func stop(_ message: String) {
        guard failure == nil else { return }
        failure = XMLError(message, offset: max(0, Int(XML_GetCurrentByteIndex(parser))))
        XML_StopParser(parser, XML_Bool(XML_FALSE))
    }

    private mutating func start(
        _ name: UnsafePointer<XML_Char>, _ list: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?
    ) {
        guard failure == nil else { return }
        flush()
        guard open.count < limits.depthMax else { return stop("nested deeper than \(limits.depthMax) levels") }
        do throws(NamespaceScope.Fault) {
            let found = Self.attributes(list)
            try namespaces.open(found)
            let (namespace, local) = try namespaces.element(Self.bytes(name))
            guard let attributes = try attributes(found), count() else { return }
            open.append(
                Frame(
                    name: names.name(namespace, local), attributes: attributes,
                    offset: max(0, Int(XML_GetCurrentByteIndex(parser)))))
        } catch { stop(error.rawValue) }
    }

    /// The attributes but declarations; nil where there are too many.
    private mutating func attributes(
        _ found: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)]
    ) throws(NamespaceScope.Fault) -> [XMLAttribute]? {
        guard !found.isEmpty else { return [] }
        var attributes: [XMLAttribute] = []
        attributes.reserveCapacity(min(found.count, limits.attributesMax))
        var qualified: Set<XMLName> = []
        for (name, value) in found {
            guard let (namespace, local) = try namespaces.attribute(name) else { continue }
            guard attributes.count < limits.attributesMax else {
                stop("more than \(limits.attributesMax) attributes of one element")
                return nil
            }
            let name = names.name(namespace, local)
            // Expat knows doubles by their written names; two prefixes may mean the same.
            if !namespace.isEmpty, !qualified.insert(name).inserted { throw .duplicate }
            attributes.append(XMLAttribute(name, value: strings.string(value)))
        }
        return attributes
    }

    private static func attributes(
        _ list: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?
    ) -> [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)] {
        var found: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)] = []
        var at = 0
        while let list, let name = list[at], let value = list[at + 1] {
            found.append((bytes(name), bytes(value)))
            at += 2
        }
        return found
    }

    private static func bytes(_ text: UnsafePointer<XML_Char>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text, count: strlen(text))
    }

    private mutating func end() {
        guard failure == nil else { return }
        flush()
        namespaces.close()
        guard let frame = open.popLast() else { return }
        let element = XMLElement(frame.name, frame.attributes, frame.children, offset: frame.offset)
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(.element(element)) }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        text.append(contentsOf: bytes)
    }

    /// Turns the pieces of text so far into one node.
    private mutating func flush() {
        guard !text.isEmpty else { return }
        defer { text.removeAll(keepingCapacity: text.capacity < 1 << 16) }
        guard !open.isEmpty, count() else { return }
        open[open.count - 1].children.append(.text(String(decoding: text, as: UTF8.self)))
    }

    private mutating func count() -> Bool {
        nodes += 1
        if nodes > limits.nodesMax { stop("more than \(limits.nodesMax) elements and texts") }
        return failure == nil
    }
}
