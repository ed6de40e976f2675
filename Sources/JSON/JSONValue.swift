/// A JSON text as it was written (RFC 8259): member order, decimals digit by digit, nothing dropped, nothing rounded.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The number's own text, such as `1.00`: FHIR's decimals carry their precision.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object in their order; names are unique (a duplicate is refused when read).
package struct JSONObject: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One name and its value.
    package struct Member: Hashable, Sendable {
        /// The member's name.
        package let name: String
        /// The member's value.
        package var value: JSONValue

        /// A member from its name and value.
        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The members in order.
    package private(set) var members: [Member]

    /// An object of members whose names are unique.
    package init(_ members: [Member] = []) { self.members = members }

    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        members = elements.map { Member($0.0, $0.1) }
    }

    /// The value of a name. Setting nil removes the member; setting a new name appends it.
    package subscript(name: String) -> JSONValue? {
        get { members.first { Self.isSame($0.name, name) }?.value }
        set {
            let at = members.firstIndex { Self.isSame($0.name, name) }
            switch (at, newValue) {
            case (let at?, let value?): members[at].value = value
            case (let at?, nil): members.remove(at: at)
            case (nil, let value?): members.append(Member(name, value))
            case (nil, nil): break
            }
        }
    }

    /// Names are compared as bytes; their lengths first, because most differ there.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { .init($0.0, $0.1) }))
    }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }

    /// The member of an object, nil for anything else.
    package subscript(name: String) -> JSONValue? {
        if case .object(let object) = self { object[name] } else { nil }
    }

    /// The element of an array, nil outside it.
    package subscript(index: Int) -> JSONValue? {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil }
    }

    /// The text of a string.
    package var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The value of an integer that fits 64 bits and is written as one.
    package var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }

    /// The truth value.
    package var bool: Bool? { if case .bool(let truth) = self { truth } else { nil } }

    /// The elements of an array; empty for anything else.
    package var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }

    /// The members of an object.
    package var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
}
