import ExchangeCore
import Journal
import Simulation
import Testing
import Transactions
import XDSMetadata

/// The rules that raise alerts, one by one, and what an officer does about them.
@Suite struct AlertRulesTests {
    private static let noon = Timestamp(seconds: 1_790_078_400)

    private func event(
        _ position: UInt64, _ user: String = "dr.test", role: String? = "physician", denied: Bool = false,
        at time: Timestamp = AlertRulesTests.noon,
    ) throws -> AccessEvent {
        let context = AccessContext(
            door: .client, user: user, role: role, organization: "o", community: OneNode.community, purpose: "TREAT",
            deadline: .zero, traceID: "t")
        let document = try #require(DocumentID(bytes: [UInt8](repeating: 1, count: 16)))
        return AccessEvent(
            position: position, time: time,
            record: AccessRecord(
                transaction: "ITI-67", context: context, factsPosition: 0,
                decisions: [.init(documents: [document], isPermitted: !denied, rules: ["r"])]))
    }

    private func patient(_ number: UInt8) throws -> PatientID {
        try #require(PatientID(bytes: [UInt8](repeating: number, count: 16)))
    }

    @Test func `own record and same surname, by what the facility says of staff or by the user's name`() throws {
        var thresholds = AlertThresholds()
        thresholds.staff["u17"] = StaffMember(family: "Vásquez", identifiers: ["urn:x|1"])
        var rules = AlertRules(thresholds)
        var facts = AccessedPatient()
        facts.families = ["Quintero Vasquez"]
        facts.identifiers = ["urn:x|2"]
        let relative = rules.take(try event(1, "u17"), of: try patient(1), knowing: facts)
        #expect(relative.map(\.rule) == [.sameSurname] && relative[0].evidence == [1])
        #expect(rules.take(try event(2, "u17"), of: try patient(1), knowing: facts).isEmpty, "once a day")
        facts.identifiers = ["urn:x|1"]
        #expect(rules.take(try event(3, "u17"), of: try patient(2), knowing: facts).map(\.rule) == [.ownRecord])
        #expect(rules.take(try event(4, "dr.quintero"), of: try patient(3), knowing: facts).map(\.rule) == [.sameSurname])
        #expect(rules.take(try event(5, "dr.other"), of: try patient(3), knowing: facts).isEmpty)
    }

    /// Accesses that stay just below what a rule asks for, and the one that raises it.
    private func cases(_ rule: AlertRules.Rule) throws -> (below: [(AccessEvent, UInt8, AccessedPatient)], raise: (AccessEvent, UInt8, AccessedPatient)) {
        let defaults = AlertThresholds()
        var person = AccessedPatient()
        person.families = ["Quintero"]
        person.identifiers = ["urn:x|1"]
        let nobody = AccessedPatient()
        switch rule {
        case .ownRecord:
            var other = person
            other.identifiers = ["urn:x|2"]
            other.families = ["Zweig"]
            return ([(try event(1, "u17"), 1, other)], (try event(2, "u17"), 1, person))
        case .sameSurname:
            // Part of a name is none, and what was withheld was not looked at.
            return (
                [(try event(1, "dr.quinter"), 1, person), (try event(2, "dr.quintero", denied: true), 1, person)],
                (try event(3, "dr.quintero"), 1, person)
            )
        case .manyPatients:
            let below = try (1..<defaults.manyPatients).map { (try event(UInt64($0)), UInt8($0), nobody) }
            return (below, (try event(99), 99, nobody))
        case .deniedSeries:
            let below = try (1..<defaults.deniedAttempts).map { (try event(UInt64($0), denied: true), UInt8(1), nobody) }
            return (below, (try event(99, denied: true), 1, nobody))
        case .afterDischarge:
            let limit = Duration.seconds(86_400 * defaults.dischargeDays)
            var (late, inTime) = (AccessedPatient(), AccessedPatient())
            inTime.careEnded = Self.noon - limit
            late.careEnded = Self.noon - limit - .seconds(1)
            return ([(try event(1), UInt8(1), inTime), (try event(2), UInt8(2), nobody)], (try event(3), UInt8(3), late))
        case .outOfHours:
            let night = Self.noon + .seconds(10 * 3600)
            return (
                [
                    (try event(1, role: "clerk", at: night - .seconds(1)), 1, nobody),
                    (try event(2, role: "nurse", at: night), 1, nobody),
                ], (try event(3, role: "clerk", at: night), 1, nobody)
            )
        }
    }

