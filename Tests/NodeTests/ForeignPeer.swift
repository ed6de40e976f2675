import ExchangeCore
import ExchangeNode
import Foundation
import GossipDirectory
import JSON
import Testing
import Transactions
import Trust

/// An MHD responder of another maker (Tests/interop/mhd_responder.py) as a member of a network: its own process, its own
/// certificate, admission and record; no gossip.
final class ForeignPeer: Sendable {
    /// What it can be made to do wrong.
    enum Mode: String, Sendable, CaseIterable {
        case good
        case otherPatient = "other-patient", otherHome = "other-home", duplicate, endless, html, gigabyte, drip, tls, late
        case elsewhere
        case digest, short, brokenOnce = "broken", brokenAlways = "broken-always"
        case dripDocument = "drip-document", gigabyteDocument = "gigabyte-document", htmlDocument = "html-document"
        case lateDocument = "late-document"
    }

    static let community = "1.3.6.1.4.1.21367.2026.77"
    /// Python 3 with its standard library, which is all it needs.
    static let isReady = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") || path != nil
    private static let path: String? = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":")
        .map { $0 + "/python3" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    /// Three documents on pages of two, each linked in another way; the third is larger than one TLS record.
    static let texts = [
        "a first " + Canary.words, "a second " + Canary.words,
        Canary.words + String(repeating: " and so on", count: 30_000),
    ]

    private let folder: URL
    private let process: Process

    /// Starts it in a network and tells a node of it, as gossip would.
    init(in network: Network, knownTo node: RunningNode) async throws {
        let folder = network.folder.appendingPathComponent("foreign")
        self.folder = folder
        try SecretFile.makeFolder(folder)
        let community = try #require(CommunityID(Self.community))
        let signer = try CertificateAuthority(
            certificatePEM: PlainFile.text(network.authority.certificate),
            keyPEM: SecretFile.text(network.authority.folder.appendingPathComponent("network.key")))
        var random = World.system.random
        let key = SigningKey()
        let certificate = try signer.issueNode(
            community: community, key: key.publicKey, ipAddresses: ["127.0.0.1"], now: World.system.now(), using: &random)
        func file(_ name: String) -> URL { folder.appendingPathComponent(name) }
        try SecretFile.replace(file("cert.pem"), Array(CertificatePEM.write([certificate]).utf8))
        try SecretFile.create(file("key.pem"), Array(key.pem.utf8))
        let documents: [JSONValue] = zip(Self.texts, ["absolute", "relative", "path"]).enumerated().map { number, document in
            [
                "id": .string("doc-\(number + 1)"), "patient": "994", "type": "text/plain", "title": "Letter",
                "text": .string(document.0), "url": .string(document.1),
            ]
        }
        let patient: JSONValue = [
            "id": "994", "family": .string(Canary.family), "given": .string(Canary.given), "birthDate": "1931-12-07",
        ]
        let script: JSONValue = [
            "certificate": .string(file("cert.pem").path), "key": .string(file("key.pem").path),
            "network": .string(network.authority.certificate.path), "port": 0, "ready": .string(file("ready").path),
            "mode": .string(file("mode").path), "log": .string(file("log").path), "page": 2, "patients": [patient],
            "documents": .array(documents),
        ]
        try Data(JSONWriter.bytes(script)).write(to: file("script.json"))
        process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path ?? "/usr/bin/python3")
        process.arguments = [
            Repository.root.appendingPathComponent("Tests/interop/mhd_responder.py").path, file("script.json").path,
        ]
        process.standardInput = Pipe()
        try process.run()
        let ready = file("ready")
        try await until("the responder listens") { FileManager.default.fileExists(atPath: ready.path) }
        let port = try #require(Int(PlainFile.text(ready).trimmingCharacters(in: .whitespacesAndNewlines)))
        try await Self.announce(community, key, at: port, signer, to: node)
    }

    deinit { process.terminate() }

    /// Lets a node know what the network's authority and the community say.
    private static func announce(
        _ community: CommunityID, _ key: SigningKey, at port: Int, _ signer: CertificateAuthority, to node: RunningNode,
    ) async throws {
        let now = World.system.now()
        let network = signer.key.publicKey.thumbprint
        let admission = try Admission(
            granting: .init(
                network: network, community: community, organization: "Other vendor", keys: [key.publicKey], issued: now),
            key: signer.key)
        let issued = Timestamp(seconds: now.seconds)
        let url = try #require(EndpointURL("https://127.0.0.1:\(port)/fhir"))
        let record = try DirectoryRecord(
            stating: .init(
                network: network, community: community, epoch: 1, sequence: UInt64(clamping: now.milliseconds),
                previous: nil, issued: issued, expires: issued + .seconds(48 * 3600), status: .active,
                profile: DirectoryProfile(
                    organization: "Other vendor", endpoints: [DirectoryEndpoint(role: "fhir", url: url)],
                    capabilities: ["mhd/4.2"]),
                keys: [key.publicKey.thumbprint], admission: admission.token.hash), key: key)
        var message = DirectoryMessage(network: network, at: now)
        message.admissions = [admission.token.compact]
        message.records = [record.token.compact]
        try await node.exchange.advanceDirectory(.admitted(admission.token.compact))
        try await node.exchange.advanceDirectory(.asked(.message(message), from: community))
        try await until("the responder is in the directory") {
            try node.exchange.directory.peers(at: World.system.now()).contains { $0.community == community }
        }
    }

    /// What it does from now on.
    func behave(_ mode: Mode) throws {
        try Data(mode.rawValue.utf8).write(to: folder.appendingPathComponent("mode"), options: .atomic)
    }

    /// The requests it had: method, target, trace id.
    var requests: [[String]] {
        let text = (try? PlainFile.text(folder.appendingPathComponent("log"))) ?? ""
        return text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }
}
