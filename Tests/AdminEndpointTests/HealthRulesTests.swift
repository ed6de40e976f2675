import AdminEndpoint
import ExchangeCore
@testable import GossipDirectory
import JSON
import Testing

/// How a node is judged, on either side of each threshold.
@Suite struct HealthRulesTests {
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let day = Duration.seconds(86400)
    private static let room: UInt64 = 64 << 20

    private static func certificate(from: Duration, until: Duration) -> CertificateStatus {
        CertificateStatus(use: "peers", keyThumbprint: "k", validFrom: now + from, validUntil: now + until)
    }

    private static func state(_ change: (inout HealthState) -> Void = { _ in }) -> HealthState {
        var state = HealthState(
            now: now, store: StoreStatus(freeBytes: 4 * room), entries: 12, room: room,
            certificates: [certificate(from: day * -1, until: day * 6)], directory: [], peersKnown: 2, peersReachable: 2)
        change(&state)
        return state
    }

    private static func grade(_ component: String, _ state: HealthState) -> HealthFinding.Grade? {
        HealthRules.findings(state).first { $0.component == component }?.grade
    }

    @Test func `a node that is well has nothing but passes and no next step`() {
        let findings = HealthRules.findings(Self.state())
        #expect(findings.grade == .pass)
        #expect(findings.allSatisfy { $0.next == nil })
        #expect(findings.map(\.component) == ["journal", "disk", "peers", "certificate peers"])
    }

    @Test func `a store that takes no writes fails and says what to do`() throws {
        let failing = Self.state {
            $0.store = StoreStatus(
                failure: ExchangeError(.unavailable, "the disk is full"), since: Self.now, next: "free it", freeBytes: 4 * Self.room)
        }
        let finding = try #require(HealthRules.findings(failing).first)
        #expect(finding.grade == .fail)
        #expect(finding.next == "free it")
        #expect(HealthRules.findings(failing).grade == .fail)
    }

    @Test(arguments: [
        (room - 1, HealthFinding.Grade.fail), (room, .warn), (4 * room - 1, .warn), (4 * room, .pass),
    ]) func `room on the disk`(_ free: UInt64, _ grade: HealthFinding.Grade) {
        #expect(Self.grade("disk", Self.state { $0.store = StoreStatus(freeBytes: free) }) == grade)
    }

    @Test func `a disk nobody can ask is worth a look`() {
        #expect(Self.grade("disk", Self.state { $0.store = StoreStatus(freeBytes: nil) }) == .warn)
    }

    /// Begin and end of the certificate in hours from now, and the grade.
    @Test(arguments: [
        (-24 * 3, 24 * 4, HealthFinding.Grade.pass), (-24 * 5, 24 * 2, .warn), (-24 * 100, 24 * 31, .pass),
        (-24 * 100, 24 * 29, .warn), (-24, 0, .fail), (1, 24, .fail),
    ]) func `certificates by their end`(_ from: Int, _ until: Int, _ grade: HealthFinding.Grade) {
        let certificate = Self.certificate(from: .seconds(from * 3600), until: .seconds(until * 3600))
        #expect(HealthRules.certificate(certificate, now: Self.now).grade == grade)
        #expect((HealthRules.certificate(certificate, now: Self.now).next == nil) == (grade == .pass))
    }

    @Test func `others that are away are worth a look, not an alarm`() {
        #expect(Self.grade("peers", Self.state { $0.peersReachable = 1 }) == .warn)
        #expect(Self.grade("peers", Self.state { $0.peersReachable = 0 }) == .warn)
        #expect(Self.grade("peers", Self.state { ($0.peersKnown, $0.peersReachable) = (0, 0) }) == .pass)
    }

    @Test func `what the directory's doctor finds is passed on with its next step`() throws {
        let off = Self.state {
            $0.directory = [
                DoctorFinding(name: "admission", isWell: true, seen: "valid", next: nil),
                DoctorFinding(name: "clock", isWell: false, seen: "off", next: "mend it"),
            ]
        }
        #expect(Self.grade("directory admission", off) == .pass)
        let clock = try #require(HealthRules.findings(off).first { $0.component == "clock" })
        #expect(clock.grade == .fail)
        #expect(clock.next == "mend it")
    }

    @Test func `a finding survives its JSON, and nonsense is none`() {
        for finding in HealthRules.findings(Self.state { $0.peersReachable = 0 }) {
            #expect(HealthFinding(finding.json) == finding)
        }
        #expect(HealthFinding(["component": "disk", "status": "splendid", "output": ""]) == nil)
        #expect(HealthFinding(.null) == nil)
    }
}
