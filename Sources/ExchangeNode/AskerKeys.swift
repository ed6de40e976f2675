import ExchangeCore

/// The list `limits-for` of `node.yaml`: what one user or community may have in place of what everybody may.
enum AskerKeys {
    static let questions = 1...65536
    static let persons = 1...1_000_000

    static func read(_ section: inout YAMLReader, among others: [AskerLimit]) -> AskerLimit? {
        let (user, community) = (section.text("user"), section.text("community"))
        let questions = section.integer("questions", in: questions)
        let persons = section.integer("persons", in: persons)
        guard (user == nil) != (community == nil) else {
            section.refuse("user", "or community says whom it is for: one of the two")
            return nil
        }
        guard questions != nil || persons != nil else {
            section.refuse("questions", "or persons says what it may have")
            return nil
        }
        let asker: AskerLimit.Asker
        if let user {
            if persons != nil { section.refuse("persons", "is for communities: a facility's own users have no such limit") }
            asker = .user(user)
        } else {
            guard let id = CommunityID(community ?? "") else {
                section.refuse("community", "must be an OID such as 1.3.6.1.4.1.21367.2026.10")
                return nil
            }
            asker = .community(id)
        }
        if others.contains(where: { $0.asker == asker }) { section.refuse(user == nil ? "community" : "user", "stands twice") }
        return AskerLimit(asker: asker, questionsMax: questions, personsMax: persons)
    }

    static func effective(_ all: [AskerLimit]) -> [(key: String, value: String)] {
        let rows = all.map { limit in
            let name = switch limit.asker {
            case .user(let name): "user " + name
            case .community(let community): "community " + community.oid.dotted
            }
            return name + (limit.questionsMax.map { ": \($0) questions" } ?? "") + (limit.personsMax.map { ": \($0) persons" } ?? "")
        }
        return [("limits-for", rows.joined(separator: "; "))]
    }

    static let schema = [
        ConfigurationKey("limits-for[].user", .text, "a user or system, as tokens name it, that has limits of its own"),
        ConfigurationKey("limits-for[].community", .text, "or another community, an OID"),
        ConfigurationKey("limits-for[].questions", .integer(questions), "its questions under way at the same time"),
        ConfigurationKey("limits-for[].persons", .integer(persons), "the different people it may ask about in an hour"),
    ]
}
