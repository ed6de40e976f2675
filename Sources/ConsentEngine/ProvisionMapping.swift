import ExchangeCore
import FHIRModel
import JSON

/// `Consent.provision` to a rule and back; what a rule cannot say is a doubt with the element's path.
enum ProvisionMapping {
    private static let resourceTypes = "http://hl7.org/fhir/resource-types"
    private static let known: Set<String> = [
        "id", "extension", "type", "period", "actor", "action", "securityLabel", "purpose", "class", "code",
        "dataPeriod",
        "data", "provision",
    ]

    static func rule(_ provision: JSONObject, at path: String, doubts: inout [String]) -> ConsentRule {
        for member in provision.members where !known.contains(member.name) {
            doubts.append("\(path).\(member.name)")
        }
        var rule = ConsentRule(.deny)
        if let effect = provision["type"]?.string.flatMap(ConsentEffect.init(rawValue:)) {
            rule.effect = effect
        } else {
            doubts.append(path + ".type")
        }
        rule.period = period(provision["period"], at: path + ".period", doubts: &doubts)
        rule.dataPeriod = period(provision["dataPeriod"], at: path + ".dataPeriod", doubts: &doubts)
        rule.actors = list(provision, "actor", path, &doubts, ActorMapping.actor)
        rule.purposes = list(provision, "purpose", path, &doubts, code)
        rule.typeCodes = list(provision, "code", path, &doubts) { concept in
            let codes = (concept["coding"]?.items ?? []).map(code)
            return codes.isEmpty || codes.contains(nil) ? nil : codes.compactMap(\.self)
        }.flatMap(\.self)
        rule.data = list(provision, "data", path, &doubts, data)
        rule.securityLabels = list(provision, "securityLabel", path, &doubts, label)
        rule.classCodes = list(provision, "class", path, &doubts, code)
        // Everything here is a document: who names that class names no condition.
        if rule.classCodes.contains(where: { same($0.system, resourceTypes) && same($0.code, "DocumentReference") }) {
            rule.classCodes = []
        }
        for (index, code) in rule.classCodes.enumerated() where same(code.system, resourceTypes) {
            doubts.append("\(path).class[\(index)]")
        }
        // Only looking at documents is decided here: a permit to do something else must not become one.
        if let action = provision["action"] {
            let codes = CodedValue.codings(inConcepts: action).map(\.code)
            if !codes.contains("access") && !codes.contains("disclose") { doubts.append(path + ".action") }
        }
        return rule
    }

    /// Every item of a list, each understood or a doubt; a list that is there but empty or no list is a doubt too.
    private static func list<Item>(
        _ provision: JSONObject, _ name: String, _ path: String, _ doubts: inout [String],
        _ read: (JSONValue) -> Item?,
    ) -> [Item] {
        guard let value = provision[name] else { return [] }
        if value.items.isEmpty { doubts.append("\(path).\(name)") }
        var items: [Item] = []
        for (index, item) in value.items.enumerated() {
            if let item = read(item) { items.append(item) } else { doubts.append("\(path).\(name)[\(index)]") }
        }
        return items
    }

    private static func period(_ json: JSONValue?, at path: String, doubts: inout [String]) -> ConsentPeriod? {
        guard let json else { return nil }
        let ends = ["start", "end"].map { name -> PartialDate? in
            guard let value = json[name] else { return nil }
            guard let date = value.string.flatMap({ PartialDate($0) }) else {
                doubts.append("\(path).\(name)")
                return nil
            }
            return date
        }
        if ends.allSatisfy({ $0 == nil }) { doubts.append(path) }
        if let start = ends[0], let end = ends[1], end.end <= start.start { doubts.append(path) }
        return ConsentPeriod(start: ends[0], end: ends[1])
    }

    /// A code of a stated system; without one nobody knows what it means.
    private static func code(_ json: JSONValue) -> CodedValue? {
        CodedValue(coding: json).flatMap { $0.system.isEmpty || $0.code.isEmpty ? nil : $0 }
    }

    private static func label(_ json: JSONValue) -> CodedValue? {
        guard let code = CodedValue(coding: json) else { return nil }
        if same(code.system, CodeSystems.actCode) { return code }
        guard same(code.system, CodeSystems.confidentiality), Confidentiality(rawValue: code.code) != nil else {
            return nil
        }
        return code
    }

    private static func data(_ json: JSONValue) -> DocumentScope? {
        guard let reference = FHIRReference(json: json["reference"]), let meaning = json["meaning"]?.string else {
            return nil
        }
        switch meaning {
        case "instance":
            if let identifier = reference.identifier, same(identifier.system, ActorMapping.uriSystem) {
                return .uniqueID(identifier.value)
            }
            guard case .relative("DocumentReference", let text)? = reference.target, let id = DocumentID(text) else {
                return nil
            }
            return .document(id)
        case "authoredby":
            return ActorMapping.name(json["reference"], types: ["Practitioner", "Organization"]).map { .author($0) }
        case "related", "dependents":
                        if case .contained? = reference.target { return nil }
            return reference.name.map { meaning == "related" ? .related($0) : .unresolvable($0) }
        default: return nil
        }
    }

    static func json(_ rule: ConsentRule) -> JSONObject {
        var provision: JSONObject = ["type": .string(rule.effect.rawValue)]
        if let period = rule.period { provision["period"] = json(period) }
        func put(_ name: String, _ items: [JSONValue]) {
            if !items.isEmpty { provision[name] = .array(items) }
        }
        put("actor", rule.actors.map(ActorMapping.json))
        put("securityLabel", rule.securityLabels.map(\.coding))
        put("purpose", rule.purposes.map(\.coding))
        put("class", rule.classCodes.map(\.coding))
        put("code", rule.typeCodes.map(\.concept))
        if let period = rule.dataPeriod { provision["dataPeriod"] = json(period) }
        put(
            "data",
            rule.data.map { item in
                switch item {
                case .document(let id):
                    ["meaning": "instance", "reference": ["reference": .string("DocumentReference/\(id)")]]
                case .uniqueID(let id):
                    ["meaning": "instance", "reference": ActorMapping.uriReference(id, type: "DocumentReference")]
                case .author(let name):
                    ["meaning": "authoredby", "reference": ActorMapping.reference(name, type: "Practitioner")]
                case .related(let name): ["meaning": "related", "reference": FHIRReference(name: name).json]
                case .unresolvable(let name): ["meaning": "dependents", "reference": FHIRReference(name: name).json]
                }
            })
        return provision
    }

    private static func json(_ period: ConsentPeriod) -> JSONValue {
        FHIRPeriod(start: period.start, end: period.end).json
    }
}
