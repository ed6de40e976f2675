import ConsentEngine
import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import PatientIndex
import Testing
import Transactions
import Trust
import XDSMetadata

@testable import Simulation

/// What a community that lies, or a wire that repeats, can do with consent statements: nothing.
@Suite struct HostileStatementTests {
    /// The hospital's statements to the clinic, made by hand.
    private struct Bench {
        let cluster: Cluster
        let patients: (hospital: PatientID, clinic: PatientID, here: PatientID, ids: Set<DocumentID>)
        let directive: DirectiveID
        var context: AccessContext { cluster.context(cluster.hospital, .peer) }

        init(_ cluster: Cluster) async throws {
            self.cluster = cluster
            patients = try await cluster.settle()
            var random = cluster.world.random
            directive = .ordered(at: cluster.world.now(), using: &random)
        }

        func statement(
            version: Int = 1, effect: ConsentEffect = .deny, status: ConsentDirective.Status = .active,
            issuer: CommunityID? = nil, audience: CommunityID? = nil, age: Duration = .zero, subject: JSONObject? = nil,
            change: (inout JSONObject) -> Void = { _ in }, key: SigningKey? = nil,
        ) async throws -> String {
            let made = ConsentDirective(
                id: directive, patient: patients.hospital, status: status, base: ConsentRule(effect),
                recorded: cluster.world.now())
            var consent = ConsentMapping.json(made)
            consent["patient"] = nil
            change(&consent)
            let record = try #require(try await cluster.hospital.exchange.projection.patient(patients.hospital))
            return try ConsentStatement(
                issuer: issuer ?? cluster.hospital.facility.community,
                audience: audience ?? cluster.clinic.facility.community, issued: cluster.world.now() - age,
                directive: directive, version: version, consent: consent,
                subject: subject
                    ?? PatientMapping.resource(identifiers: record.identifiers, demographics: record.demographics)
            ).signed(with: key ?? cluster.hospital.facility.key).compact
        }

        /// Brings it to the clinic; what the clinic's receipt says.
        func bring(_ statement: String) async throws -> StatementReceipt {
            let answered = try await cluster.clinic.exchange.receiveStatement(statement, for: context)
            for ticket in answered.tickets { ticket.end() }
            let key = cluster.clinic.facility.key.publicKey
            return try StatementReceipt(verifying: answered.receipt, from: cluster.clinic.facility.community) { _, _ in key }
        }

        func shown() async throws -> Int {
            let found = try await cluster.clinic.exchange.findDocuments(
                of: patients.clinic, matching: DocumentQuery(), for: cluster.context(cluster.emergency, .peer))
            found.ticket?.end()
            return found.references.count
        }
    }

    @Test(arguments: Seeds.all)
    func `T21 what is forged, for others, stale or from the future is refused and changes nothing`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let bench = try await Bench(cluster)
            let stranger = SigningKey()
            let clinic = cluster.clinic.facility
            for (statement, why) in [
                (try await bench.statement(key: stranger), "unknown key"),
                (try await bench.statement(key: clinic.key), "unknown key"),
                (try await bench.statement(audience: cluster.emergency.facility.community), "another audience"),
                (try await bench.statement(issuer: cluster.emergency.facility.community), "issuer"),
                (try await bench.statement(issuer: clinic.community, key: clinic.key), "issuer"),
                (try await bench.statement(age: ConsentStatement.lifetime), "expired"),
                (try await bench.statement(age: .seconds(-61)), "future"),
            ] {
                let receipt = try await bench.bring(statement)
                #expect(receipt.outcome == .refused)
                #expect(receipt.reason?.contains(why) == true, "\(receipt.reason ?? "no reason")")
            }
            let good = try await bench.statement()
            var random = cluster.world.random
            for _ in 0..<320 {
                var bytes = Array(good.utf8)
                let place = Int.random(in: bytes.indices, using: &random)
                bytes[place] ^= 1 << UInt8.random(in: 0..<7, using: &random)
                let text = String(decoding: bytes, as: UTF8.self)
                if let receipt = try? await bench.bring(text) { #expect(receipt.outcome == .refused) }
            }
            for junk in ["", ".", "..", "a.b.c", String(repeating: "x", count: TokenType.statement.bytesMax + 1)] {
                if let receipt = try? await bench.bring(junk) { #expect(receipt.outcome == .refused) }
            }
            #expect(try await bench.shown() == 1)
            #expect(try await cluster.clinic.exchange.consents(of: bench.patients.clinic).isEmpty)
        }
    }

