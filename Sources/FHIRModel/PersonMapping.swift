import ExchangeCore
import JSON

/// `Identifier` <-> `PatientIdentifier`.
extension PatientIdentifier {
    /// An `Identifier` with system and value; nil when either is missing or not printable ASCII.
    package init?(identifier: JSONValue?) {
        guard let system = identifier?["system"]?.string, let value = identifier?["value"]?.string else { return nil }
        self.init(system: system, value: value)
    }

    /// As `Identifier`.
    package var identifierJSON: JSONValue { ["system": .string(system), "value": .string(value)] }
}

/// `HumanName` <-> `PersonName`.
extension PersonName {
    /// A `HumanName`; nil when it has neither a family nor a given name. `text` alone stands for the family name.
    package init?(humanName: JSONValue?) {
        let given = (humanName?["given"]?.items ?? []).compactMap(\.string)
        let family = humanName?["family"]?.string
        let text = given.isEmpty ? humanName?["text"]?.string : nil
        guard family != nil || text != nil || !given.isEmpty else { return nil }
        let suffixes = (humanName?["suffix"]?.items ?? []).compactMap(\.string)
        self.init(
            family: family ?? text ?? "", given: given,
            suffix: suffixes.isEmpty ? nil : suffixes.joined(separator: " "))
    }

    /// As `HumanName`.
    package var humanName: JSONValue {
        var object = JSONObject()
        if !family.isEmpty { object["family"] = .string(family) }
        let given = given.filter { !$0.isEmpty }
        if !given.isEmpty { object["given"] = .array(given.map(JSONValue.string)) }
        if let suffix, !suffix.isEmpty { object["suffix"] = .array([.string(suffix)]) }
        return .object(object)
    }
}

/// `Address` <-> `PostalAddress`.
extension PostalAddress {
    /// An `Address`; nil when it says nothing we keep. `text` alone stands for the lines.
    package init?(address: JSONValue?) {
        var lines = (address?["line"]?.items ?? []).compactMap(\.string)
        if lines.isEmpty, address?["city"] == nil, let text = address?["text"]?.string { lines = [text] }
        self.init(
            lines: lines, city: address?["city"]?.string, state: address?["state"]?.string,
            postalCode: address?["postalCode"]?.string, country: address?["country"]?.string)
        guard !lines.isEmpty || city != nil || state != nil || postalCode != nil || country != nil else { return nil }
    }

    /// As `Address`.
    package var addressJSON: JSONValue {
        var object = JSONObject()
        let lines = lines.filter { !$0.isEmpty }
        if !lines.isEmpty { object["line"] = .array(lines.map(JSONValue.string)) }
        for (name, value) in [("city", city), ("state", state), ("postalCode", postalCode), ("country", country)] {
            if let value, !value.isEmpty { object[name] = .string(value) }
        }
        return .object(object)
    }
}