    @Test(arguments: AlertRules.Rule.allCases) func `each rule that ships is raised by what it asks for, and not just below it`(
        _ rule: AlertRules.Rule,
    ) throws {
        var thresholds = AlertThresholds()
        thresholds.staff["u17"] = StaffMember(family: "Zwanzig", identifiers: ["urn:x|1"])
        var rules = AlertRules(thresholds)
        let (below, raise) = try cases(rule)
        for (event, number, facts) in below {
            #expect(rules.take(event, of: try patient(number), knowing: facts).isEmpty, "entry \(event.position)")
        }
        let raised = rules.take(raise.0, of: try patient(raise.1), knowing: raise.2)
        #expect(raised.map(\.rule) == [rule])
        #expect(raised.first?.evidence.contains(raise.0.position) == true)
        thresholds.isOn = false
        var off = AlertRules(thresholds)
        #expect(off.take(raise.0, of: try patient(raise.1), knowing: raise.2).isEmpty)
    }

    @Test func `the largest threshold is reached also by whoever looked at one patient a thousand times before, and said once a day`() throws {
        var thresholds = AlertThresholds()
        thresholds.manyPatients = 500
        var rules = AlertRules(thresholds)
        func many(_ number: Int) throws -> PatientID {
            try #require(PatientID(bytes: [UInt8](repeating: 7, count: 14) + [UInt8(number / 256), UInt8(number % 256)]))
        }
        for number in 1...1_000 { #expect(rules.take(try event(UInt64(number)), of: try many(0), knowing: .init()).isEmpty) }
        for number in 1..<499 { #expect(rules.take(try event(UInt64(1_000 + number)), of: try many(number), knowing: .init()).isEmpty) }
        let raised = rules.take(try event(1_499), of: try many(499), knowing: .init())
        #expect(raised.map(\.rule) == [.manyPatients] && raised.first?.evidence.count == 500)
        #expect(rules.take(try event(1_500), of: try many(500), knowing: .init()).isEmpty, "once a day")
        let tomorrow = try event(1_501, at: Self.noon + .seconds(86_400))
        #expect(rules.take(tomorrow, of: try many(1), knowing: .init()).isEmpty, "yesterday's looks are out of the window")
    }

    @Test func `what is known of a patient is read once a day for a user and an outcome`() throws {
        var rules = AlertRules(AlertThresholds())
        let (one, other) = (try patient(1), try patient(2))
        var wanted: [Bool] = []
        for event in [try event(1), try event(2), try event(3, denied: true), try event(4, "dr.other")] {
            wanted.append(rules.wantsFacts(event, of: one))
        }
        wanted.append(rules.wantsFacts(try event(5), of: other))
        wanted.append(rules.wantsFacts(try event(6, at: Self.noon + .seconds(86_400)), of: one))
        #expect(wanted == [true, false, true, true, true, true])
    }

    @Test func `many patients, denials in series, after discharge and out of hours, at their thresholds and not before`() throws {
        var thresholds = AlertThresholds()
        thresholds.manyPatients = 5
        thresholds.deniedAttempts = 3
        var rules = AlertRules(thresholds)
        for number in 1...4 {
            let looked = rules.take(try event(UInt64(number)), of: try patient(UInt8(number)), knowing: .init())
            #expect(looked.isEmpty)
        }
        #expect(rules.take(try event(5), of: try patient(4), knowing: .init()).isEmpty, "the same patient again")
        let many = rules.take(try event(6), of: try patient(5), knowing: .init())
        #expect(many.map(\.rule) == [.manyPatients] && many[0].evidence == [1, 2, 3, 4, 6])
        for number in 10...11 {
            let denied = rules.take(try event(UInt64(number), "x", denied: true), of: try patient(9), knowing: .init())
            #expect(denied.isEmpty)
        }
        let late = rules.take(
            try event(12, "x", denied: true, at: Self.noon + .seconds(660)), of: try patient(9), knowing: .init())
        #expect(late.isEmpty, "outside of the window")
        for number in 13...14 {
            let denied = rules.take(
                try event(UInt64(number), "x", denied: true, at: Self.noon + .seconds(661)), of: try patient(9),
                knowing: .init())
            #expect(denied.map(\.rule) == (number == 14 ? [.deniedSeries] : []))
        }
        var ended = AccessedPatient()
        ended.careEnded = Self.noon - .seconds(86_400 * 91)
        #expect(rules.take(try event(20, "z"), of: try patient(20), knowing: ended).map(\.rule) == [.afterDischarge])
        ended.careEnded = Self.noon - .seconds(86_400 * 89)
        #expect(rules.take(try event(21, "z"), of: try patient(21), knowing: ended).isEmpty)
        let night = Self.noon + .seconds(12 * 3600)
        #expect(rules.take(try event(22, "n", role: "nurse", at: night), of: try patient(22), knowing: .init()).isEmpty)
        #expect(
            rules.take(try event(23, "c", role: "clerk", at: night), of: try patient(22), knowing: .init()).map(\.rule)
                == [.outOfHours])
    }

    @Test func `a raised alert stands in the journal once, is reviewed and closed by another, and listing it is recorded`() throws {
        try OneNode.run { scene in
            let patient = try await scene.register("M-1", family: "Brattain").id
            try await scene.publish(1, for: patient)
            for _ in 0..<3 { _ = try await scene.find(patient, as: scene.context(user: "dr.brattain")) }
            var rules = AlertRules(scene.exchange.settings.alerts)
            var next = try await scene.exchange.watchOnce(&rules, from: 0)
            var again = AlertRules(scene.exchange.settings.alerts)
            next = try await scene.exchange.watchOnce(&again, from: 0)
            #expect(next == scene.exchange.journal.size)
            let alerts = try await scene.exchange.ruleAlerts(for: scene.administrator)
            #expect(alerts.map(\.raised.rule) == [.sameSurname] && alerts[0].raised.patient == patient)
            let id = try #require(alerts.first?.id)
            let own = scene.context(.administration, user: "dr.brattain")
            await #expect(throws: ExchangeError(.forbidden, "")) {
                _ = try await scene.exchange.actOnAnyAlert(id, .review, note: "mine", for: own)
            }
            await #expect(throws: ExchangeError(.conflict, "")) {
                _ = try await scene.exchange.actOnAnyAlert(id, .close, note: "early", for: scene.administrator)
            }
            _ = try await scene.exchange.actOnAnyAlert(id, .review, note: "asked them", for: scene.administrator)
            _ = try await scene.exchange.actOnAnyAlert(id, .close, note: "a cousin in care", for: scene.administrator)
            #expect(try await scene.exchange.ruleAlerts(for: scene.administrator).isEmpty)
            let closed = try await scene.exchange.ruleAlerts(withClosed: true, for: scene.administrator)
            #expect(closed.first?.notes.map(\.act.note) == ["asked them", "a cousin in care"])
            let told = try await scene.exchange.reader.entries(from: 0, limit: 100).filter {
                String(decoding: $0.payload, as: UTF8.self).hasPrefix("{\"read\":\"alerts\"")
            }
            #expect(told.count == 3)
        }
    }
}
