import ExchangeCore
import Foundation
import GossipDirectory
import JSON
import PeerTransport
import Trust

/// A node's request to be let into a network: signed with its own key, which proves that it has it.
package struct JoinRequest: Sendable {
    /// The community that wants in.
    package let community: CommunityID
    /// Its organisation's name.
    package let organization: String
    /// The host its peers will call, for the certificate.
    package let host: String
    /// Its public key.
    package let key: VerifyingKey
    /// The signed text.
    package let compact: String

    /// The request of an initialised node.
    package init(of home: NodeHome, world: World) throws(ExchangeError) {
        let configuration = try NodeConfiguration(of: home)
        let own = try SigningKey(pem: try SecretFile.text(home.nodeKey))
        community = configuration.community
        organization = configuration.name
        host = configuration.peers.host
        key = own.publicKey
        compact = try SignedToken(
            signing: [
                "use": "request", "community": .string(community.urn), "org": .string(organization),
                "host": .string(host), "spki": .string(Base64.encode(key.spki, .url)),
                "iat": .number(String(world.now().seconds)),
            ], type: .join, key: own).compact
    }

    /// Reads a request; `.badRequest` for what is none, or was not signed with the key it names.
    package init(_ text: String) throws(ExchangeError) {
        do {
            let token = try SignedToken.verify(text.trimmed, type: .join) { draft in
                draft.payload["spki"]?.string.flatMap { Base64.decode($0, .url) }.flatMap { VerifyingKey(spki: $0) }
            }
            guard token.payload["use"]?.string == "request",
                let community = token.payload["community"]?.string.flatMap({ CommunityID($0) }),
                let organization = token.payload["org"]?.string, let host = token.payload["host"]?.string,
                let spki = token.payload["spki"]?.string.flatMap({ Base64.decode($0, .url) }),
                let key = VerifyingKey(spki: spki)
            else { throw TokenRefusal.missingClaim("community") }
            self.community = community
            self.organization = organization
            self.host = host
            self.key = key
            compact = token.compact
        } catch {
            throw ExchangeError(.badRequest, "this is no join request (\(error)); make one with hie join --request")
        }
    }
}

