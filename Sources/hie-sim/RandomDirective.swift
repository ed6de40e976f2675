import ConsentEngine
import ExchangeCore
import XDSMetadata

/// Consent directives of every shape the engine knows.
enum RandomDirective {
    private static let policies = [
        "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal", "https://profiles.ihe.net/ITI/PCF/Policy-all-normal",
    ]

    /// A directive about a patient and, where it names documents, about these.
    static func make(
        _ chance: inout Chance, patient: PatientID, documents: [DocumentEntry], recorded: Timestamp,
    ) -> ConsentDirective {
        var base = rule(&chance, documents: documents, conditionsMax: chance.oneIn(3) ? 0 : 2)
        if chance.oneIn(8) { base.period = period(&chance) }
        let exceptions = (0..<chance.number(0...3)).map { _ in
            rule(&chance, documents: documents, conditionsMax: 3)
        }
        return ConsentDirective(
            id: .ordered(at: recorded, using: &chance), patient: patient, status: chance.oneIn(10) ? .inactive : .active,
            base: base, exceptions: exceptions, policies: chance.oneIn(6) ? [chance.one(of: policies, or: "")] : [],
            recorded: recorded, doubts: chance.oneIn(25) ? ["Consent.provision.code[0]"] : [])
    }

    private static func rule(_ chance: inout Chance, documents: [DocumentEntry], conditionsMax: Int) -> ConsentRule {
        var rule = ConsentRule(chance.oneIn(2) ? .permit : .deny)
        for _ in 0..<(conditionsMax == 0 ? 0 : chance.number(1...conditionsMax)) {
            switch chance.number(0...6) {
            case 0, 1: rule.actors = actors(&chance)
            case 2: rule.purposes = purposes(&chance)
            case 3: rule.classCodes = chance.some(of: SmallWorld.classes, atMost: 2)
            case 4: rule.typeCodes = chance.some(of: SmallWorld.types, atMost: 2)
            case 5: rule.data = data(&chance, documents)
            default:
                rule.securityLabels = chance.some(
                    of: SmallWorld.confidentialities + SmallWorld.sensitivities, atMost: 2)
            }
        }
        if chance.oneIn(10) { rule.dataPeriod = period(&chance) }
        if chance.oneIn(15) { rule.period = period(&chance) }
        return rule
    }

    private static func actors(_ chance: inout Chance) -> [ConsentActor] {
        let all =
            SmallWorld.organizations.map(ConsentActor.organization) + SmallWorld.roles.map(ConsentActor.role)
            + SmallWorld.users.map(ConsentActor.practitioner) + [.organization("https://x.example/Organization/ward7")]
        return chance.some(of: all, atMost: 3)
    }

    private static func purposes(_ chance: inout Chance) -> [CodedValue] {
        chance.some(of: SmallWorld.purposes, atMost: 2).map { CodedValue(code: $0, system: CodeSystems.actReason) }
    }

    private static func data(_ chance: inout Chance, _ documents: [DocumentEntry]) -> [DocumentScope] {
        var scopes: [DocumentScope] = chance.some(of: documents, atMost: 2).map { document in
            chance.oneIn(2) ? .document(document.id) : .uniqueID(document.uniqueID)
        }
        if chance.oneIn(4) { scopes.append(.author("http://hl7.org/fhir/sid/us-npi|1000000001")) }
        if chance.oneIn(8) { scopes.append(.unresolvable("Encounter/7")) }
        return scopes
    }

    /// Past, present or future; its ends lie days away from when a simulation plays.
    private static func period(_ chance: inout Chance) -> ConsentPeriod {
        let starts = [nil, "2024-01-01", "2025-06-01", "2026-06-01"].map { $0.flatMap { PartialDate($0) } }
        let ends = [nil, "2025-12-31", "2026-01-01", "2027-01-01"].map { $0.flatMap { PartialDate($0) } }
        return ConsentPeriod(start: chance.one(of: starts, or: nil), end: chance.one(of: ends, or: nil))
    }
}
