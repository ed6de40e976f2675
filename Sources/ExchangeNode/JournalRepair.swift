import ExchangeCore
import Foundation
import JSON
import Journal
import Storage

/// The way on after a loss: what is lost is said first, and accepted by a person; then the node's log goes on under a new
/// origin whose first entry names the old head. Witnesses keep both (`hie audit witness`).
package struct JournalRepair: Sendable {
    /// What would be done, or was.
    package struct Plan: Sendable, Equatable {
        /// The log that ends.
        package let former: String
        /// The log that goes on.
        package let origin: String
        /// How many entries the journal has and goes on behind.
        package let kept: UInt64
        /// How many of them stood under the head, too; the node wrote the others since it came back with less.
        package let common: UInt64
        /// The root over them.
        package let keptRoot: [UInt8]
        /// The largest head of the former log that is known to have been signed: entries, and the root over them.
        package let head: Checkpoint?
        /// Why a new log is needed.
        package let reason: String
        /// Whether it was begun before and not finished.
        package let isBegun: Bool

        /// Entries that are known to be lost; what was never covered by a signed head is not counted.
        package var lost: UInt64 { head.map { $0.size > common ? $0.size - common : 0 } ?? 0 }
    }

    private let home: NodeHome
    private let world: World

    /// A repair of the journal in a node's folder.
    package init(_ home: NodeHome, world: World) {
        self.home = home
        self.world = world
    }

    private var journal: String { home.store.appendingPathComponent("journal").path }

    /// Looks at everything and changes nothing: what would be done, nil when the journal is whole and nobody holds a head
    /// that it does not continue.
    ///
    /// Throws `.conflict` while a node runs on the folder.
    package func plan() throws(ExchangeError) -> Plan? {
        let repair = try FileJournalStoreRepair(journal)
        defer { repair.close() }
        return try plan(repair)?.plan
    }

    /// Does what `plan` says; nil when there is nothing to repair. Nothing that was lost is deleted: it lies in the folder
    /// named.
    ///
    /// Throws `.conflict` while a node runs on the folder.
    package func accept(user: String) throws(ExchangeError) -> (plan: Plan, aside: String)? {
        let repair = try FileJournalStoreRepair(journal)
        defer { repair.close() }
        guard let (plan, survey) = try plan(repair) else { return nil }
        let aside = home.store.appendingPathComponent("lost-\(world.now().milliseconds)").path
        let signer = try LogKeyFile.signer(home, origin: plan.origin)
        let entry = try EntrySealer(world: world).seal(
            EntryDraft(kind: .repair, subject: nil, payload: payload(plan, user)), key: nil)
        try repair.goOn(after: survey, as: plan.origin, plan: Self.bytes(of: plan), aside: aside, with: entry) {
            (tree) throws(ExchangeError) in
            try signer.sign(Checkpoint(origin: plan.origin, size: tree.size, root: tree.root).text).description
        }
        return (plan, aside)
    }

    private func plan(
        _ repair: FileJournalStoreRepair,
    ) throws(ExchangeError) -> (plan: Plan, survey: FileJournalStoreRepair.Survey)? {
        let configuration = try NodeConfiguration(of: home)
        let community = configuration.community
        let survey = try repair.survey(origin: NodeStore.origin(of: configuration, in: home))
        if let begun = try repair.begun() {
            guard let plan = Self.plan(begun) else {
                throw ExchangeError(.corrupted, "the plan of a repair that was begun cannot be read", at: journal)
            }
            return (plan, survey)
        }
        let heads = try signedHeads(of: survey.origin)
        var contradicted: Checkpoint?
        var common = survey.head.size
        for (head, signed) in heads where try repair.root(at: head.size, of: survey) != head.root {
            contradicted = head
            // Another root over as many entries: at the least the last of them is another.
            if head.size > 0, head.size <= survey.head.size { common = min(common, head.size - 1) }
            if let signed { common = min(common, try repair.common(signed: signed, of: survey)) }
        }
        guard survey.damage != nil || contradicted != nil else { return nil }
        let incarnation = max(try repair.incarnation(of: community), LogOrigin(survey.origin)?.incarnation ?? 1)
        let reason = survey.damage.map { "\($0.message)\($0.location.map { " (\($0))" } ?? "")" }
            ?? "a head over \(contradicted?.size ?? 0) entries was signed that the journal does not continue"
        let plan = Plan(
            former: survey.origin, origin: LogOrigin(community: community, incarnation: incarnation).successor.text,
            kept: survey.head.size, common: common, keptRoot: survey.head.frontier.root,
            head: heads.map(\.head).max { $0.size < $1.size },
            reason: reason, isBegun: false)
        return (plan, survey)
    }

    /// The heads of a log that this folder knows to be signed: the kept checkpoint, the cosigned head, and the one that
    /// peers brought back; and when the log itself last cosigned each.
    private func signedHeads(of origin: String) throws(ExchangeError) -> [(head: Checkpoint, signed: Timestamp?)] {
        let keys = try LogKeyFile.keys(home, origin: origin)
        let plain = origin.replacing("/", with: "_")
        let files: [(String, lines: Int)] = [
            (journal + "/checkpoint", 0), (home.witness.appendingPathComponent("head-\(plain)").path, 2),
            (home.witness.appendingPathComponent("own-past").path, 2),
        ]
        return files.compactMap { path, lines in
            guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
            let text = String(decoding: bytes, as: UTF8.self)
            let note = text.split(separator: "\n", maxSplits: lines, omittingEmptySubsequences: false).last.map(String.init)
            guard let signed = try? SignedNote(parsing: note ?? ""), keys.contains(where: { $0.verifies(signed) })
            else { return nil }
            guard let head = try? Checkpoint(text: signed.text), head.origin == origin else { return nil }
            let time = keys.compactMap { $0.cosigned(signed) }.max()
            return (head, time.map { Timestamp(seconds: Int64(clamping: $0)) })
        }
    }

    private func payload(_ plan: Plan, _ user: String) -> [UInt8] {
        var object = Self.object(plan)
        object["at"] = .string(world.now().description)
        object["user"] = .string(user)
        return JSONWriter.bytes(["continued": .object(object)])
    }

    private static func object(_ plan: Plan) -> JSONObject {
        var object = JSONObject()
        object["log"] = .string(plan.former)
        object["as"] = .string(plan.origin)
        object["kept"] = .number(String(plan.kept))
        object["common"] = .number(String(plan.common))
        object["keptRoot"] = .string(Hexadecimal.encode(plan.keptRoot))
        object["entries"] = plan.head.map { .number(String($0.size)) }
        object["root"] = plan.head.map { .string(Hexadecimal.encode($0.root)) }
        object["because"] = .string(plan.reason)
        return object
    }

    private static func bytes(of plan: Plan) -> [UInt8] { JSONWriter.bytes(.object(object(plan))) }

    private static func plan(_ bytes: [UInt8]) -> Plan? {
        guard let json = try? JSONReader.read(bytes), let former = json["log"]?.string, let origin = json["as"]?.string,
            LogOrigin(origin) != nil, let kept = json["kept"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let root = json["keptRoot"]?.string.flatMap({ Hexadecimal.decode($0) }), let reason = json["because"]?.string
        else { return nil }
        let size = json["entries"]?.integer.flatMap { UInt64(exactly: $0) }
        let head = json["root"]?.string.flatMap { Hexadecimal.decode($0) }
        return Plan(
            former: former, origin: origin, kept: kept,
            common: json["common"]?.integer.flatMap { UInt64(exactly: $0) } ?? kept, keptRoot: root,
            head: size.flatMap { size in head.map { Checkpoint(origin: former, size: size, root: $0) } }, reason: reason,
            isBegun: true)
    }
}
