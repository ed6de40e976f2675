import ConsentEngine
import ExchangeCore
import ExchangeNode
import Foundation
import GossipDirectory
import JSON
import PeerTransport
import Testing
import Transactions

/// Hospital, clinic and emergency department with one patient registered at each, and a clinician at the third.
struct Region: Sendable {
    let network: Network
    let hospital: RunningNode
    let clinic: RunningNode
    let emergency: RunningNode
    let patient: PatientID
    let atHospital: PatientID
    let atClinic: PatientID
    let clinician: NodeClient

    /// Starts the three, each told of one other at the most, and waits until each lists all.
    static func run(_ body: (Region) async throws -> Void) async throws {
        try await Network.run { network in
            let hospital = try network.add()
            try await hospital.start()
            let clinic = try network.add(
                .init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11", seeds: [hospital]))
            try await clinic.start()
            let emergency = try network.add(
                .init(name: "emergency", community: "1.3.6.1.4.1.21367.2026.12", seeds: [clinic]))
            try await emergency.start()
            for node in [hospital, clinic, emergency] {
                try await until("\(node.name) lists three nodes") {
                    try node.exchange.directory.peers(at: World.system.now()).count == 3
                }
            }
            let region = Region(
                network: network, hospital: hospital, clinic: clinic, emergency: emergency,
                patient: try await emergency.register("ED-1").id, atHospital: try await hospital.register("RH-1").id,
                atClinic: try await clinic.register("C-1").id, clinician: try emergency.client())
            try await body(region)
        }
    }

    /// Publishes one document at a facility; its bytes.
    @discardableResult
    func publish(_ number: Int, at node: RunningNode, of mrn: String) async throws -> [UInt8] {
        let bytes = Array((Canary.document(number) + " of the " + node.name).utf8)
        let client = try node.client("writer\(number)")
        let answer = try await client.post("/DocumentReference", Submissions.simplified(bytes, at: node, of: mrn))
        try #require(answer.status == 201, "\(answer.text)")
        return bytes
    }

    /// The clinician's question.
    func find() async throws -> Reply {
        let answer = try await clinician.send(.get, "/DocumentReference?patient=\(patient)")
        try #require(answer.status == 200, "\(answer.text)")
        return answer
    }

    /// Waits until the newest version of a directive is in force at others.
    func follow(_ id: DirectiveID, from origin: RunningNode, to others: [RunningNode]) async throws {
        try await until("the directive is in force everywhere") {
            let standings = try await origin.exchange.standings(of: id)
            let settled = standings.filter { $0.state.word == "in-force" }.map(\.community)
            return others.allSatisfy { settled.contains($0.community) }
        }
    }

    /// What each community said, by the last arc of its OID.
    static func receipt(_ reply: Reply) throws -> [String: String] {
        var said: [String: String] = [:]
        for issue in try reply.issues {
            guard let community = issue["extension"]?[0]?["valueOid"]?.string else { continue }
            said[String(community.suffix(2))] = issue["details"]?["coding"]?[0]?["code"]?.string
        }
        return said
    }

    /// An answer without what differs from one time to the next.
    static func plain(_ reply: Reply) -> String {
        var text = reply.text
        while let start = text.range(of: "elapsed="), let end = text[start.upperBound...].range(of: "ms") {
            text.replaceSubrange(start.lowerBound..<end.upperBound, with: "~")
        }
        if let start = text.range(of: #"completeness-receipt","valueString":""#),
            let end = text[start.upperBound...].firstIndex(of: "\"")
        {
            let words = claims(String(text[start.upperBound..<end])).map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            text.replaceSubrange(start.upperBound..<end, with: words)
        }
        while let start = text.range(of: "urn:uuid:"), let end = text[start.upperBound...].firstIndex(of: "\"") {
            text.replaceSubrange(start.lowerBound..<end, with: "~")
        }
        return text
    }

    /// What a signed receipt says of each community, and of the whole; not when, nor with what signature.
    private static func claims(_ compact: String) -> [(String, String)] {
        let parts = compact.split(separator: ".")
        guard parts.count == 3, let bytes = Base64.decode(String(parts[1]), .url),
            let payload = try? JSONReader.read(bytes)
        else { return [("no", "receipt")] }
        return (payload["communities"]?.items ?? []).map {
            ($0["community"]?.string ?? "", "\($0["answer"]?.string ?? "") \($0["documents"]?.integer ?? 0)")
        } + [("complete", "\(payload["complete"]?.bool ?? false)"), ("documents", "\(payload["documents"]?.integer ?? -1)")]
    }
}

extension RealNodes {
    /// What nodes do for each other, over their own sockets.
    @Suite struct ThreeNodesTests {
        @Test func `gossip brings everybody, find asks everybody, retrieve goes through to the exact bytes`() async throws {
            try await Region.run { region in
                let first = try await region.publish(1, at: region.hospital, of: "RH-1")
                let second = try await region.publish(2, at: region.clinic, of: "C-1")
                let found = try await region.find()
                #expect(try found.matches.count == 2)
                #expect(try Region.receipt(found) == ["10": "answered", "11": "answered", "12": "none"])
                var documents: [[UInt8]] = []
                for match in try found.matches {
                    let url = try #require(match["resource"]?["content"]?[0]?["attachment"]?["url"]?.string)
                    #expect(url.contains(":\(region.emergency.clients.number)/"), "through the clinician's own node")
                    let document = try await region.clinician.document(path(url))
                    #expect(document.status == 200, "\(document.text)")
                    documents.append(document.bytes)
                }
                #expect(Set(documents) == [first, second])
                let events = try await region.hospital.exchange.accessLog(
                    of: region.atHospital, limit: 50, for: region.hospital.administrator)
                let asked = events.filter { $0.record.door == "peer" }
                #expect(Set(asked.map(\.record.transaction)).isSuperset(of: ["ITI-119", "ITI-67", "ITI-68"]))
                #expect(asked.allSatisfy { $0.record.user == "dr.brattain" && $0.record.purpose == "TREAT" })
                #expect(asked.allSatisfy { $0.record.community == region.emergency.community })
                let own = try await region.emergency.exchange.accessLog(
                    of: region.patient, limit: 50, for: region.emergency.administrator)
                let traces = Set(own.filter { $0.record.transaction == "ITI-68" }.map(\.record.traceID))
                #expect(traces.count == 2)
                let there = asked.filter { $0.record.transaction == "ITI-68" }.map(\.record.traceID)
                #expect(there.count == 1 && traces.isSuperset(of: there), "one trace id at both nodes")
            }
        }

        @Test func `a refusal hides a facility's documents as if there were none, and revoked they are back`() async throws {
            try await Region.run { region in
                let before = try await region.find()
                try await region.publish(2, at: region.clinic, of: "C-1")
                let bytes = try await region.publish(1, at: region.hospital, of: "RH-1")
                let shown = try await region.find()
                #expect(try shown.matches.count == 2)
                let url = try #require(
                    try shown.matches.compactMap { $0["resource"]?["content"]?[0]?["attachment"]?["url"]?.string }
                        .first { $0.contains("2026.10") })
                #expect(try await region.clinician.document(path(url)).bytes == bytes)

                let refusal = try await region.hospital.refuse(region.atHospital)
                #expect(try await Region.receipt(region.find())["10"] == "none", "at once where it was recorded")
                try await region.follow(refusal.id, from: region.hospital, to: [region.clinic, region.emergency])
                let hidden = try await region.find()
                #expect(Region.plain(hidden) == Region.plain(before))
                let refused = try await region.clinician.document(path(url))
                let place = try #require(url.range(of: "/Binary/"))
                let absent = try await region.clinician.document(
                    "/Binary/0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f" + url[place.upperBound...].dropFirst(36))
                #expect(refused.status == 404)
                #expect(refused.bytes == absent.bytes)
                let own = try await region.hospital.client("own").send(
                    .get, "/DocumentReference?patient=\(region.atHospital)")
                #expect(try own.matches.isEmpty, "enforced for the facility's own users too")
                #expect(try Region.receipt(own)["10"] == "none")

                _ = try await region.hospital.exchange.revokeConsent(refusal.id, for: region.hospital.administrator)
                try await region.follow(refusal.id, from: region.hospital, to: [region.clinic, region.emergency])
                #expect(try await region.find().matches.count == 2)
                #expect(try await region.clinician.document(path(url)).bytes == bytes)
            }
        }

        @Test func `a node that is down is named in the receipt, and back when it is back`() async throws {
            try await Region.run { region in
                try await region.publish(1, at: region.hospital, of: "RH-1")
                try await region.publish(2, at: region.clinic, of: "C-1")
                try await region.clinic.stop()
                let (found, took) = try await timing { try await region.find() }
                #expect(took < .seconds(ExchangeLimits().locateSecondsMax + 2))
                #expect(try found.matches.count == 1)
                #expect(try Region.receipt(found)["11"] == "unreachable")
                let issue = try #require(
                    try found.issues.first { $0["extension"]?[0]?["valueOid"]?.string?.hasSuffix(".11") == true })
                #expect(issue["severity"] == "warning")
                #expect(issue["code"] == "incomplete")
                #expect(issue["details"]?["text"]?.string?.contains("clinic") == true)
                try await region.clinic.start()
                try await until("the clinic answers again") {
                    let found = try await region.find()
                    return try found.matches.count == 2
                }
            }
        }

        @Test func `the directory survives a restart without seeds and with nobody to ask`() async throws {
            try await Region.run { region in
                for node in [region.hospital, region.clinic, region.emergency] { try await node.stop() }
                try region.emergency.reconfigure { text in
                    text.split(separator: "\n").map { $0.hasPrefix("seeds:") ? "seeds: []" : String($0) }
                        .joined(separator: "\n")
                }
                try await region.emergency.start()
                let known = try region.emergency.exchange.directory.communities(at: World.system.now())
                #expect(Set(known.map(\.name)).isSuperset(of: ["hospital", "clinic"]))
                let found = try await region.find()
                #expect(try Region.receipt(found) == ["10": "unreachable", "11": "unreachable", "12": "none"])
                try await region.hospital.start()
                try await until("the hospital is asked again") {
                    try await Region.receipt(region.find())["10"] == "none"
                }
            }
        }
    }
}
