import ExchangeCore
import Testing

@testable import AdminEndpoint

/// Who may speak at a socket that more than the node's own user can open.
@Suite struct AdministratorDeskTests {
    private let desk = AdministratorDesk(standing: { account in
        switch account {
        case 0: .owner
        case 7: .person("imber")
        default: .stranger
        }
    })

    @Test func `whom the kernel does not name is a stranger, never the owner`() {
        #expect(desk.standing(of: nil) == .stranger)
        #expect(desk.standing(of: 0) == .owner)
        #expect(desk.standing(of: 7) == .person("imber"))
        #expect(desk.standing(of: 8) == .stranger)
    }

    @Test func `only somebody in particular asks for a change that waits, or agrees to one`() throws {
        #expect(throws: Never.self) { _ = try desk.person(7) }
        #expect(throws: ExchangeError(.unauthenticated, "")) { _ = try desk.person(nil) }
        for account: UInt32 in [0, 8] { #expect(throws: ExchangeError(.forbidden, "")) { _ = try desk.person(account) } }
    }
}