    @Test(arguments: Seeds.all)
    func `T21 an older version never overrides a newer one, also after a restart`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let bench = try await Bench(cluster)
            let first = try await bench.statement(version: 1, effect: .permit)
            let second = try await bench.statement(version: 2)
            #expect(try await bench.bring(first).outcome == .inForce)
            #expect(try await bench.shown() == 1)
            #expect(try await bench.bring(second).outcome == .inForce)
            #expect(try await bench.shown() == 0)
            let stale = try await bench.bring(first)
            #expect(stale.outcome == .refused)
            #expect(stale.reason?.contains("version 2 is in force") == true)
            let again = try await bench.bring(second)
            #expect(again.outcome == .inForce, "said twice is in force since the first time")
            let other = try await bench.bring(try await bench.statement(version: 2, status: .inactive))
            #expect(other.reason?.contains("says something else") == true)
            #expect(try await bench.shown() == 0)
            let back = try await cluster.restart(cluster.facilities[1])
            let answered = try await back.exchange.receiveStatement(first, for: bench.context)
            let key = cluster.clinic.facility.key.publicKey
            let receipt = try StatementReceipt(verifying: answered.receipt, from: cluster.clinic.facility.community) {
                _, _ in key
            }
            #expect(receipt.outcome == .refused)
            let versions = try await back.exchange.consents(of: bench.patients.clinic)
            #expect(versions.map(\.directive.origin?.version) == [2])
        }
    }

    @Test(arguments: Seeds.all)
    func `a statement about somebody else, or about nobody for certain, touches nobody`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let bench = try await Bench(cluster)
            let other = try await cluster.clinic.exchange.registerPatient(
                PatientRegistration(
                    identifiers: [PatientIdentifier(system: "urn:oid:1.2.3", value: "O-1")!],
                    demographics: Demographics(
                        names: [PersonName(family: "Abernathy", given: ["Zebulon"])],
                        birthDate: PartialDate("1931-12-31"), sex: .male,
                        addresses: [PostalAddress(lines: ["9 Elm"], city: "Far", state: "ME", postalCode: "04001")],
                        phones: ["207-555-0199"])), for: cluster.context(cluster.clinic, .administration))
            let nobody: JSONObject = [
                "resourceType": "Patient", "name": [["family": "Quintero Vasquez", "given": ["Marisol"]]],
            ]
            #expect(try await bench.bring(bench.statement(subject: nobody)).outcome == .none)
            #expect(try await bench.bring(bench.statement(subject: [:])).outcome == .none)
            #expect(try await bench.shown() == 1)
            #expect(try await bench.bring(bench.statement()).outcome == .inForce)
            let theirs = PatientMapping.resource(identifiers: other.identifiers, demographics: other.demographics)
            let moved = try await bench.bring(bench.statement(version: 2, status: .inactive, subject: theirs))
            #expect(moved.outcome == .refused)
            #expect(moved.reason?.contains("another one") == true)
            #expect(try await bench.shown() == 0)
            #expect(try await cluster.clinic.exchange.consents(of: other.id).isEmpty)
            let gone = try await bench.bring(bench.statement(version: 2, status: .inactive, subject: nobody))
            #expect(gone.outcome == .inForce, "a revocation finds the patient by the directive it revokes")
            #expect(try await bench.shown() == 1)
        }
    }

    @Test func `what is not understood denies, and the receipt says so; what is no Consent is refused`() throws {
        try Cluster.run(seed: 1) { cluster in
            let bench = try await Bench(cluster)
            let doubtful = try await bench.bring(
                bench.statement(effect: .permit) { $0["provision"] = ["type": "permit", "mood": "generous"] })
            #expect(doubtful.outcome == .inForce)
            #expect(doubtful.reason?.contains("Consent.provision.mood") == true)
            #expect(try await bench.shown() == 0)
            for change in [
                { (consent: inout JSONObject) in consent["resourceType"] = "Patient" },
                { $0["meta"] = nil; $0["dateTime"] = nil }, { $0 = [:] },
            ] {
                let receipt = try await bench.bring(bench.statement(version: 3, change: change))
                #expect(receipt.outcome == .refused)
                #expect(receipt.reason?.contains("not understood") == true)
            }
            let strange = String(repeating: "\u{1F469}\u{200D}\u{1F467}", count: 300)
            let odd = try await bench.bring(
                bench.statement(version: 4, effect: .permit) { $0["provision"] = ["type": "permit", strange: 1] })
            #expect(odd.outcome == .inForce, "a long name does not spoil the receipt")
            let large = try await bench.bring(
                bench.statement(version: 5, effect: .permit) {
                    $0["language"] = .string(String(repeating: "x", count: 300_000))
                })
            #expect(large.outcome == .refused)
            #expect(try await bench.shown() == 0, "the former state stays")
        }
    }

    @Test func `a receipt waits for the answers it overtakes`() throws {
        try Cluster.run(seed: 3) { cluster in
            let bench = try await Bench(cluster)
            let found = try await cluster.clinic.exchange.findDocuments(
                of: bench.patients.clinic, matching: DocumentQuery(), for: cluster.context(cluster.emergency, .peer))
            let ticket = try #require(found.ticket)
            let statement = try await bench.statement()
            let started = cluster.world.uptime()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await cluster.world.sleep(.milliseconds(700))
                    ticket.end()
                }
                #expect(try await bench.bring(statement).outcome == .inForce)
                try await group.waitForAll()
            }
            #expect(cluster.world.uptime() - started >= .milliseconds(700))
        }
    }

    @Test func `who hides that somebody is a patient says none, and obeys all the same`() throws {
        try Cluster.run(seed: 5) { cluster in
            let bench = try await Bench(cluster)
            let hospital = ConsentActor.organization(cluster.hospital.facility.community.urn)
            _ = try await cluster.record(
                ConsentRule(.deny, actors: [hospital]), for: bench.patients.clinic, at: cluster.clinic)
            #expect(try await bench.shown() == 1)
            let receipt = try await bench.bring(bench.statement())
            #expect(receipt.outcome == .none)
            #expect(receipt.since == nil && receipt.reason == nil)
            #expect(try await bench.shown() == 0)
        }
    }
}
