/// What an element contains, in order.
package struct XMLChildren: Collection, Sendable {
    let nodes: XMLNodes
    /// Where the first one stands.
    package let startIndex: Int
    /// Where what follows the element stands.
    package let endIndex: Int

    /// Behind a child and everything below it.
    package func index(after place: Int) -> Int { Int(nodes[place].end) }

    /// The element or text at a place.
    package subscript(place: Int) -> XMLNode {
        nodes[place].isText
            ? .text(nodes.text(of: place)) : .element(XMLElement(nodes: nodes, place: place))
    }
}

/// The elements that an element contains, in order; no text is made for those who do not ask for it.
package struct XMLElements: Collection, Sendable {
    let nodes: XMLNodes
    /// Where the first one stands.
    package let startIndex: Int
    /// Where what follows the element stands.
    package let endIndex: Int

    init(nodes: XMLNodes, below place: Int) {
        self.nodes = nodes
        endIndex = Int(nodes[place].end)
        startIndex = Self.next(from: place + 1, to: endIndex, nodes)
    }

    package func index(after place: Int) -> Int { Self.next(from: Int(nodes[place].end), to: endIndex, nodes) }

    /// The element at a place.
    package subscript(place: Int) -> XMLElement { XMLElement(nodes: nodes, place: place) }

    /// Texts are passed over: two never stand side by side.
    private static func next(from place: Int, to end: Int, _ nodes: XMLNodes) -> Int {
        place < end && nodes[place].isText ? place + 1 : place
    }
}

/// The attributes of an element, in order.
package struct XMLAttributes: RandomAccessCollection, Sendable {
    let nodes: XMLNodes
    let range: Range<Int>

    /// Where the first one stands.
    package var startIndex: Int { range.lowerBound }
    /// Where the next element's stand.
    package var endIndex: Int { range.upperBound }

    /// The attribute at a place.
    package subscript(place: Int) -> XMLAttribute { XMLAttribute(nodes: nodes, place: place) }
}