/// What lets one node in: admission, certificate and the network's root, under the authority's word for how long.
///
/// Bound to the node's key and organisation: whoever else has it can do nothing with it. A token of 15 minutes, or a file
/// without that bound for where no line leads.
package struct JoinToken: Sendable {
    /// How long a token that is not a file may wait.
    package static let lifetime = Duration.seconds(900)
    private static let prefix = "hie-join."

    /// The text: handed over by any means, no secret.
    package let text: String
    /// The admission in it, compact: what the running nodes should hear.
    package let admission: String

    private let invitation: SignedToken
    private let certificate: String
    private let network: String
    private let seeds: [NodeConfiguration.Address]

    /// Makes a token for a request, by the network authority's folder.
    package init(
        for request: JoinRequest, by authority: NetworkAuthorityFolder, seeds: [String], isFile: Bool, epoch: UInt32 = 1,
        days: Int = 7, world: World,
    ) throws(ExchangeError) {
        let made = try authority.admit(request, epoch: epoch, days: days)
        admission = made.admission.token.compact
        certificate = made.certificate
        network = made.network
        self.seeds = try Self.addresses(seeds)
        var payload: JSONObject = [
            "use": "invitation", "jti": .string(world.newTraceID()), "community": .string(request.community.urn),
            "org": .string(request.organization), "key": .string(request.key.thumbprint.text),
            "adm": .string(made.admission.token.hash.text), "iat": .number(String(world.now().seconds)),
        ]
        if !isFile { payload["exp"] = .number(String((world.now() + Self.lifetime).seconds)) }
        invitation = try SignedToken(signing: payload, type: .join, key: made.key)
        let parts: JSONValue = [
            "invitation": .string(invitation.compact), "admission": .string(admission),
            "certificate": .string(certificate), "network": .string(network),
            "seeds": .array(seeds.map { .string($0) }),
        ]
        text = Self.prefix + Base64.encode(JSONWriter.bytes(parts), .url)
    }

    /// Reads a token; `.badRequest` for what is none.
    package init(_ text: String) throws(ExchangeError) {
        let text = text.trimmed
        guard text.utf8.count < 65_536, text.hasPrefix(Self.prefix),
            let bytes = Base64.decode(String(text.dropFirst(Self.prefix.count)), .url),
            let parts = try? JSONReader.read(bytes), let invited = parts["invitation"]?.string,
            let admission = parts["admission"]?.string, let certificate = parts["certificate"]?.string,
            let network = parts["network"]?.string,
            let roots = try? CertificatePEM.read(network), let root = roots.first?.verifyingKey,
            let invitation = try? SignedToken.verify(invited, type: .join, key: { _ in root })
        else { throw ExchangeError(.badRequest, "this is no join token; ask the network's administrator for a new one") }
        self.text = text
        self.admission = admission
        self.invitation = invitation
        self.certificate = certificate
        self.network = network
        seeds = try Self.addresses((parts["seeds"]?.items ?? []).map { $0.string ?? "" })
    }

    /// Seeds are written into the configuration: nothing but HOST:PORT.
    private static func addresses(_ texts: [String]) throws(ExchangeError) -> [NodeConfiguration.Address] {
        var found: [NodeConfiguration.Address] = []
        for text in texts {
            guard let address = NodeConfiguration.Address(text), address.host.utf8.allSatisfy(isOfHost) else {
                throw ExchangeError(.badRequest, "a seed is HOST:PORT, such as gateway.example.org:9443")
            }
            found.append(address)
        }
        return found
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): true
        default: false
        }
    }

    /// Takes the node of a folder into the network.
    ///
    /// `.forbidden` when the token is for another node, network or organisation, over, or was used; `.conflict` when it
    /// contradicts itself.
    package func redeem(at home: NodeHome, world: World) throws(ExchangeError) {
        let configuration = try NodeConfiguration(of: home)
        let own = try SigningKey(pem: try SecretFile.text(home.nodeKey)).publicKey
        let payload = invitation.payload
        guard payload["use"]?.string == "invitation", payload["community"]?.string == configuration.community.urn,
            payload["org"]?.string == configuration.name, payload["key"]?.string == own.thumbprint.text
        else { throw ExchangeError(.forbidden, "this token was made for another node, organisation or key") }
        if let end = payload["exp"]?.integer, world.now().seconds >= Int64(end) {
            throw ExchangeError(.forbidden, "this token's 15 minutes are over; ask for a new one")
        }
        if FileManager.default.fileExists(atPath: home.networkAuthority.path) {
            guard try PlainFile.text(home.networkAuthority).trimmed == network.trimmed else {
                throw ExchangeError(.forbidden, "this node belongs to another network already")
            }
        }
        guard let root = try CertificatePEM.read(network).first?.verifyingKey,
            let admitted = try? Admission(verifying: admission, network: root.thumbprint, authorities: [root]),
            admitted.community == configuration.community, admitted.key(own.thumbprint) != nil,
            payload["adm"]?.string == admitted.token.hash.text
        else { throw ExchangeError(.conflict, "the token's admission is not this node's") }
        let used = home.joined
        let number = payload["jti"]?.string ?? ""
        let before = (try? PlainFile.text(used)) ?? ""
        guard !before.contains(number) else { throw ExchangeError(.forbidden, "this token was used already") }
        try SecretFile.replace(home.nodeCertificate, Array(certificate.utf8))
        try SecretFile.replace(home.networkAuthority, Array(network.utf8))
        try SecretFile.replace(home.admission, Array(admission.utf8))
        if !seeds.isEmpty, configuration.seeds.isEmpty {
            let yaml = Self.stating(seeds, in: try PlainFile.text(home.configuration))
            try SecretFile.replace(home.configuration, Array(yaml.utf8))
        }
        try SecretFile.replace(used, Array((before + number + "\n").utf8))
    }

    /// A configuration that names no seed yet, with these: in the place of its empty list, or at its end.
    private static func stating(_ seeds: [NodeConfiguration.Address], in yaml: String) -> String {
        let list = "seeds:" + seeds.map { "\n  - \"\($0)\"" }.joined()
        var lines = yaml.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let place = lines.firstIndex(where: { $0.hasPrefix("seeds:") }) else {
            return yaml + (yaml.hasSuffix("\n") ? "" : "\n") + list + "\n"
        }
        lines[place] = list
        return lines.joined(separator: "\n")
    }
}

extension NodeHome {
    /// The numbers of join tokens that were used here.
    var joined: URL { folder.appendingPathComponent("certificates").appendingPathComponent("joined.txt") }
}

extension String {
    /// Without blanks and line ends around it.
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
