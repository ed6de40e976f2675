import CExpat

/// The document under construction: what the parser's callbacks write to, and the first limit crossed.
///
/// A value behind a pointer, not an object: callbacks come by the thousand, and nobody else holds it meanwhile.
struct XMLTree {
    private let parser: XML_Parser
    private let limits: XMLLimits
    private var nodes: [XMLNodes.Node] = []
    private var attributes: [XMLNodes.Attribute] = []
    private var text: [UInt8] = []
    private var values: [UInt8] = []
    private var names = XMLNames()
    private var namespaces: NamespaceScope
    /// Where the elements stand that have begun and not ended.
    private var open: [Int] = []
    /// Whether what comes next of text belongs to the last node.
    private var isText = false
    /// The attributes of the element that begins.
    private var found: [Written] = []
    private(set) var failure: XMLError?

    /// An attribute as it is written.
    typealias Written = (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

    /// A tree for a text of so many bytes.
    init(parser: XML_Parser, limits: XMLLimits, bytes count: Int) {
        self.parser = parser
        self.limits = limits
        namespaces = NamespaceScope(nameBytesMax: limits.nameBytesMax)
        // A document has a node in 30 bytes. None has more than two in five (`<a/>x`): doubled three times, this is enough.
        nodes.reserveCapacity(count / 19 + 2)
    }

    /// What was read, whole; nil when there was no element.
    mutating func finish() -> XMLNodes? {
        guard !nodes.isEmpty else { return nil }
        addNode(XMLNodes.Node.text)
        attributes.append(XMLNodes.Attribute(name: 0, value: UInt32(values.count)))
        return XMLNodes(nodes, attributes: attributes, names: names.all, text: text, values: values)
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
        isText = false
        guard open.count < limits.depthMax else { return stop("nested deeper than \(limits.depthMax) levels") }
        collect(list)
        do throws(NamespaceScope.Fault) {
            try namespaces.open(found)
            let (namespace, local) = try namespaces.element(Self.bytes(name))
            guard count() else { return }
            let place = names.place(namespace, local)
            open.append(nodes.count)
            addNode(place, offset: max(0, Int(XML_GetCurrentByteIndex(parser))))
            try addAttributes()
        } catch { stop(error.rawValue) }
    }

    /// The attributes but declarations.
    private mutating func addAttributes() throws(NamespaceScope.Fault) {
        let first = attributes.count
        var (firstQualified, qualified): (UInt32?, Set<XMLName>) = (nil, [])
        for (name, value) in found {
            guard let (namespace, local) = try namespaces.attribute(name) else { continue }
            guard attributes.count - first < limits.attributesMax else {
                return stop("more than \(limits.attributesMax) attributes of one element")
            }
            let place = names.place(namespace, local)
            // Expat knows doubles by their written names; two prefixes may mean the same.
            if !namespace.uri.isEmpty {
                // Most elements have one such attribute or none.
                if let firstQualified {
                    qualified.insert(names.all[Int(firstQualified)])
                    guard qualified.insert(names.all[Int(place)]).inserted else { throw .duplicate }
                }
                firstQualified = firstQualified ?? place
            }
            attributes.append(XMLNodes.Attribute(name: place, value: UInt32(values.count)))
            values.append(contentsOf: value)
        }
    }

    private mutating func collect(_ list: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) {
        found.removeAll(keepingCapacity: true)
        var at = 0
        while let list, let name = list[at], let value = list[at + 1] {
            found.append((Self.bytes(name), Self.bytes(value)))
            at += 2
        }
    }

    private static func bytes(_ text: UnsafePointer<XML_Char>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text, count: strlen(text))
    }

    private mutating func end() {
        guard failure == nil else { return }
        isText = false
        namespaces.close()
        if let place = open.popLast() { nodes[place].end = UInt32(nodes.count) }
    }

    /// A piece of text; pieces that follow each other are one node.
    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil, !open.isEmpty else { return }
        if !isText {
            guard count() else { return }
            addNode(XMLNodes.Node.text)
            isText = true
        }
        text.append(contentsOf: bytes)
    }

    /// A node that begins here, and ends here until more comes.
    private mutating func addNode(_ name: UInt32, offset: Int = 0) {
        nodes.append(
            XMLNodes.Node(
                name: name, end: UInt32(nodes.count + 1), attributes: UInt32(attributes.count), text: UInt32(text.count),
                offset: UInt32(clamping: offset)))
    }

    private mutating func count() -> Bool {
        if nodes.count >= limits.nodesMax { stop("more than \(limits.nodesMax) elements and texts") }
        return failure == nil
    }
}
