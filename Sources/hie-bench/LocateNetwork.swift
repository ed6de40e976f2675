import ExchangeCore
import ExchangeNode
import Foundation
import Glibc
import GossipDirectory
import JSON
import PeerTransport
import Trust

/// A network of scripted communities on this machine: its authority, their certificates, admissions and records, and the
/// process they answer from.
final class LocateNetwork: Sendable {
    /// Everything lies below it; removed by `end`.
    let folder: String
    /// The network's authority, which the asking node is certified by as well.
    let authority: NetworkAuthorityFolder
    /// The communities, in order.
    let plan: ResponderPlan
    /// What the asking node's directory knows of them: admissions and records, signed.
    let facts: [DirectoryFact]
    private let process: ChildProcess
    private let control: HTTPConnection

    /// Makes the network and starts its process.
    ///
    /// - Parameters:
    ///   - count: how many communities.
    ///   - parent: the disk everything lies on.
    ///   - program: this program, run again as `responder`.
    init(_ count: Int, under parent: String, program: String, seed: UInt64) async throws {
        folder = try BenchFolder(under: parent).path
        let world = World.system
        authority = NetworkAuthorityFolder(folder + "/network", world: world)
        try authority.create(name: "Bench network")
        let signer = try CertificateAuthority(
            certificatePEM: PlainFile.text(authority.certificate),
            keyPEM: SecretFile.text(authority.folder.appendingPathComponent("network.key")))
        var ports: Set<Int> = []
        while ports.count < count * 2 { ports.insert(try FreePort.find()) }
        let order = ports.sorted()
        var places: [ResponderPlan.Place] = []
        var facts: [DirectoryFact] = []
        var random = world.random
        let now = world.now()
        for number in 0..<count {
            guard let community = CommunityID("1.3.6.1.4.1.21367.2026.\(1000 + number)") else { continue }
            let key = SigningKey()
            let certificate = try signer.issueNode(
                community: community, key: key.publicKey, ipAddresses: ["127.0.0.1"], now: now, using: &random)
            let place = ResponderPlan.Place(
                community: community, ports: [order[2 * number], order[2 * number + 1]],
                certificate: "\(folder)/\(number).pem", key: "\(folder)/\(number).key",
                patient: .random(using: &random))
            try SecretFile.replace(
                URL(fileURLWithPath: place.certificate), Array(CertificatePEM.write([certificate]).utf8))
            try SecretFile.create(URL(fileURLWithPath: place.key), Array(key.pem.utf8))
            places.append(place)
            facts += try Self.facts(place, key, signer, named: "Bench \(number)", now: now)
        }
        self.facts = facts
        plan = ResponderPlan(
            network: authority.certificate.path, control: folder + "/control", seed: seed, places: places)
        try SecretFile.replace(URL(fileURLWithPath: folder + "/plan.json"), JSONWriter.bytes(plan.json))
        let process = try ChildProcess(
            program, ["responder", "--plan", folder + "/plan.json"], log: folder + "/responder.log")
        self.process = process
        do {
            control = try await Self.connected(folder + "/control", process)
        } catch {
            process.signal(SIGKILL)
            process.wait()
            throw error
        }
    }

    /// What an admitted community's own record says: two endpoints, each good for everything.
    private static func facts(
        _ place: ResponderPlan.Place, _ key: SigningKey, _ signer: CertificateAuthority, named name: String,
        now: Timestamp,
    ) throws(ExchangeError) -> [DirectoryFact] {
        let network = signer.key.publicKey.thumbprint
        let admission = try Admission(
            granting: .init(
                network: network, community: place.community, organization: name, keys: [key.publicKey], issued: now),
            key: signer.key)
        let endpoints = place.ports.compactMap { EndpointURL("https://127.0.0.1:\($0)/fhir") }
        let issued = Timestamp(seconds: now.seconds)
        let record = try DirectoryRecord(
            stating: .init(
                network: network, community: place.community, epoch: 1, sequence: UInt64(clamping: now.milliseconds),
                previous: nil, issued: issued, expires: Timestamp(seconds: (issued + .seconds(48 * 3600)).seconds),
                status: .active,
                profile: DirectoryProfile(
                    organization: name, endpoints: endpoints.map { DirectoryEndpoint(role: "fhir", url: $0) },
                    capabilities: ["mhd/4.2", "pdqm/3.2"]),
                keys: [key.publicKey.thumbprint], admission: admission.token.hash), key: key)
        return [
            DirectoryFact(kind: .admission, community: place.community, compact: admission.token.compact),
            DirectoryFact(kind: .record, community: place.community, compact: record.token.compact),
        ]
    }

    private static func connected(_ path: String, _ process: ChildProcess) async throws -> HTTPConnection {
        let watch = Stopwatch()
        while watch.seconds < 60 {
            if let ending = process.ending { throw ExchangeError(.unavailable, "the responders ended: \(ending)") }
            if let connection = try? await HTTPConnection.connect(to: .socket(path: path), group: Load.eventLoops) {
                return connection
            }
            try await World.system.sleep(.milliseconds(20))
        }
        throw ExchangeError(.unavailable, "the responders did not listen within a minute")
    }

    /// Sets how every community behaves; the requests since the last time by the first letter of their trace ids.
    @discardableResult
    func set(_ manner: (Int) -> ResponderManner) async throws -> [Character: Int] {
        let words: [JSONValue] = plan.places.indices.map { .string(manner($0).word) }
        let request = ClientRequest(
            .post, "/", headers: [("Content-Type", "application/json")], body: JSONWriter.bytes(["manners": .array(words)]))
        let answer = try await control.send(request, timeout: .seconds(20))
        guard answer.status == 200, let json = try? JSONReader.read(answer.body).object else {
            throw ExchangeError(.unavailable, "the responders did not take their manners")
        }
        var counts: [Character: Int] = [:]
        for member in json.members {
            if let letter = member.name.first, let count = member.value.integer { counts[letter] = count }
        }
        return counts
    }

    /// CPU seconds of the responders' process so far.
    var cpuSeconds: Double { ProcessUsage(of: process.id)?.cpuSeconds ?? 0 }

    /// Ends the process and removes the folder.
    func end() {
        control.close()
        process.signal(SIGKILL)
        process.wait()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
