/// One element of an XML text with all that is below it (Namespaces in XML 1.0); comments and instructions are dropped.
package struct XMLElement: Hashable, Sendable {
    private let names: XMLName
    /// The namespace's URI; empty for none.
    package var namespace: String { names.namespace }
    /// The local name.
    package var name: String { names.local }
    /// The attributes in order; declarations of namespaces are not among them.
    package let attributes: [XMLAttribute]
    /// Elements and texts in order; neighbouring texts are one.
    package let children: [XMLNode]
    /// The offset of the start tag's first byte in the bytes that were read.
    package var offset: Int { Int(place) }
    /// Half a word, so that a node of a tree takes four.
    private let place: UInt32

    /// An element from its parts.
    package init(
        namespace: String = "", name: String, attributes: [XMLAttribute] = [], children: [XMLNode] = [],
        offset: Int = 0,
    ) {
        self.init(XMLName(namespace: namespace, local: name), attributes, children, offset: offset)
    }

    init(_ names: XMLName, _ attributes: [XMLAttribute], _ children: [XMLNode], offset: Int) {
        self.names = names
        self.attributes = attributes
        self.children = children
        place = UInt32(clamping: offset)
    }

    /// The child elements in order.
    package var elements: [XMLElement] {
        children.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    /// The first child element of that name in this element's namespace.
    package func first(_ name: String) -> XMLElement? {
        for case .element(let child) in children where child.isNamed(name, in: namespace) { return child }
        return nil
    }

    /// All child elements of that name in this element's namespace.
    package func all(_ name: String) -> [XMLElement] {
        var found: [XMLElement] = []
        for case .element(let child) in children where child.isNamed(name, in: namespace) { found.append(child) }
        return found
    }

    /// The first element along a path of names, each the first of its name, all in this element's namespace.
    package func path(_ names: String...) -> XMLElement? {
        var element: XMLElement? = self
        for name in names { element = element?.first(name) }
        return element
    }

    /// The value of an attribute; without a namespace unless one is named.
    package func attribute(_ name: String, namespace: String = "") -> String? {
        for attribute in attributes where Self.same(attribute.name, name) && Self.same(attribute.namespace, namespace) {
            return attribute.value
        }
        return nil
    }

    /// All text below this element, joined in document order.
    package var text: String {
        var joined = ""
        collectText(into: &joined)
        return joined
    }

    private func collectText(into joined: inout String) {
        for child in children {
            switch child {
            case .text(let text): joined += text
            case .element(let element): element.collectText(into: &joined)
            }
        }
    }

    private func isNamed(_ name: String, in namespace: String) -> Bool {
        Self.same(self.name, name) && Self.same(self.namespace, namespace)
    }

    /// Equality of bytes. Strings that are equal though spelled otherwise differ in length: a name asked for is ASCII.
    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left == right
    }
}

/// One attribute of an element.
package struct XMLAttribute: Hashable, Sendable {
    private let names: XMLName
    /// The namespace's URI; empty for none, which is the rule.
    package var namespace: String { names.namespace }
    /// The local name.
    package var name: String { names.local }
    /// The normalised value.
    package let value: String

    /// An attribute from its parts.
    package init(namespace: String = "", name: String, value: String) {
        self.init(XMLName(namespace: namespace, local: name), value: value)
    }

    init(_ names: XMLName, value: String) {
        self.names = names
        self.value = value
    }
}

/// What an element contains.
package enum XMLNode: Hashable, Sendable {
    case element(XMLElement)
    case text(String)
}
