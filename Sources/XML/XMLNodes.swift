/// A whole text as it was read: nodes, attributes and their bytes, each kind in one array in document order.
///
/// A clinical document has tens of thousands of elements: one by one on the heap, making and freeing them took half of what
/// reading took, and walking them as much again (`hie-bench ingest`). Elements are places in here.
final class XMLNodes: Sendable {
    /// An element or a text; 20 bytes.
    struct Node {
        /// Where its name stands among `names`; `text` for a text.
        var name: UInt32
        /// The first node behind it and everything below it.
        var end: UInt32
        /// How many attributes began before it.
        var attributes: UInt32
        /// How many bytes of text came before it.
        var text: UInt32
        /// The offset of the start tag's first byte in the bytes that were read; 0 for a text.
        var offset: UInt32

        /// The name of what has none.
        static let text = UInt32.max

        var isText: Bool { name == Self.text }
    }

    /// One attribute; 8 bytes.
    struct Attribute {
        /// Where its name stands among `names`.
        var name: UInt32
        /// How many bytes of values came before it.
        var value: UInt32
    }

    /// In document order, and one more behind the last, where everything ends.
    private let all: [Node]
    /// The same.
    let attributes: [Attribute]
    let names: [XMLName]
    /// All text, in document order: what is below an element lies together.
    let text: [UInt8]
    /// All values of attributes.
    let values: [UInt8]

    init(_ all: [Node], attributes: [Attribute], names: [XMLName], text: [UInt8], values: [UInt8]) {
        self.all = all
        self.attributes = attributes
        self.names = names
        self.text = text
        self.values = values
    }

    subscript(place: Int) -> Node { all[place] }

    func name(of node: Int) -> XMLName { names[Int(self[node].name)] }

    func name(ofAttribute attribute: Int) -> XMLName { names[Int(attributes[attribute].name)] }

    /// The first child element from a place on that has a name in its parent's namespace.
    func child(of parent: Int, from start: Int, named name: String) -> Int? {
        let own = self.name(of: parent)
        let end = Int(self[parent].end)
        var place = start
        while place < end {
            if !self[place].isText, self.name(of: place).is(name, beside: own) { return place }
            place = Int(self[place].end)
        }
        return nil
    }

    /// The attribute of an element that has a name.
    func attribute(of element: Int, named name: String, in namespace: String) -> Int? {
        (Int(self[element].attributes)..<Int(self[element + 1].attributes)).first { place in
            self.name(ofAttribute: place).is(name, in: namespace)
        }
    }

    /// The text of a node, or all text below it.
    func text(of node: Int) -> String {
        let here = self[node]
        return String(decoding: text[Int(here.text)..<Int(self[Int(here.end)].text)], as: UTF8.self)
    }

    func hasWords(between children: XMLChildren) -> Bool {
        children.indices.contains { place in
            self[place].isText
                && text[Int(self[place].text)..<Int(self[place + 1].text)].contains { !Self.blanks.contains($0) }
        }
    }

    private static let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]

    func value(of attribute: Int) -> String {
        String(decoding: values[Int(attributes[attribute].value)..<Int(attributes[attribute + 1].value)], as: UTF8.self)
    }
}
