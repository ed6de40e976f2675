import ExchangeCore

/// What stands above a document's sections: whom it is about, who wrote it, and when.
enum DocumentHead {
    static func facts(_ document: ClinicalDocument) -> [RenderedDocument.Fact] {
        var facts: [RenderedDocument.Fact] = []
        func add(_ name: String, _ values: [String?]) {
            let said = values.compactMap(\.self).map { ShownText.clean($0) }.filter { !$0.isEmpty }
            if !said.isEmpty { facts.append(.init(name: name, values: said)) }
        }
        let people = document.recordTargets
        add("Patient", people.map { $0.demographics.names.first.map(name) })
        add("Born", people.map { $0.demographics.birthDate?.text })
        add("Sex", people.map { $0.demographics.sex?.rawValue })
        add("Numbers", people.flatMap { $0.identifiers.map(\.value) })
        add("Kind of document", [document.code.flatMap { $0.display ?? $0.code }])
        add("Written", [document.effectiveTime?.text])
        add("Author", document.authors.map(participant))
        add("Signed by", [document.legalAuthenticator.flatMap(participant)])
        add("Kept by", [document.custodian.flatMap(participant)])
        if let encounter = document.encounter {
            add("Stay or visit", [period(encounter.start, encounter.end)])
            add("Facility", [encounter.facilityName ?? encounter.provider?.name])
            add("Went to", [encounter.disposition.flatMap { $0.display ?? $0.code }])
        }
        add("Care", [period(document.serviceEvents.compactMap(\.start).first, document.serviceEvents.compactMap(\.end).first)])
        add("Confidentiality", [document.confidentiality.flatMap { $0.display ?? $0.code }])
        add("Document", [document.uniqueID])
        add("Version", [document.versionNumber.map(String.init)])
        return facts
    }

    private static func name(_ name: PersonName) -> String {
        let given = name.given.joined(separator: " ")
        let family = [name.family, name.suffix].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
        return given.isEmpty ? family : "\(given) \(family)"
    }

    private static func participant(_ participant: Participant) -> String? {
        let parts = [
            participant.person.map(name) ?? participant.device, participant.role.flatMap(\.display),
            participant.organization?.name, participant.time?.text,
        ]
        let said = parts.compactMap(\.self)
        return said.isEmpty ? nil : said.joined(separator: ", ")
    }

    private static func period(_ start: PartialDate?, _ end: PartialDate?) -> String? {
        switch (start, end) {
        case (let start?, let end?): start == end ? start.text : "\(start.text) to \(end.text)"
        case (let start?, nil): "from \(start.text)"
        case (nil, let end?): "until \(end.text)"
        case (nil, nil): nil
        }
    }
}
