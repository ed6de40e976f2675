import ConsentEngine
import ExchangeCore
import Testing

/// Every pair of provisions of the small world, in every arrangement, against the reference in `SmallWorld`.
struct SmallWorldTests {
    private static let organization = "urn:oid:1.2.3.4"
    private static let requests = SmallWorld.Asker.all.map { asker in
        let purpose =
            switch asker.why {
            case .treatment: "TREAT"
            case .emergency: "BTG"
            case .anything: "HRESCH"
            }
        return Cases.request(
            purpose: purpose, user: asker.isPerson ? "dr.brattain" : "nurse",
            organization: asker.isOfOrganization ? organization : "urn:oid:5.6")
    }
    private static let documents = SmallWorld.Paper.all.enumerated().map { number, paper in
        let levels: [Confidentiality] = [.normal, .restricted, .veryRestricted]
        var document = Cases.document(levels[paper.level], paper.isPsychiatric ? ["PSY"] : [], number: UInt64(number))
        document.typeCode = paper.isDischarge.map {
            CodedValue(code: $0 ? "18842-5" : "34133-9", system: CodeSystems.loinc)
        }
        return document
    }

    private static func rule(_ provision: SmallWorld.Provision) -> ConsentRule {
        var rule = ConsentRule(provision.effect == .permit ? .permit : .deny)
        switch provision.who {
        case .anybody: break
        case .organization: rule.actors = [.organization(organization)]
        case .person: rule.actors = [.practitioner("dr.brattain")]
        }
        switch provision.why {
        case .anything: break
        case .treatment: rule.purposes = Cases.purposes("TREAT")
        case .emergency: rule.purposes = Cases.purposes("BTG")
        }
        switch provision.label {
        case .any: break
        case .normal: rule.securityLabels = Cases.labels("N")
        case .restricted: rule.securityLabels = Cases.labels("R")
        case .psychiatry: rule.securityLabels = Cases.labels("PSY")
        }
        if provision.kind == .discharge {
            rule.typeCodes = [CodedValue(code: "18842-5", system: CodeSystems.loinc)]
        }
        return rule
    }

    private static func directive(_ statement: SmallWorld.Statement, number: UInt64) -> ConsentDirective {
        Cases.directive(
            rule(statement.base), statement.exception.map { [rule($0)] } ?? [], day: Int64(statement.day),
            number: number)
    }

    private static func policy(_ fallback: SmallWorld.Default) -> ConsentPolicyDefault {
        switch fallback {
        case .nothing: .deny
        case .normalForCare: .basicNormal
        case .normalForAll: .allNormal
        case .emergencies: .breakGlassOnly
        }
    }

    /// The number of decisions that differ, and the first in words.
    private static func compare(_ statements: [SmallWorld.Statement], _ fallback: SmallWorld.Default) -> String? {
        let compiled = CompiledConsent(
            statements.enumerated().map { directive($1, number: UInt64($0)) }, policy: policy(fallback), now: Cases.now)
        for (asker, request) in zip(SmallWorld.Asker.all, requests) {
            for (paper, decision) in zip(SmallWorld.Paper.all, compiled.decide(request, documents: documents)) {
                let permits = SmallWorld.permits(statements, fallback, asker, paper)
                if permits != decision.isPermitted {
                    return "\(statements) \(fallback) \(asker) \(paper): the reference says \(permits), \(decision)"
                }
            }
        }
        return nil
    }

    @Test(arguments: SmallWorld.Provision.all.indices)
    func `every pair of provisions decides as the specification's words do`(first: Int) {
        let base = SmallWorld.Provision.all[first]
        for (second, other) in SmallWorld.Provision.all.enumerated() {
            var arrangements: [[SmallWorld.Statement]] = [
                [.init(base: base, exception: other, day: 1)],
                [.init(base: base, day: 1), .init(base: other, day: 2)],
            ]
            if second <= first { arrangements.append([.init(base: base, day: 1), .init(base: other, day: 1)]) }
            for (number, statements) in arrangements.enumerated() {
                let fallback = SmallWorld.Default.allCases[(first + second + number) % 4]
                if let difference = Self.compare(statements, fallback) {
                    Issue.record("\(difference)")
                    return
                }
            }
        }
    }

    @Test(arguments: SmallWorld.Default.allCases)
    func `every single provision decides as the specification's words do, whatever the default`(
        fallback: SmallWorld.Default
    ) {
        #expect(Self.compare([], fallback) == nil)
        for provision in SmallWorld.Provision.all {
            #expect(Self.compare([.init(base: provision, day: 1)], fallback) == nil)
        }
    }
}
