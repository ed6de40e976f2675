import ExchangeCore

extension ConsentRule {
    /// One line that names effect and conditions, such as `deny organisation urn:oid:1.2.3, purpose TREAT`.
    var summary: String {
        var parts = actors.map { actor in
            switch actor {
            case .organization(let name): "organisation " + name
            case .role(let name): "role " + name
            case .practitioner(let name): "user " + name
            case .treating: "whoever treats the patient"
            }
        }
        parts += purposes.map { "purpose " + $0.code }
        parts += classCodes.map { "class " + $0.code }
        parts += typeCodes.map { "type " + $0.code }
        parts += data.map { item in
            switch item {
            case .document(let id): "document \(id)"
            case .uniqueID(let id): "document " + id
            case .author(let name): "author " + name
            case .related(let reference): "anything related to " + reference
            case .unresolvable(let reference): "anything that depends on " + reference
            }
        }
        if let dataPeriod {
            parts.append("care from \(dataPeriod.start?.text ?? "ever") to \(dataPeriod.end?.text ?? "ever")")
        }
        parts += securityLabels.map { "label " + $0.code }
        return parts.isEmpty ? "\(effect.rawValue) everything" : "\(effect.rawValue) " + parts.joined(separator: ", ")
    }
}
