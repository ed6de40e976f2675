import CExpat

/// The tree under construction: what the parser's callbacks write to, and the first limit crossed.
///
/// A value behind a pointer, not an object: callbacks come by the thousand, and nobody else holds it meanwhile.
struct XMLTree {
    /// Between namespace and name in what expat says; it cannot occur in either, since expat refuses such a namespace.
    static let separator: UInt8 = 0x0A

    private struct Frame {
        let namespace: String
        let name: String
        let attributes: [XMLAttribute]
        let offset: Int
        /// Where its children begin among those that wait.
        let firstChild: Int
    }

    private let parser: XML_Parser
    private let limits: XMLLimits
    private var open: [Frame] = []
    /// The children so far of all open elements, the outermost's first: an element takes its own when it ends.
    private var waiting: [XMLNode] = []
    private var text: [UInt8] = []
    private var strings = RecurringStrings()
    private var nodes = 0
    private(set) var root: XMLElement?
    private(set) var failure: XMLError?

    init(parser: XML_Parser, limits: XMLLimits) {
        self.parser = parser
        self.limits = limits
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
        guard let (namespace, local) = split(name) else { return }
        var attributes: [XMLAttribute] = []
        var at = 0
        while let list, at < 2 * limits.attributesMax, list[at] != nil { at += 2 }
        attributes.reserveCapacity(at / 2)
        at = 0
        while let list, let key = list[at], let value = list[at + 1] {
            guard attributes.count < limits.attributesMax else {
                return stop("more than \(limits.attributesMax) attributes of one element")
            }
            guard let (namespace, local) = split(key) else { return }
            attributes.append(XMLAttribute(namespace: namespace, name: local, value: strings.string(Self.bytes(value))))
            at += 2
        }
        guard count() else { return }
        open.append(
            Frame(
                namespace: namespace, name: local, attributes: attributes,
                offset: max(0, Int(XML_GetCurrentByteIndex(parser))), firstChild: waiting.count))
    }

    private mutating func end() {
        guard failure == nil else { return }
        flush()
        guard let frame = open.popLast() else { return }
        let children = Array(waiting[frame.firstChild...])
        waiting.removeLast(children.count)
        let element = XMLElement(
            namespace: frame.namespace, name: frame.name, attributes: frame.attributes, children: children,
            offset: frame.offset)
        if open.isEmpty { root = element } else { waiting.append(.element(element)) }
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
        waiting.append(.text(String(decoding: text, as: UTF8.self)))
    }

    private mutating func count() -> Bool {
        nodes += 1
        if nodes > limits.nodesMax { stop("more than \(limits.nodesMax) elements and texts") }
        return failure == nil
    }

    private mutating func split(_ name: UnsafePointer<XML_Char>) -> (namespace: String, name: String)? {
        let bytes = Self.bytes(name)
        let cut = bytes.lastIndex(of: Self.separator)
        let local = UnsafeRawBufferPointer(rebasing: bytes[(cut.map { $0 + 1 } ?? 0)...])
        guard local.count <= limits.nameBytesMax else {
            stop("a name longer than \(limits.nameBytesMax) bytes")
            return nil
        }
        let namespace = cut.map { strings.string(UnsafeRawBufferPointer(rebasing: bytes[..<$0])) } ?? ""
        return (namespace, strings.string(local))
    }

    /// What ends with a zero byte, without it.
    private static func bytes(_ text: UnsafePointer<XML_Char>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text, count: strlen(text))
    }
}
