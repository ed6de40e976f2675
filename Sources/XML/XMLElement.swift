/// One element of an XML text with all that is below it (Namespaces in XML 1.0); comments and instructions are dropped.
package struct XMLElement: Sendable {
    let nodes: XMLNodes
    let place: Int

    private var node: XMLNodes.Node { nodes[place] }
    /// The namespace's URI; empty for none.
    package var namespace: String { nodes.name(of: place).namespace }
    /// The local name.
    package var name: String { nodes.name(of: place).local }
    /// The attributes in order; declarations of namespaces are not among them.
    package var attributes: XMLAttributes {
        XMLAttributes(nodes: nodes, range: Int(node.attributes)..<Int(nodes[place + 1].attributes))
    }
    /// Elements and texts in order; neighbouring texts are one.
    package var children: XMLChildren { XMLChildren(nodes: nodes, startIndex: place + 1, endIndex: Int(node.end)) }
    /// The child elements in order.
    package var elements: XMLElements { XMLElements(nodes: nodes, below: place) }
    /// Where the name stands among the names of its text: a number is one name, though one name may have several.
    package var nameNumber: Int { Int(node.name) }
    /// The offset of the start tag's first byte in the bytes that were read.
    package var offset: Int { Int(node.offset) }
    /// All text below this element, joined in document order.
    package var text: String { nodes.text(of: place) }

    /// Whether anything but white space stands between the elements right below.
    package var hasWords: Bool { nodes.hasWords(between: children) }

    /// The first child element of that name in this element's namespace.
    package func first(_ name: String) -> XMLElement? {
        nodes.child(of: place, from: place + 1, named: name).map { XMLElement(nodes: nodes, place: $0) }
    }

    /// All child elements of that name in this element's namespace.
    package func all(_ name: String) -> [XMLElement] {
        var found: [XMLElement] = []
        var from = place + 1
        while let child = nodes.child(of: place, from: from, named: name) {
            found.append(XMLElement(nodes: nodes, place: child))
            from = Int(nodes[child].end)
        }
        return found
    }

    /// The first element along a path of names, each the first of its name, all in this element's namespace.
    package func path(_ names: String...) -> XMLElement? {
        var element: XMLElement? = self
        for name in names { element = element?.first(name) }
        return element
    }

    /// What something makes of each name of the whole text, by its number.
    package func ofEachName<Value>(_ make: (_ local: String, _ namespace: String) -> Value) -> [Value] {
        nodes.names.map { make($0.local, $0.namespace) }
    }

    /// Calls with each child element in order: no iterator is made, which for most elements costs more than what they hold.
    package func forEachElement(_ body: (XMLElement) -> Void) {
        let end = Int(node.end)
        var place = place + 1
        while place < end {
            let child = nodes[place]
            if !child.isText { body(XMLElement(nodes: nodes, place: place)) }
            place = Int(child.end)
        }
    }

    /// Calls with this element and every one below it in document order; what is below one is passed over when the call is false.
    package func walk(_ visit: (XMLElement) -> Bool) {
        let end = Int(node.end)
        var place = place
        while place < end {
            let next = nodes[place]
            let isOver = next.isText || !visit(XMLElement(nodes: nodes, place: place))
            place = isOver ? Int(next.end) : place + 1
        }
    }

    /// The value of an attribute; without a namespace unless one is named.
    package func attribute(_ name: String, namespace: String = "") -> String? {
        nodes.attribute(of: place, named: name, in: namespace).map(nodes.value)
    }
}

/// One attribute of an element.
package struct XMLAttribute: Sendable {
    let nodes: XMLNodes
    let place: Int

    /// The namespace's URI; empty for none, which is the rule.
    package var namespace: String { nodes.name(ofAttribute: place).namespace }
    /// The local name.
    package var name: String { nodes.name(ofAttribute: place).local }
    /// The normalised value.
    package var value: String { nodes.value(of: place) }
}

/// What an element contains.
package enum XMLNode: Sendable {
    case element(XMLElement)
    case text(String)
}
