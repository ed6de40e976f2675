import ExchangeCore
import Trust

/// One thing the doctor looked at: whether it is well, and what to do if not.
package struct DoctorFinding: Hashable, Sendable {
    /// What was looked at: `admission`, `signature`, `expiry`, ...
    package let name: String
    /// Whether it is as it should be.
    package let isWell: Bool
    /// What was seen.
    package let seen: String
    /// What to do next; nil when nothing is.
    package let next: String?
    /// Whether what is not well keeps the node from its work, and is not only to be known.
    package let isGrave: Bool

    /// A finding from its parts.
    package init(name: String, isWell: Bool, seen: String, next: String?, isGrave: Bool = true) {
        self.name = name
        self.isWell = isWell
        self.seen = seen
        self.next = next
        self.isGrave = isGrave
    }
}

extension DirectoryState {
    /// Why this node sees, or does not see, a community as it does: each link of the chain, and the next step.
    package func doctor(_ community: CommunityID, at moment: Moment) -> [DoctorFinding] {
        guard let row = rows[community] else {
            return [
                DoctorFinding(
                    name: "admission", isWell: false, seen: "nothing about this community ever came here",
                    next: "ask the network's authority whether it was admitted, and hie peer ping one that knows it")
            ]
        }
        var findings = admission(community, row, moment)
        findings.append(contentsOf: record(community, row, moment))
        if let epoch = row.quarantinedEpoch {
            findings.append(
                DoctorFinding(
                    name: "quarantine", isWell: false, seen: "it signed two records under one number in epoch \(epoch)",
                    next: "its operator must find out why; the authority then admits it anew with epoch \(epoch + 1)"))
        }
        findings.append(contentsOf: contact(community, row, moment))
        return findings
    }

    private func admission(_ community: CommunityID, _ row: HeldRow, _ moment: Moment) -> [DoctorFinding] {
        func finding(_ isWell: Bool, _ seen: String, _ next: String? = nil) -> DoctorFinding {
            DoctorFinding(name: "admission", isWell: isWell, seen: seen, next: next)
        }
        if blocked.contains(community) {
            return [finding(false, "blocked here by the operator", "hie peer approve \(community.oid) lets it in again")]
        }
        guard let admission = row.admission else { return [finding(false, "no admission", "the authority must admit it")] }
        if row.isRevoked, let revocation = row.revocation {
            return [
                finding(
                    false, "revoked \(revocation.issued): \(revocation.reason)",
                    "the authority may admit it anew with epoch \(revocation.epoch + 1)")
            ]
        }
        guard admission.isValid(at: moment.now) else {
            let isOver = moment.now >= admission.grant.expires
            return [
                finding(
                    false, isOver ? "over since \(admission.grant.expires)" : "begins \(admission.grant.notBefore)",
                    isOver ? "the authority must admit it anew" : "wait, or mend this node's clock")
            ]
        }
        return [finding(true, "\(admission.grant.organization), epoch \(admission.grant.epoch), until \(admission.grant.expires)")]
    }

    private func record(_ community: CommunityID, _ row: HeldRow, _ moment: Moment) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        if let refusal = row.refusal {
            findings.append(
                DoctorFinding(
                    name: "offers", isWell: false, seen: "the last text offered about it was refused: \(refusal)",
                    next: Self.remedy(refusal)))
        }
        guard let record = row.record else {
            if community == identity.community, !lookup.isDone, !identity.seeds.isEmpty {
                // What it says of itself waits until somebody confirmed its clock and its history (SelfLookup).
                return findings + [
                    DoctorFinding(
                        name: "record", isWell: false,
                        seen: "no seed has answered yet, so other facilities do not hear of this node; it serves its own users",
                        next: "see whether the seeds of node.yaml resolve and answer: hie config show", isGrave: false)
                ]
            }
            let seen = row.mark == nil ? "no record ever came" : "its last record was collected long after its end"
            return findings + [
                DoctorFinding(name: "record", isWell: false, seen: seen, next: "start its node, or hie peer ping it")
            ]
        }
        findings.append(
            DoctorFinding(
                name: "signature", isWell: row.isRecordInForce,
                seen: row.isRecordInForce
                    ? "verified with key \(record.token.keyID.text.prefix(8))..."
                    : "its key or epoch is not of the admission any more",
                next: row.isRecordInForce ? nil : "its node must publish under its new admission"))
        let isOver = moment.now >= record.statement.expires
        findings.append(
            DoctorFinding(
                name: "expiry", isWell: !isOver,
                seen: (isOver ? "expired " : "until ") + record.statement.expires.description,
                next: isOver ? "its node has not renewed it for days: is it running, and is it reached?" : nil))
        if record.statement.status != .active {
            findings.append(
                DoctorFinding(
                    name: "status", isWell: record.statement.status == .draining,
                    seen: "it says of itself: \(record.statement.status.rawValue)", next: record.statement.status == .retired
                        ? "the authority may admit it anew with epoch \(record.statement.epoch + 1)" : nil))
        }
        return findings
    }

    private func contact(_ community: CommunityID, _ row: HeldRow, _ moment: Moment) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        if let received = row.received {
            let lag = row.record.map { (received - $0.statement.issued).wholeMilliseconds / 1000 }
            findings.append(
                DoctorFinding(
                    name: "last hop", isWell: true,
                    seen: "from \(row.source?.urn ?? "this node") \(received)"
                        + (lag.map { ", \(max(0, $0)) s after it was signed" } ?? ""),
                    next: nil))
        }
        let reach = reach(of: community, uptime: moment.uptime)
        if community != identity.community {
            findings.append(
                DoctorFinding(
                    name: "reach", isWell: reach == .reachable,
                    seen: reach.rawValue + (peers[community]?.contact.map { ", last contact \($0)" } ?? ", no contact yet"),
                    next: reach == .reachable ? nil : "see whether its host answers: hie peer ping \(community.oid)"))
        }
        if let peer = peers[community], isBanned(community, moment) {
            findings.append(
                DoctorFinding(
                    name: "conduct", isWell: false, seen: "broke the protocol; not listened to for \(peer.banSeconds) s",
                    next: "its operator should see its log"))
        }
        if let peer = peers[community], peer.stalledUntil.map({ moment.uptime < $0 }) ?? false {
            findings.append(
                DoctorFinding(
                    name: "agreement", isWell: false, seen: "shows another directory and gives nothing new",
                    next: "it may withhold, or run another version; others are asked meanwhile"))
        }
        let isOff = abs(skew.median) > ClockSkew.alarm.wholeMilliseconds
        findings.append(
            DoctorFinding(
                name: "clock", isWell: !isOff, seen: "this node's clock is \(skew.median) ms behind its peers' median",
                next: isOff ? "mend this node's clock (NTP)" : nil))
        return findings
    }

    private static func remedy(_ refusal: DirectoryRefusal) -> String {
        switch refusal {
        case .farFuture: "its clock or this node's is off"
        case .wrongEpoch, .beyondAdmission, .notAdmitted, .pending: "its newest admission has not come here; ask the authority"
        case .token: "it was changed on the way or signed with another key; see the last hop's log"
        case .otherNetwork: "it is of another network"
        case .tooOften: "it publishes too often; later ones will come with the next exchange"
        case .expired: "it must publish anew"
        case .malformed, .lifetimeTooLong, .noProof: "its program is faulty or newer than this one"
        case .full: "this directory is full; see hie config show"
        }
    }
}
