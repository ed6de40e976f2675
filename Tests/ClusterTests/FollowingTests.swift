import ConsentEngine
import DocumentExchange
import ExchangeCore
import Simulation
import Testing
import Transactions
import Trust
import XDSMetadata

/// Consent follows the patient: through partitions, crashes, and to who joins later.
@Suite struct FollowingTests {
    @Test(arguments: Seeds.all)
    func `a refusal recorded at one facility hides everywhere, and its revocation follows too`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            #expect(try await cluster.locate(patients.here).ids == patients.ids)
            let refusal = try await cluster.record(ConsentRule(.deny), for: patients.hospital, at: cluster.hospital)
            try await cluster.inForce(refusal, from: cluster.hospital, at: [cluster.clinic, cluster.emergency])
            #expect(try await cluster.locate(patients.here).ids.isEmpty)
            _ = try await cluster.hospital.exchange.revokeConsent(
                refusal, for: cluster.context(cluster.hospital, .administration))
            try await cluster.inForce(refusal, from: cluster.hospital, at: [cluster.clinic, cluster.emergency])
            #expect(try await cluster.locate(patients.here).ids == patients.ids)
        }
    }

    @Test(arguments: Seeds.all)
    func `after a partition a facility first asks what it missed, then answers`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            let (hospital, clinic) = (cluster.hospital.facility.community, cluster.clinic.facility.community)
            cluster.network.set(hospital, clinic, isSevered: true)
            let refusal = try await cluster.record(ConsentRule(.deny), for: patients.hospital, at: cluster.hospital)
            try await cluster.inForce(refusal, from: cluster.hospital, at: [cluster.emergency])
            try await cluster.world.sleep(.seconds(ExchangeLimits().contactSecondsMax + 1))
            let standing = try await cluster.hospital.exchange.standings(of: refusal).first { $0.community == clinic }
            #expect(standing?.state == .pending("it cannot be reached"))
            // The rule: a community that cannot be reached stops nobody. Only the emergency department's own copy hides.
            let found = try await cluster.clinic.exchange.findDocuments(
                of: patients.clinic, matching: DocumentQuery(),
                for: cluster.context(cluster.emergency, .peer))
            found.ticket?.end()
            #expect(found.references.count == 1)
            cluster.network.set(hospital, clinic, isSevered: false)
            // Who did not answer is not waited for again within a second; from then on it is asked first.
            try await cluster.world.sleep(PeerContacts.graceAfterFailure)
            let after = try await cluster.clinic.exchange.findDocuments(
                of: patients.clinic, matching: DocumentQuery(),
                for: cluster.context(cluster.emergency, .peer))
            after.ticket?.end()
            #expect(after.references.count == 0)
            try await cluster.inForce(refusal, from: cluster.hospital, at: [cluster.clinic])
        }
    }

    @Test(arguments: Seeds.all)
    func `a facility that was down while consent was recorded never answers with what it forbids`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            let clinic = cluster.clinic.facility.community
            cluster.network.set(clinic, .down)
            let refusal = try await cluster.record(ConsentRule(.deny), for: patients.hospital, at: cluster.hospital)
            #expect(try await cluster.standing(refusal, from: cluster.hospital, at: cluster.clinic) == "pending")
            // Without the loops of its own life: nothing but the question itself makes it ask.
            let back = try await cluster.restart(cluster.facilities[1])
            for _ in 0..<20 {
                let found = try await back.exchange.findDocuments(
                    of: patients.clinic, matching: DocumentQuery(), for: cluster.context(cluster.emergency, .peer))
                found.ticket?.end()
                #expect(found.references.count == 0)
            }
            try await cluster.inForce(refusal, from: cluster.hospital, at: [cluster.clinic])
        }
    }

    @Test(arguments: Seeds.all)
    func `what waits for a facility survives a crash of the one that recorded it`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            cluster.network.set(cluster.clinic.facility.community, .down)
            let refusal = try await cluster.record(ConsentRule(.deny), for: patients.hospital, at: cluster.hospital)
            let back = try await cluster.restart(cluster.facilities[0])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await back.gossip() }
                cluster.network.set(cluster.clinic.facility.community, .up)
                try await cluster.inForce(refusal, from: back, at: [cluster.clinic, cluster.emergency])
                group.cancelAll()
            }
            #expect(try await cluster.locate(patients.here).ids.isEmpty)
        }
    }

    @Test(arguments: Seeds.all)
    func `a facility that joins later gets what was recorded before`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            let refusal = try await cluster.record(ConsentRule(.deny), for: patients.hospital, at: cluster.hospital)
            let facility = try SimulatedFacility(
                community: CommunityID("1.3.6.1.4.1.21367.2026.19")!, name: "Rehabilitation", consent: .optOut,
                authority: cluster.authority, world: cluster.world)
            let joined = try await SimulatedNode(
                facility, seeds: [cluster.facilities[0]], authority: cluster.authority.publicKey,
                network: cluster.network, world: cluster.world)
            _ = try await cluster.register(joined, mrn: "R-1", given: ["Marisol"], phone: "802-555-0142")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try? await joined.gossip() }
                try await cluster.inForce(refusal, from: cluster.hospital, at: [joined])
                group.cancelAll()
            }
        }
    }

    @Test(arguments: Seeds.all)
    func `who is nobody's patient at first is found when that facility asks`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            try await cluster.converge()
            let atHospital = try await cluster.register(
                cluster.hospital, mrn: "RH-1", given: ["Marisol", "Elena"], phone: "+1-802-555-0142")
            let only = ConsentRule(.deny, actors: [.organization(cluster.clinic.facility.community.urn)])
            let refusal = try await cluster.record(only, for: atHospital, at: cluster.hospital)
            for _ in 0..<600 where try await cluster.standing(refusal, from: cluster.hospital, at: cluster.emergency) != "none" {
                try await cluster.world.sleep(.milliseconds(100))
            }
            #expect(try await cluster.standing(refusal, from: cluster.hospital, at: cluster.emergency) == "none")
            let here = try await cluster.register(
                cluster.emergency, mrn: "ED-1", given: ["Marisol", "E"], phone: "8025550142")
            _ = try await cluster.locate(here)
            try await cluster.inForce(refusal, from: cluster.hospital, at: [cluster.emergency])
        }
    }

    @Test(arguments: Seeds.all)
    func `two facilities' refusals stand beside each other, and each is taken back by its own`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            let everywhere = [cluster.hospital, cluster.clinic, cluster.emergency]
            let one = try await cluster.record(ConsentRule(.deny), for: patients.hospital, at: cluster.hospital)
            let two = try await cluster.record(ConsentRule(.deny), for: patients.clinic, at: cluster.clinic)
            // Each hides from the other that it knows the patient, so the receipts say none; they obey all the same.
            try await cluster.holds(1, of: one, from: cluster.hospital, at: Array(everywhere.dropFirst()))
            try await cluster.holds(1, of: two, from: cluster.clinic, at: [cluster.hospital, cluster.emergency])
            _ = try await cluster.hospital.exchange.revokeConsent(
                one, for: cluster.context(cluster.hospital, .administration))
            try await cluster.holds(2, of: one, from: cluster.hospital, at: Array(everywhere.dropFirst()))
            #expect(try await cluster.locate(patients.here).ids.isEmpty, "the clinic's stands")
            let copies = try await cluster.hospital.exchange.consents(of: patients.hospital)
                .filter { $0.directive.origin != nil }
            #expect(copies.count == 1)
            for copy in copies {
                await #expect(throws: ExchangeError(.conflict, "")) {
                    _ = try await cluster.hospital.exchange.revokeConsent(
                        copy.id, for: cluster.context(cluster.hospital, .administration))
                }
            }
            _ = try await cluster.clinic.exchange.revokeConsent(
                two, for: cluster.context(cluster.clinic, .administration))
            try await cluster.holds(2, of: two, from: cluster.clinic, at: [cluster.hospital, cluster.emergency])
            #expect(try await cluster.locate(patients.here).ids == patients.ids)
        }
    }

    @Test(arguments: Seeds.all)
    func `another facility's permission opens nothing here, and its exceptions only loosen its own refusal`(seed: UInt64)
        throws
    {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            _ = try await cluster.record(ConsentRule(.deny), for: patients.clinic, at: cluster.clinic)
            let emergency = ConsentActor.organization(cluster.emergency.facility.community.urn)
            let permission = try await cluster.record(
                ConsentRule(.deny), for: patients.hospital, at: cluster.hospital,
                exceptions: [ConsentRule(.permit, actors: [emergency])])
            try await cluster.holds(1, of: permission, from: cluster.hospital, at: [cluster.clinic])
            let found = try await cluster.clinic.exchange.findDocuments(
                of: patients.clinic, matching: DocumentQuery(), for: cluster.context(cluster.emergency, .peer))
            found.ticket?.end()
            #expect(found.references.count == 0, "the clinic's own refusal decides")
        }
    }

    @Test(arguments: Seeds.all)
    func `a question that cannot wait for a silent facility is told to come again, one that can is answered`(seed: UInt64)
        throws
    {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            let back = try await cluster.restart(cluster.facilities[1])
            cluster.network.set(cluster.hospital.facility.community, .silent)
            func ask(within limit: Duration) async throws -> Int {
                let asked = AccessContext(
                    door: .peer, user: "dr.brattain", role: "physician",
                    organization: cluster.emergency.facility.community.urn,
                    community: cluster.emergency.facility.community, purpose: "TREAT",
                    deadline: cluster.world.uptime() + limit, traceID: cluster.world.newTraceID())
                let found = try await back.exchange.findDocuments(
                    of: patients.clinic, matching: DocumentQuery(), for: asked)
                found.ticket?.end()
                return found.references.count
            }
            await #expect(throws: ExchangeError(.unavailable, "")) { _ = try await ask(within: .seconds(1)) }
            let started = cluster.world.uptime()
            #expect(try await ask(within: .seconds(10)) == 1)
            let took = cluster.world.uptime() - started
            #expect(took < .seconds(ExchangeLimits().catchUpSecondsMax + 1))
            let again = cluster.world.uptime()
            #expect(try await ask(within: .seconds(10)) == 1)
            #expect(cluster.world.uptime() - again < .milliseconds(100), "nobody waits again within a second")
        }
    }
}
