import XML

/// What the names of one document mean to those who read its body, worked out once for each name: a document says a few hundred
/// names, thousands of times.
struct ElementNames {
    /// What an element of the body is, by its local name.
    enum Kind {
        case section, text, code, value, translation, confidentiality
        /// A clinical statement (CDA R2, clinicalStatement).
        case statement
        case entryRelationship, component
        case route, quantity, product, participant, status, time
        case other
    }

    private struct Known {
        let kind: Kind
        /// The same for one local name, and for one namespace.
        let local: Int
        let space: Int
    }

    private let known: [Known]

    /// The names of the document an element is in.
    init(_ element: XMLElement) {
        var locals: [String: Int] = [:]
        var spaces: [String: Int] = [:]
        known = element.ofEachName { local, space in
            Known(
                kind: Self.kind(local), local: Self.number(local, &locals), space: Self.number(space, &spaces))
        }
    }

    func kind(of element: XMLElement) -> Kind { known[element.nameNumber].kind }

    /// A number for the local name: elements of one name have one number, others another.
    func local(of element: XMLElement) -> Int { known[element.nameNumber].local }

    /// Whether two elements are of one namespace.
    func areOfOneNamespace(_ one: XMLElement, _ other: XMLElement) -> Bool {
        known[one.nameNumber].space == known[other.nameNumber].space
    }

    private static func number(_ text: String, _ numbers: inout [String: Int]) -> Int {
        if let known = numbers[text] { return known }
        numbers[text] = numbers.count
        return numbers.count - 1
    }

    private static func kind(_ local: String) -> Kind {
        switch local {
        case "section": .section
        case "text": .text
        case "code": .code
        case "value": .value
        case "translation": .translation
        case "confidentialityCode": .confidentiality
        case "act", "observation", "substanceAdministration", "supply", "procedure", "encounter", "organizer": .statement
        case "entryRelationship": .entryRelationship
        case "component": .component
        case "routeCode": .route
        case "doseQuantity", "rateQuantity": .quantity
        case "consumable", "product": .product
        case "participant": .participant
        case "statusCode": .status
        case "effectiveTime": .time
        default: .other
        }
    }
}
