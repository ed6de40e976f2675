import ExchangeCore
import JSON

/// What a token leaves for the resource server to enforce (IHE PCF, `ihe_pcf.residual`).
///
/// A residual permit overrides a forbid; where no forbid applies a document may flow.
package struct ConsentResidual: Hashable, Sendable {
    /// `deny` is written `forbid`.
    package let effect: ConsentEffect
    /// Confidentiality and sensitivity; empty for any.
    package let securityLabels: [CodedValue]
    /// When the care was given; nil for any time.
    package let dataPeriod: ConsentPeriod?
    /// Certain documents; empty for any.
    package let data: [DocumentScope]

    /// A residual rule from its parts.
    package init(
        _ effect: ConsentEffect, securityLabels: [CodedValue] = [], dataPeriod: ConsentPeriod? = nil,
        data: [DocumentScope] = [],
    ) {
        self.effect = effect
        self.securityLabels = securityLabels
        self.dataPeriod = dataPeriod
        self.data = data
    }

    /// As one object of `ihe_pcf.residual`.
    package var json: JSONObject {
        let rule = ConsentRule(effect, data: data, dataPeriod: dataPeriod, securityLabels: securityLabels)
        var object = ProvisionMapping.json(rule)
        object["type"] = effect == .permit ? "permit" : "forbid"
        if let period = object["dataPeriod"] { object["dataPeriod"] = [period] }
        return object
    }

    /// Whether nothing but the effect is said.
    var isAboutEverything: Bool { securityLabels.isEmpty && dataPeriod == nil && data.isEmpty }
}

extension CompiledConsent {
    /// What remains to be enforced for a requester who gets a token; nil when the token is refused.
    ///
    /// Refused too when another community's directives could deny anything: its denials and this node's cannot be said
    /// in one list. Never lets go what `decide` denies: a rule that PCF cannot express (document class or type, a permit below an
    /// overlapping deny) is left out when it permits and widened when it denies.
    package func residual(for request: AccessContext) -> [ConsentResidual]? {
        guard Self.refusal(request) == nil, !foreign.contains(where: { $0.mayDeny(request) }) else { return nil }
        var stronger: [ConsentResidual] = []
        var floor: ConsentEffect?
        for rule in rules where rule.conditions?.applyToRequester(request) ?? true {
            guard let residual = residual(of: rule) else { continue }
            if residual.isAboutEverything {
                floor = residual.effect
                break
            }
            stronger.append(residual)
        }
        if floor == nil { floor = policyFloor(request, &stronger) }
        return Self.compose(stronger, isPermitted: floor == .permit)
    }

    /// From the strongest rule above the floor to the residual rules, weakest first.
    private static func compose(_ stronger: [ConsentResidual], isPermitted: Bool) -> [ConsentResidual]? {
        var residual = isPermitted ? [] : [ConsentResidual(.deny)]
        for (rank, rule) in stronger.enumerated().reversed() {
            switch rule.effect {
            case .deny: residual.append(rule)
            case .permit:
                let isOverridden = stronger[..<rank].contains { $0.effect == .deny && !$0.isDisjoint(from: rule) }
                if !isOverridden, residual.contains(where: { $0.effect == .deny }) { residual.append(rule) }
            }
        }
        guard isPermitted || residual.contains(where: { $0.effect == .permit }) else { return nil }
        return residual
    }

    /// What the community's default says where no directive does.
    private func policyFloor(_ request: AccessContext, _ rules: inout [ConsentResidual]) -> ConsentEffect {
        let purpose = request.purpose ?? ""
        guard policy.permits(purpose: purpose, labels: SecurityLabels(confidentiality: .normal)) else { return .deny }
        if policy.permits(purpose: purpose, labels: SecurityLabels(confidentiality: .veryRestricted)) { return .permit }
        rules.append(ConsentResidual(.permit, securityLabels: [Self.normal]))
        return .deny
    }

    private static let normal = CodedValue(code: Confidentiality.normal.rawValue, system: CodeSystems.confidentiality)

    /// Nil for a permit that cannot be expressed.
    private func residual(of rule: Rule) -> ConsentResidual? {
        guard let stated = provision(rule.origin) else { return ConsentResidual(rule.effect) }
        let isExpressible = stated.classCodes.isEmpty && stated.typeCodes.isEmpty
        if rule.effect == .permit, !isExpressible { return nil }
        var labels = stated.securityLabels
        if labels.isEmpty, rule.conditions?.isNormalOnly ?? false { labels = [Self.normal] }
        return ConsentResidual(
            rule.effect, securityLabels: labels, dataPeriod: stated.dataPeriod, data: stated.data)
    }
}

extension ConsentResidual {
    /// Whether no document can be under this deny and under that permit; false where that is not plain.
    fileprivate func isDisjoint(from permit: ConsentResidual) -> Bool {
        if let denied = levels, let permitted = permit.levels, let lowest = denied.min(), let highest = permitted.max(),
            highest < lowest
        {
            return true
        }
        guard let denied = dataPeriod, let permitted = permit.dataPeriod else { return false }
        if let end = denied.end, let start = permitted.start, end.end <= start.start { return true }
        if let start = denied.start, let end = permitted.end, end.end <= start.start { return true }
        return false
    }

    /// The confidentialities named, when nothing else is.
    private var levels: [Confidentiality]? {
        let levels = securityLabels.compactMap { label in
            label.system == CodeSystems.confidentiality ? Confidentiality(rawValue: label.code) : nil
        }
        return levels.count == securityLabels.count && !levels.isEmpty ? levels : nil
    }
}

extension CompiledConsent {
    /// Whether any of its denials is about this requester.
    fileprivate func mayDeny(_ request: AccessContext) -> Bool {
        rules.contains { $0.effect == .deny && ($0.conditions?.applyToRequester(request) ?? true) }
    }
}
