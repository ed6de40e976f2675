import ExchangeCore
import Journal

/// When an access is worth a look, in numbers a facility may change (`alerts:` in `node.yaml`).
package struct AlertThresholds: Sendable, Hashable {
    /// Whether the rules run at all.
    package var isOn = true
    /// Different patients of one user within `manyMinutes` that are too many.
    package var manyPatients = 30
    /// The window for `manyPatients`, in minutes.
    package var manyMinutes = 60
    /// Denied attempts of one user within `deniedMinutes` that are too many.
    package var deniedAttempts = 5
    /// The window for `deniedAttempts`, in minutes.
    package var deniedMinutes = 10
    /// Days after the end of the last care on record from which an access is late.
    package var dischargeDays = 90
    /// The first hour of the working day, 0 to 23, in the node's time zone.
    package var dayBegins = 6
    /// The first hour after it; equal to `dayBegins` turns the rule off.
    package var dayEnds = 22
    /// Minutes that the node's time zone is ahead of UTC.
    package var zoneMinutes = 0
    /// Roles that work at night: no alert for them.
    package var nightRoles: Set<String> = ["physician", "nurse", "paramedic"]
    /// What is known of users: their family name, and their own patient identifiers as `system|value`.
    package var staff: [String: StaffMember] = [:]

    /// The defaults.
    package init() {}
}

/// What a facility says of one of its users, so that looking at one's own or a relative's record is noticed.
package struct StaffMember: Sendable, Hashable {
    /// The family name; nil takes what the user's name suggests.
    package var family: String?
    /// The user's own identifiers as a patient, as `system|value`.
    package var identifiers: Set<String> = []

    /// A member of staff.
    package init(family: String? = nil, identifiers: Set<String> = []) {
        self.family = family
        self.identifiers = identifiers
    }
}

/// What the rules need to know of the patient of an access.
package struct AccessedPatient: Sendable, Hashable {
    /// Family names, as registered.
    package var families: [String] = []
    /// Identifiers as `system|value`.
    package var identifiers: Set<String> = []
    /// When the last care on record ended; nil when nothing says so.
    package var careEnded: Timestamp?

    /// Nothing known.
    package init() {}
}

/// An access that is worth a look: by which rule, and the entries that show it.
package struct RaisedAlert: Sendable, Hashable {
    /// Which rule.
    package let rule: AlertRules.Rule
    /// Who asked.
    package let user: String
    /// The user's role.
    package let role: String?
    /// On whose behalf.
    package let organization: String
    /// From which community.
    package let community: CommunityID
    /// The one patient it is about; nil when there are several.
    package let patient: PatientID?
    /// The access entries that are the evidence, oldest first.
    package let evidence: [JournalPosition]
    /// When the last of them was.
    package let time: Timestamp

    /// The same alert is raised once: rule, user, patient and day.
    package var key: String { Self.key(rule, of: user, about: patient, at: time) }

    static func key(_ rule: AlertRules.Rule, of user: String, about patient: PatientID?, at time: Timestamp) -> String {
        let day = time.milliseconds / 86_400_000
        return "\(rule.rawValue) \(day) \(patient?.description ?? "-") \(user)"
    }
}

