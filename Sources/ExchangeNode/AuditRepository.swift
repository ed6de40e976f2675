import ExchangeCore
import Foundation
import PeerTransport
import Storage
import Transactions
import Trust

/// The section `audit-repository` of `node.yaml`: where every audit event goes, too (ITI-20).
package struct AuditRepository: Sendable, Equatable {
    /// The repository's FHIR base URL, `https`; `http` on this machine only.
    package var url: String
    /// PEM file of the authority its certificate is checked against; nil over `http`.
    package var authority: String?
    /// PEM files of the certificate and key this node shows; nil shows the certificate it shows to its peers.
    package var certificate: String?
    /// The key to it.
    package var key: String?
    /// A file with a bearer token, read anew for each event; nil shows none.
    package var token: String?

    static func read(_ section: inout YAMLReader) -> AuditRepository {
        let repository = AuditRepository(
            url: section.required("url"), authority: section.text("authority"), certificate: section.text("certificate"),
            key: section.text("key"), token: section.text("token"))
        if let place = WebPlace(repository.url) {
            if place.isSecure, repository.authority == nil {
                section.refuse("authority", "names the PEM file of the authority that the repository is checked against")
            }
        } else {
            section.refuse("url", "must be an https URL without a query, or an http one on this machine: 127.0.0.1")
        }
        if (repository.certificate == nil) != (repository.key == nil) {
            section.refuse("certificate", "and key go together")
        }
        return repository
    }

    static func effective(_ repository: AuditRepository?) -> [(key: String, value: String)] {
        [("audit-repository.url", repository?.url ?? "none")]
    }

    /// The feed to it. Throws `.notFound` or `.badRequest` when a file cannot be used.
    func feed(_ home: NodeHome, trust: TrustDomains, exchange: Exchange, origin: String) throws(ExchangeError) -> AuditFeed {
        let world = exchange.world
        guard let place = WebPlace(url) else { throw ExchangeError(.badRequest, "audit-repository.url cannot be used") }
        func file(_ path: String) -> URL { URL(fileURLWithPath: path, relativeTo: home.folder) }
        var tls: CallerTLS?
        if place.isSecure, let authority {
            var identity = trust.node
            if let certificate, let key {
                identity = try TLSIdentity(
                    certificatePEM: PlainFile.text(file(certificate)), keyPEM: SecretFile.text(file(key)))
            }
            let policy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(file(authority))))
            tls = CallerTLS(
                context: try MutualTLS.callerContext(identity: identity, roots: policy.roots, isPeer: false),
                kind: .server(place.host), policy: { policy }, now: world.now)
        }
        let bearer = token.map(file)
        if let bearer { _ = try SecretFile.text(bearer) }
        return AuditFeed(
            AuditCourier(
                to: url,
                by: HTTPAuditRepository(
                    host: place.host, port: place.port, path: place.path, tls: tls,
                    token: {
                        bearer.flatMap { try? SecretFile.text($0) }?.split(whereSeparator: \.isWhitespace).first.map(String.init)
                    }, world: world), exchange: exchange, origin: origin),
            store: FileOutboxStore(home.store.path, name: "audit-feed"))
    }
}
