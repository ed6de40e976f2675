import AdminEndpoint
import ExchangeCore
import Foundation
import Glibc
import Logging

/// The administrators of `node.yaml` as this machine knows them, looked up when somebody speaks: who leaves a group is no
/// administrator any more.
struct Administrators: Sendable {
    let settings: AdministratorSettings
    let owner: UInt32

    /// What the kernel says of whom it cannot name within a user namespace (`PrivateUsers=` of systemd): everybody, so nobody.
    static let overflow: UInt32 = {
        let text = (try? String(contentsOfFile: "/proc/sys/kernel/overflowuid", encoding: .utf8)) ?? ""
        return UInt32(text.split(separator: "\n").first ?? "") ?? 65534
    }()

    /// Who may speak, and what waits.
    var desk: AdministratorDesk {
        AdministratorDesk(
            standing: standing, persons: { persons }, waits: settings.waits, lasting: .seconds(settings.hours * 3600))
    }

    func standing(_ account: UInt32) -> AdministratorDesk.Standing {
        if account == 0 || account == owner { return .owner }
        guard account != Self.overflow else { return .stranger }
        if named.contains(account) { return .person(Self.name(of: account)) }
        if let group = settings.group, Self.isMember(account, of: group) { return .person(Self.name(of: account)) }
        return .stranger
    }

    /// The user ids that are named one by one; a name that this machine does not know is nobody.
    private var named: Set<UInt32> { Set(settings.users.compactMap(Self.account)) }

    /// How many persons there are by now.
    private var persons: Int {
        let members = settings.group.map(Self.members) ?? []
        return named.union(members).subtracting([0, owner, Self.overflow]).count
    }

    /// Names that this machine knows no user or group of.
    var unknown: [String] {
        settings.users.filter { Self.account($0) == nil } + [settings.group].compactMap { $0 }.filter { Self.group($0) == nil }
    }

    /// Whether the kernel would name nobody: a user namespace that does not hold every account.
    static var isBlind: Bool {
        guard let map = try? String(contentsOfFile: "/proc/self/uid_map", encoding: .utf8) else { return false }
        let rows = map.split(separator: "\n").map { $0.split(separator: " ").compactMap { UInt64($0) } }
        return !rows.contains { $0.count == 3 && $0[2] >= 4_294_967_295 }
    }

    private static func account(_ user: String) -> UInt32? {
        if let number = UInt32(user) { return number }
        return record { getpwnam_r(user, $0, $1, $2, $3) }?.account
    }

    private static func name(of account: UInt32) -> String {
        record { getpwuid_r(account, $0, $1, $2, $3) }?.name ?? "uid-\(account)"
    }

    private static func isMember(_ account: UInt32, of group: String) -> Bool {
        guard let wanted = Self.group(group), let user = record({ getpwuid_r(account, $0, $1, $2, $3) }) else { return false }
        var groups = [gid_t](repeating: 0, count: 4096)
        var count = Int32(groups.count)
        guard getgrouplist(user.name, user.group, &groups, &count) >= 0 else { return false }
        return groups.prefix(Int(count)).contains(wanted.id)
    }

    /// The members that the group's own row names; whose first group it is, is not among them, and is let in all the same.
    private static func members(of group: String) -> Set<UInt32> {
        Set((Self.group(group)?.members ?? []).compactMap(account))
    }

    private static func record(
        _ look: (UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>) -> Int32,
    ) -> (account: UInt32, group: gid_t, name: String)? {
        var row = passwd()
        var found: UnsafeMutablePointer<passwd>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 16) { room in
            guard let base = room.baseAddress, look(&row, base, room.count, &found) == 0, found != nil, let name = row.pw_name
            else { return nil }
            return (row.pw_uid, row.pw_gid, String(cString: name))
        }
    }

    private static func group(_ name: String) -> (id: gid_t, members: [String])? {
        var row = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 20) { room in
            guard let base = room.baseAddress, getgrnam_r(name, &row, base, room.count, &found) == 0, found != nil else { return nil }
            var members: [String] = []
            var next = row.gr_mem
            while let pointer = next, let member = pointer.pointee {
                members.append(String(cString: member))
                next = pointer + 1
            }
            return (row.gr_gid, members)
        }
    }

    /// Lets them open a socket: their group alone where the node may give it away, else everybody; whom the kernel names is
    /// judged on each command all the same.
    func open(_ path: String) {
        if let group = settings.group, settings.users.isEmpty, let found = Self.group(group), chown(path, uid_t.max, found.id) == 0 {
            chmod(path, 0o660)
        } else {
            chmod(path, 0o666)
        }
    }
}