/// The rules by which accesses raise alerts: a fold over access entries in order, bounded, without a clock.
package struct AlertRules: Sendable {
    /// Each rule.
    package enum Rule: String, Sendable, CaseIterable {
        /// A user looked at a record of their own.
        case ownRecord = "own-record"
        /// A user looked at somebody of their own family name.
        case sameSurname = "same-surname"
        /// A user looked at many patients in a short time.
        case manyPatients = "many-patients"
        /// A user was denied again and again.
        case deniedSeries = "denied-series"
        /// A user looked long after care had ended.
        case afterDischarge = "after-discharge"
        /// A user who does not work at night looked at night.
        case outOfHours = "out-of-hours"

        /// One sentence for the privacy officer.
        package var sentence: String {
            switch self {
            case .ownRecord: "looked at their own record"
            case .sameSurname: "looked at the record of somebody of the same family name"
            case .manyPatients: "looked at many patients in a short time"
            case .deniedSeries: "was denied again and again"
            case .afterDischarge: "looked at a patient whose care here ended long ago"
            case .outOfHours: "looked at a record out of hours"
            }
        }
    }

    private struct Who: Hashable {
        let user: String
        let community: CommunityID
    }

    private struct Look {
        let position: JournalPosition
        let time: Timestamp
        let patient: PatientID
        let isDenied: Bool
    }

    private static let usersMax = 10_000
    private static let looksMax = 512
    private let thresholds: AlertThresholds
    private var looks: [Who: [Look]] = [:]
    private var raised: Set<String> = []
    private var judged: Set<Judged> = []

    /// A user's looks at one patient on one day, which the rules about the two judge alike.
    private struct Judged: Hashable {
        let who: Who
        let patient: PatientID
        let day: Int64
        let shows: Bool
    }

    /// Rules by those thresholds that have seen nothing.
    package init(_ thresholds: AlertThresholds) { self.thresholds = thresholds }

    /// Whether what is known of the patient decides anything about an access that `take` takes next: the first of the day
    /// by this user, with this outcome.
    package mutating func wantsFacts(_ event: AccessEvent, of patient: PatientID) -> Bool {
        guard isWatched(event.record) else { return false }
        if judged.count >= 100_000 { judged = [] }
        return judged.insert(
            Judged(
                who: Who(user: event.record.user, community: event.record.community), patient: patient,
                day: event.time.milliseconds / 86_400_000, shows: Self.shows(event.record))
        ).inserted
    }

    private func isWatched(_ record: AccessRecord) -> Bool {
        thresholds.isOn && record.door != "administration" && ["ITI-66", "ITI-67", "ITI-68", "ITI-78"].contains(record.transaction)
    }

    private static func shows(_ record: AccessRecord) -> Bool {
        record.decisions.contains { $0.isPermitted && !$0.documents.isEmpty }
    }

    /// Takes the next access; what is worth a look, each once a day for a user and a patient.
    package mutating func take(_ event: AccessEvent, of patient: PatientID, knowing facts: AccessedPatient) -> [RaisedAlert] {
        let record = event.record
        guard isWatched(record) else { return [] }
        let who = Who(user: record.user, community: record.community)
        let shows = Self.shows(record)
        let isDenied = !record.decisions.isEmpty && !record.decisions.contains(where: \.isPermitted)
        // Bounded memory: whoever is forgotten begins anew.
        if looks.count >= Self.usersMax, looks[who] == nil { looks = [:] }
        if raised.count >= 100_000 { raised = [] }
        Self.keep(
            Look(position: event.position, time: event.time, patient: patient, isDenied: isDenied),
            in: &looks[who, default: []], within: .seconds(60 * max(thresholds.manyMinutes, thresholds.deniedMinutes)))
        let recent = looks[who] ?? []
        var found: [(Rule, PatientID?, [JournalPosition])] = []
        if shows || isDenied, isOwn(record.user, facts) { found.append((.ownRecord, patient, [event.position])) }
        else if shows, isRelative(record.user, facts) { found.append((.sameSurname, patient, [event.position])) }
        if shows, let ended = facts.careEnded, event.time - ended > .seconds(86_400 * thresholds.dischargeDays) {
            found.append((.afterDischarge, patient, [event.position]))
        }
        if shows, isNight(event.time), !(record.role.map(thresholds.nightRoles.contains) ?? false) {
            found.append((.outOfHours, nil, [event.position]))
        }
        func isNews(_ rule: Rule) -> Bool { !raised.contains(RaisedAlert.key(rule, of: record.user, about: nil, at: event.time)) }
        // Once said for the day it need not be counted again: a program that asks for many would be counted at each question.
        if isNews(.manyPatients), let evidence = manyPatients(recent, event.time) {
            found.append((.manyPatients, nil, evidence))
        }
        if isDenied, isNews(.deniedSeries), let evidence = deniedSeries(recent, event.time) {
            found.append((.deniedSeries, nil, evidence))
        }
        return found.compactMap { rule, patient, evidence in
            let alert = RaisedAlert(
                rule: rule, user: record.user, role: record.role, organization: record.organization,
                community: record.community, patient: patient, evidence: evidence, time: event.time)
            return raised.insert(alert.key).inserted ? alert : nil
        }
    }

    /// Keeps a look among a user's last within the longest window; in place, for they are many.
    private static func keep(_ look: Look, in looks: inout [Look], within window: Duration) {
        looks.removeAll { look.time - $0.time > window }
        looks.append(look)
        // Some more may gather, so that the rest is not moved up at each look.
        let extra = looksMax / 4
        if looks.count >= looksMax + extra { looks.removeFirst(extra) }
    }

    private func manyPatients(_ recent: [Look], _ now: Timestamp) -> [JournalPosition]? {
        var first: [PatientID: JournalPosition] = [:]
        for look in recent where now - look.time <= .seconds(60 * thresholds.manyMinutes) {
            if first[look.patient] == nil { first[look.patient] = look.position }
        }
        return first.count >= thresholds.manyPatients ? first.values.sorted() : nil
    }

    private func deniedSeries(_ recent: [Look], _ now: Timestamp) -> [JournalPosition]? {
        let denied = recent.filter { $0.isDenied && now - $0.time <= .seconds(60 * thresholds.deniedMinutes) }
        return denied.count >= thresholds.deniedAttempts ? denied.map(\.position) : nil
    }

    private func isOwn(_ user: String, _ facts: AccessedPatient) -> Bool {
        guard let member = thresholds.staff[user] else { return false }
        return !member.identifiers.isDisjoint(with: facts.identifiers)
    }

    /// The family name stated for the user, else any part of the user's name that is long enough to be one.
    private func isRelative(_ user: String, _ facts: AccessedPatient) -> Bool {
        let families = Set(facts.families.flatMap(Self.words))
        if let family = thresholds.staff[user]?.family { return !families.isDisjoint(with: Self.words(family)) }
        let parts = Self.words(user).filter { $0.utf8.count >= 4 }
        return !families.isDisjoint(with: parts)
    }

    /// Lower-case words without marks: `Quintero Vásquez` gives `quintero`, `vasquez`.
    private static func words(_ name: String) -> [String] {
        let plain = name.decomposedLetters.lowercased()
        return plain.split { !$0.isLetter }.map(String.init)
    }

    private func isNight(_ time: Timestamp) -> Bool {
        guard thresholds.dayBegins != thresholds.dayEnds else { return false }
        let minutes = time.milliseconds / 60_000 + Int64(thresholds.zoneMinutes)
        let hour = Int(((minutes % 1440) + 1440) % 1440) / 60
        return thresholds.dayBegins < thresholds.dayEnds
            ? !(thresholds.dayBegins..<thresholds.dayEnds).contains(hour)
            : (thresholds.dayEnds..<thresholds.dayBegins).contains(hour)
    }
}

