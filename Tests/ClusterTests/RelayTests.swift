import ConsentEngine
import ExchangeCore
import Simulation
import Testing
import Transactions
import XDSMetadata

/// What one facility showed another is not passed on after a refusal was acknowledged where it was recorded.
@Suite struct RelayTests {
    /// A clinician's answer at the emergency department that a silent clinic holds up, and a refusal at the hospital
    /// meanwhile: how many documents the answer held and when it left, and when the refusal was acknowledged.
    private static func race(_ cluster: Cluster, isSevered: Bool) async throws
        -> (documents: Int, left: Duration, acknowledged: Duration)
    {
        let patients = try await cluster.settle()
        cluster.network.set(cluster.clinic.facility.community, .silent)
        async let answer = Self.ask(cluster, about: patients.here)
        async let acknowledged = Self.refuse(cluster, for: patients.hospital, severing: isSevered)
        let (shown, moment) = try await (answer, acknowledged)
        return (shown.documents, shown.left, moment)
    }

    private static func ask(_ cluster: Cluster, about patient: PatientID) async throws
        -> (documents: Int, left: Duration)
    {
        let found = try await cluster.emergency.exchange.locateDocuments(
            of: patient, matching: DocumentQuery(), for: cluster.context(cluster.emergency))
        let left = cluster.world.uptime()
        found.ticket?.end()
        return (found.references.count, left)
    }

    /// When the refusal was acknowledged.
    private static func refuse(_ cluster: Cluster, for patient: PatientID, severing isSevered: Bool) async throws
        -> Duration
    {
        try await cluster.world.sleep(.seconds(1))
        if isSevered {
            cluster.network.set(
                cluster.hospital.facility.community, cluster.emergency.facility.community, isSevered: true)
        }
        _ = try await cluster.record(ConsentRule(.deny), for: patient, at: cluster.hospital)
        return cluster.world.uptime()
    }

    @Test(arguments: Seeds.all)
    func `word of the refusal takes back what was shown but not passed on yet`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let race = try await Self.race(cluster, isSevered: false)
            #expect(race.acknowledged < race.left, "the refusal does not wait for the question's end")
            #expect(race.documents == 0)
        }
    }

    @Test func `who cannot be told is waited for until its question is over`() throws {
        let shown = try Seeds.all.filter { seed in
            let race = try Cluster.run(seed: seed) { try await Self.race($0, isSevered: true) }
            // The hospital's answer may have been so slow that the refusal overtook it: then nothing was shown.
            #expect(race.documents == 0 || race.left < race.acknowledged, "seed \(seed)")
            return race.documents > 0
        }
        #expect(shown.count > Seeds.all.count / 2)
    }
}
