/// What elements a type has, parsed once from the tables beside this file.
///
/// One entry a type: `Name@K element:type...`, continued on lines that begin with blanks. K is `D` DomainResource,
/// `R` Resource, `B` BackboneElement or `E` Element, whose elements the type inherits. A type is a primitive or complex
/// one, `.Path` for an element defined within a resource, `=a|b` for a code of that list, `a|b` for a choice
/// (`value[x]`), `open` for any datatype. Then `!` for exactly one, `*` for any number, `+` for at least one; nothing
/// for at most one.
struct ElementTables: Sendable {
    /// What may stand where an element of a type is.
    enum Kind: Sendable {
        case primitive(Primitive)
        case code([String])
        case complex(Int)
        case resource
    }

    /// What a JSON member's name means.
    struct Slot: Sendable {
        let kind: Kind
        /// The element's index in its table; alternatives of a choice share one.
        let element: Int
        let isArray: Bool
    }

    /// One type.
    struct Table: Sendable {
        let name: String
        let slots: [String: Slot]
        /// Elements that must be there: index and name.
        let required: [(index: Int, name: String)]
        let isResource: Bool
    }

    /// All types, in the order of the tables.
    let tables: [Table]
    /// Resource types by name.
    let resources: [String: Int]
    /// Datatypes by name.
    let datatypes: [String: Int]

    static let r4 = ElementTables(
        [DatatypeTables.text, DirectoryTables.text, DocumentTables.text, ExchangeTables.text, SubscriptionTables.text, ConformanceTables.text])

    /// Quantities by other names (R4, 2.24.0.7).
    private static let aliases = ["Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity"]
    private static let inherited: [String: String] = [
        "E": "id:string extension:Extension*",
        "B": "id:string extension:Extension* modifierExtension:Extension*",
        "R": "id:id meta:Meta implicitRules:uri language:code",
        "D": "id:id meta:Meta implicitRules:uri language:code text:Narrative contained:Resource* extension:Extension*"
            + " modifierExtension:Extension*",
    ]
    /// The types of an open choice (R4, 2.24.0.15).
    private static let open =
        "base64Binary|boolean|canonical|code|date|dateTime|decimal|id|instant|integer|markdown|oid|positiveInt|string"
        + "|time|unsignedInt|uri|url|uuid|Address|Age|Annotation|Attachment|CodeableConcept|Coding|ContactPoint|Count"
        + "|Distance|Duration|HumanName|Identifier|Money|Period|Quantity|Range|Ratio|Reference|SampledData|Signature"
        + "|Timing|ContactDetail|Contributor|DataRequirement|Expression|ParameterDefinition|RelatedArtifact"
        + "|TriggerDefinition|UsageContext|Dosage|Meta"

    init(_ texts: [String]) {
        var entries: [(name: String, kind: String, elements: [Substring])] = []
        for line in texts.joined(separator: "\n").split(separator: "\n") {
            var words = line.split(separator: " ")
            if !line.hasPrefix(" ") {
                let head = words.removeFirst().split(separator: "@")
                entries.append((String(head[0]), String(head[1]), []))
            }
            entries[entries.count - 1].elements += words
        }
        var indices: [String: Int] = [:]
        for (index, entry) in entries.enumerated() { indices[entry.name] = index }
        for alias in Self.aliases { indices[alias] = indices["Quantity"] }
        tables = entries.map { entry in
            let own = (Self.inherited[entry.kind] ?? "").split(separator: " ") + entry.elements
            return Self.table(entry.name, own, isResource: entry.kind == "D" || entry.kind == "R", indices)
        }
        let kinds = entries.map { $0.kind == "D" || $0.kind == "R" }
        resources = indices.filter { kinds[$0.value] }
        datatypes = indices.filter { !kinds[$0.value] && !$0.key.contains(".") }
    }

    private static func table(
        _ name: String, _ elements: [Substring], isResource: Bool, _ indices: [String: Int],
    ) -> Table {
        var slots: [String: Slot] = [:]
        var required: [(index: Int, name: String)] = []
        precondition(elements.count <= 64, "more elements than a mask has bits: \(name)")
        for (index, element) in elements.enumerated() {
            let cut = element.split(separator: ":", maxSplits: 1)
            precondition(cut.count == 2, "an element without a type in the table of \(name)")
            var type = cut[1]
            let mark = type.last.flatMap { "!*+".contains($0) ? $0 : nil }
            if mark != nil { type = type.dropLast() }
            if mark == "!" || mark == "+" { required.append((index, String(cut[0]))) }
            let isArray = mark == "*" || mark == "+"
            let isChoice = cut[0].hasSuffix("[x]")
            let stem = isChoice ? String(cut[0].dropLast(3)) : String(cut[0])
            guard isChoice else {
                slots[stem] = Slot(kind: kind(type, indices), element: index, isArray: isArray)
                continue
            }
            for alternative in (type == "open" ? Substring(open) : type).split(separator: "|") {
                let capital = alternative.prefix(1).uppercased() + alternative.dropFirst()
                slots[stem + capital] = Slot(kind: kind(alternative, indices), element: index, isArray: isArray)
            }
        }
        return Table(name: name, slots: slots, required: required, isResource: isResource)
    }

    private static func kind(_ type: Substring, _ indices: [String: Int]) -> Kind {
        if type.hasPrefix("=") { return .code(type.dropFirst().split(separator: "|").map(String.init)) }
        if type == "Resource" { return .resource }
        if let primitive = Primitive(rawValue: String(type)) { return .primitive(primitive) }
        guard let index = indices[String(type.hasPrefix(".") ? type.dropFirst() : type)] else {
            preconditionFailure("the tables name a type they do not have: \(type)")
        }
        return .complex(index)
    }
}

extension ElementTables {
    /// What a primitive's partner (`_birthDate`) may have.
    static let partner = Table(
        name: "Element",
        slots: [
            "id": Slot(kind: .primitive(.string), element: 0, isArray: false),
            "extension": Slot(kind: .complex(r4.datatypes["Extension"] ?? 0), element: 1, isArray: true),
        ], required: [], isResource: false)
}

extension ElementTables.Slot {
    /// Whether it may have a partner with `_`.
    var isPrimitive: Bool {
        switch kind {
        case .primitive, .code: true
        case .complex, .resource: false
        }
    }
}
