import ExchangeCore
import Transactions

/// Who may speak at the administrator's sockets, and which of what they say waits for a second one.
package struct AdministratorDesk: Sendable {
    /// What an account of the operating system is here.
    package enum Standing: Sendable, Equatable {
        /// Root, or the node's own user: may do everything, and is nobody in particular.
        case owner
        /// An administrator of `node.yaml`, by their name there.
        case person(String)
        /// Somebody else.
        case stranger
    }

    /// Commands that can be made to wait.
    package static let governable: [AdminCommand] = [
        .retentionRelease, .retentionErase, .retentionApply, .directoryAdmit, .directoryRevoke, .directoryLeave,
        .directoryAdopt, .patientActivate, .keyringRotate, .journalRotateKey, .configReload, .nodeReopen,
    ]

    /// What waits unless `node.yaml` says otherwise: what would undo the rest.
    package static let standard: [AdminCommand] = [
        .retentionRelease, .retentionErase, .directoryRevoke, .directoryLeave, .directoryAdopt, .journalRotateKey,
        .configReload, .nodeReopen,
    ]

    /// What an account, a user id, is.
    package let standing: @Sendable (UInt32) -> Standing
    /// How many persons are administrators by now, root and the node's own user not among them; two are enough to be told.
    package let persons: @Sendable () -> Int
    /// What waits for a second administrator.
    package let waits: Set<AdminCommand>
    /// For how long it waits.
    package let lasting: Duration

    /// A desk from its parts.
    package init(
        standing: @escaping @Sendable (UInt32) -> Standing, persons: @escaping @Sendable () -> Int = { 0 },
        waits: Set<AdminCommand> = [], lasting: Duration = .seconds(72 * 3600),
    ) {
        self.standing = standing
        self.persons = persons
        self.waits = waits
        self.lasting = lasting
    }

    /// What whoever is at a socket is here; whom the kernel does not name, nobody vouches for.
    func standing(of account: UInt32?) -> Standing { account.map(standing) ?? .stranger }

    /// Who may ask for a change that waits, or agree to one; never a shared account, behind which one person could be two.
    func person(_ account: UInt32?) throws(ExchangeError) -> ChangePerson {
        guard let account else {
            throw ExchangeError(.unauthenticated, "nobody can tell who asks; use the socket of hie run")
        }
        switch standing(account) {
        case .person(let name): return ChangePerson(account: account, name: name)
        case .owner:
            throw ExchangeError(
                .forbidden,
                "this needs two administrators by name, and root and the node's own user are nobody in particular; "
                    + "do it as one of the administrators of node.yaml (--socket)")
        case .stranger: throw Self.unknown
        }
    }

    static let unknown = ExchangeError(
        .forbidden, "only the node's own user and the administrators of node.yaml may administer it; use sudo -u")
    static let onlyOne = ExchangeError(
        .conflict,
        "this waits for a second administrator, and there is none: name two under administrators in node.yaml, or take it out of approvals")
}
