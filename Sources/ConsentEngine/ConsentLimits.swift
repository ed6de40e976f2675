import ExchangeCore
import JSON

/// How large a Consent may be: enough for every law, too little for wearing down the judge.
package enum ConsentLimits {
    /// Provisions of one Consent, the base included.
    package static let provisionsMax = 1000
    /// Items in one list of a provision: actors, purposes, codes, documents, labels.
    package static let itemsMax = 1000

    private static let provisions = "Consent.provision.provision"
    private static let lists = ["actor", "action", "securityLabel", "purpose", "class", "code", "data"]

    /// Refuses what is too large before it is read.
    ///
    /// - Throws: `.tooLarge` naming the element and the limit.
    static func check(_ consent: JSONObject) throws(ExchangeError) {
        guard let path = doubts(consent).first else { return }
        let isList = path != provisions
        throw ExchangeError(
            .tooLarge,
            isList
                ? "a provision lists at most \(itemsMax) of a kind here; say it by role, organisation or class"
                : "a consent has at most \(provisionsMax) provisions here; state fewer or wider ones", at: path)
    }

    /// Paths of the elements that are too large; a stored Consent that has one denies.
    static func doubts(_ consent: JSONObject) -> [String] {
        guard let base = consent["provision"] else { return [] }
        var doubts: [String] = []
        if (base["provision"]?.items.count ?? 0) >= provisionsMax { doubts.append(provisions) }
        for name in lists where (base[name]?.items.count ?? 0) > itemsMax { doubts.append("Consent.provision.\(name)") }
        for (index, item) in (base["provision"]?.items ?? []).prefix(provisionsMax).enumerated() {
            for name in lists where (item[name]?.items.count ?? 0) > itemsMax {
                doubts.append("\(provisions)[\(index)].\(name)")
            }
        }
        return doubts
    }
}
