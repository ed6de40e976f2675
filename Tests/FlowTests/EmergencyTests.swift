import ConsentEngine
import ExchangeCore
import JSON
import Journal
import PatientIndex
import Testing
import Transactions
import XDSMetadata

@Suite struct EmergencyTests {
    private static let reason = "Unconscious after a fall"

    private static func emergency(
        _ node: OneNode, user: String = "dr.test", reason: String? = EmergencyTests.reason,
        door: AccessContext.Door = .client, community: CommunityID = OneNode.community,
    ) -> AccessContext {
        AccessContext(
            door: door, user: user, role: "physician", organization: community.urn, community: community,
            purpose: "BTG", deadline: node.world.uptime() + .seconds(30), traceID: node.world.newTraceID(),
            reason: reason)
    }

    /// Refuses everything, but for physicians in an emergency.
    private static func dissent(_ node: OneNode, _ patient: PatientID) async throws {
        var random = node.world.random
        let permit = ConsentRule(
            .permit, actors: [.role("physician")],
            purposes: [CodedValue(code: "BTG", system: CodeSystems.actReason)])
        try await node.exchange.recordConsent(
            ConsentDirective(
                id: .ordered(at: node.world.now(), using: &random), patient: patient, base: ConsentRule(.deny),
                exceptions: [permit], recorded: node.world.now()), for: node.administrator)
    }

    @Test func `T40 an emergency without a reason is refused before anybody is looked up`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            try await node.publish(1, for: patient.id)
            let size = node.exchange.journal.size
            for reason in [nil, "", "help", "12345678901", "line\nbreak in it", String(repeating: "a b", count: 200)] {
                let context = Self.emergency(node, reason: reason)
                await #expect(throws: ExchangeError(.forbidden, "")) { _ = try await node.find(patient.id, as: context) }
                await #expect(throws: ExchangeError(.forbidden, "")) {
                    _ = try await node.exchange.findPatient(patient.id, for: context)
                }
            }
            #expect(node.exchange.journal.size == size)
        }
    }

    @Test func `T40 the glass breaks only where policy or directive allows it`() throws {
        for (policy, permits) in [
            (ConsentPolicyDefault.basicNormal, false), (.deny, false), (.breakGlassOnly, true), (.allNormal, true),
        ] {
            try OneNode.run(consent: policy) { node in
                let patient = try await node.register("A1")
                try await node.publish(1, for: patient.id)
                #expect(try await node.find(patient.id, as: Self.emergency(node)).count == (permits ? 1 : 0), "\(policy)")
                try await node.refuse(patient.id)
                #expect(try await node.find(patient.id, as: Self.emergency(node)).isEmpty, "\(policy)")
                try await Self.dissent(node, patient.id)
                #expect(try await node.find(patient.id, as: Self.emergency(node)).count == 1, "\(policy)")
                #expect(try await node.find(patient.id).isEmpty)
            }
        }
    }

    @Test func `T40 it is marked in the entry and the access log, and raises one alert for one emergency`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let entry = try await node.publish(1, for: patient.id)
            try await Self.dissent(node, patient.id)
            _ = try await node.find(patient.id, as: Self.emergency(node))
            let document = try await node.exchange.retrieveDocument(entry.id, for: Self.emergency(node))
            document.ticket.end()
            _ = try await node.find(
                patient.id, as: Self.emergency(node, door: .peer, community: OneNode.elsewhere))
            let log = try await node.exchange.accessLog(of: patient.id, limit: 10, for: node.administrator)
            #expect(log.filter(\.record.isEmergency).map(\.record.reason) == [Self.reason, Self.reason, Self.reason])
            let alerts = try await node.exchange.emergencyAlerts(for: node.administrator)
            #expect(alerts.map(\.accesses) == [1, 2])
            #expect(alerts.map(\.shown) == [[entry.id], [entry.id]])
            #expect(alerts.map(\.record.community) == [OneNode.elsewhere, OneNode.community])
            #expect(alerts.allSatisfy { $0.state == .open && $0.patient == patient.id })
            await #expect(throws: ExchangeError(.forbidden, "")) {
                _ = try await node.exchange.emergencyAlerts(for: node.context())
            }
        }
    }

    @Test func `T40 an attempt that showed nothing raises its alert too`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            try await node.publish(1, for: patient.id)
            try await node.refuse(patient.id)
            #expect(try await node.find(patient.id, as: Self.emergency(node)).isEmpty)
            let alerts = try await node.exchange.emergencyAlerts(for: node.administrator)
            #expect(alerts.map(\.shown) == [[]])
        }
    }

    @Test func `an alert is reviewed, then closed, by somebody else, and survives a rebuild`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            try await node.publish(1, for: patient.id)
            try await Self.dissent(node, patient.id)
            _ = try await node.find(patient.id, as: Self.emergency(node))
            let id = try #require(try await node.exchange.emergencyAlerts(for: node.administrator).first?.id)
            func act(_ kind: AlertAct.Kind, as user: String = "officer") async throws -> EmergencyAlert.State {
                try await node.exchange.actOnAlert(
                    id, kind, note: "called the ward", for: node.context(.administration, user: user, purpose: "HOPERAT")
                ).state
            }
            await #expect(throws: ExchangeError(.conflict, "")) { _ = try await act(.close) }
            await #expect(throws: ExchangeError(.forbidden, "")) { _ = try await act(.review, as: "dr.test") }
            #expect(try await act(.review) == .reviewed)
            // A further access after the review is an emergency of its own.
            _ = try await node.find(patient.id, as: Self.emergency(node))
            #expect(try await act(.close) == .closed)
            await #expect(throws: ExchangeError(.conflict, "")) { _ = try await act(.review) }
            let before = try await node.exchange.emergencyAlerts(withClosed: true, for: node.administrator)
            #expect(before.map(\.state) == [.open, .closed])
            _ = try await node.exchange.reader.bringUpToDate(node.exchange.projection, rebuild: true)
            #expect(try await node.exchange.emergencyAlerts(withClosed: true, for: node.administrator) == before)
            #expect(try await node.exchange.emergencyAlerts(for: node.administrator).count == 1)
            await #expect(throws: ExchangeError(.notFound, "")) {
                _ = try await node.exchange.actOnAlert(9999, .review, note: "x y", for: node.administrator)
            }
        }
    }
}