extension String {
    /// The letters with their marks taken off, as far as Unicode knows them apart.
    fileprivate var decomposedLetters: String {
        var plain = String.UnicodeScalarView()
        for character in self {
            // A letter with a mark compares equal to letter and mark: the first scalar of its longest spelling is the letter.
            for scalar in String(character).unicodeScalars.prefix(1) { plain.append(Self.bare[scalar] ?? scalar) }
        }
        return String(plain)
    }

    private static let bare: [Unicode.Scalar: Unicode.Scalar] = {
        let rows: [(Unicode.Scalar, String)] = [
            ("a", "àáâãäåā"), ("c", "çćč"), ("e", "èéêëēę"), ("i", "ìíîïī"), ("n", "ñńň"), ("o", "òóôõöøō"),
            ("u", "ùúûüūů"), ("y", "ýÿ"), ("s", "śšş"), ("z", "źżž"), ("l", "ł"), ("g", "ğ"), ("r", "ř"),
            ("A", "ÀÁÂÃÄÅ"), ("C", "ÇĆČ"), ("E", "ÈÉÊË"), ("I", "ÌÍÎÏ"), ("N", "ÑŃ"), ("O", "ÒÓÔÕÖØ"),
            ("U", "ÙÚÛÜ"), ("S", "ŚŠŞ"), ("Z", "ŹŻŽ"), ("L", "Ł"),
        ]
        var bare: [Unicode.Scalar: Unicode.Scalar] = [:]
        for (letter, marked) in rows { for scalar in marked.unicodeScalars { bare[scalar] = letter } }
        return bare
    }()
}
