import ConsentEngine
import ExchangeCore
import Testing

/// A role that was said in other words than the table's: a directive that names either word means whoever has it.
@Suite struct RoleWordsTests {
    private static let code = "http://snomed.info/sct|309343006"

    private static func asked(_ role: String, _ presented: String?) -> AccessContext {
        let request = Cases.request(role: role)
        return AccessContext(
            door: request.door, user: request.user, role: role, organization: request.organization,
            community: request.community, purpose: request.purpose, deadline: request.deadline, traceID: request.traceID,
            presentedRole: presented)
    }

    /// The word of a directive; the role of who asks, and how their token said it; whether a refusal and a permission reach them.
    static let words: [(named: String, role: String, presented: String?, isRefused: Bool, isPermitted: Bool)] = [
        ("physician", "physician", nil, true, true), ("physician", "physician", "Ärztin", true, true),
        ("Ärztin", "physician", "Ärztin", true, true), ("Ärztin", "physician", nil, false, false),
        (code, "physician", "309343006", true, true), (code, "physician", nil, true, true),
        ("309343006", "physician", "309343006", true, true),
        // A refusal takes a name that ends alike, a permission the very name alone.
        ("http://elsewhere.example|309343006", "physician", "309343006", true, false),
        ("nurse", "physician", "Ärztin", false, false), (code, "nurse", nil, false, false),
        (code, "nurse", "Pflegekraft", false, false),
    ]

    @Test func `a directive by a code or by the facility's own word reaches whoever came with it`() {
        for word in Self.words {
            let request = Self.asked(word.role, word.presented)
            let refusal = Cases.directive(ConsentRule(.permit), [ConsentRule(.deny, actors: [.role(word.named)])])
            #expect(Cases.permits([refusal], request) == !word.isRefused, "refused: \(word)")
            let permission = Cases.directive(ConsentRule(.deny), [ConsentRule(.permit, actors: [.role(word.named)])])
            #expect(Cases.permits([permission], request) == word.isPermitted, "permitted: \(word)")
        }
    }
}
