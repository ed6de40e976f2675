import ExchangeCore
import Foundation
import PeerTransport
import Trust

/// The section `traces` of `node.yaml`: where spans of the node's work go (OpenTelemetry, OTLP over HTTP).
package struct TraceSettings: Sendable, Equatable {
    /// The collector's URL for traces, `https`; `http` on this machine only.
    package var url: String
    /// PEM file of the authority its certificate is checked against; nil over `http`.
    package var authority: String?
    /// A file with a bearer token, read anew for each message; nil shows none.
    package var token: String?
    /// How many of a hundred traces that begin here are recorded.
    package var percent: Int

    static let percents = 0...100

    static func read(_ section: inout YAMLReader) -> TraceSettings {
        let settings = TraceSettings(
            url: section.required("url"), authority: section.text("authority"), token: section.text("token"),
            percent: section.integer("percent", in: percents) ?? 100)
        if let place = WebPlace(settings.url) {
            if place.isSecure, settings.authority == nil {
                section.refuse("authority", "names the PEM file of the authority that the collector is checked against")
            }
        } else {
            section.refuse("url", "must be an https URL without a query, or an http one on this machine: http://127.0.0.1:4318/v1/traces")
        }
        return settings
    }

    static func effective(_ settings: TraceSettings?) -> [(key: String, value: String)] {
        [("traces.url", settings?.url ?? "none"), ("traces.percent", String(settings?.percent ?? 0))]
    }

    static let schema = [
        ConfigurationKey("traces.url", .text, "where spans go, OTLP over HTTP: http://127.0.0.1:4318/v1/traces; nowhere when not stated"),
        ConfigurationKey("traces.authority", .text, "PEM file of the collector's authority"),
        ConfigurationKey("traces.token", .text, "a file with a bearer token"),
        ConfigurationKey("traces.percent", .integer(percents), "of a hundred traces that begin here how many are recorded; 100 when not stated"),
    ]

    /// What carries spans there. Throws `.notFound` or `.badRequest` when a file cannot be used.
    func feed(_ home: NodeHome, trust: TrustDomains, world: World) throws(ExchangeError) -> TraceFeed {
        guard let place = WebPlace(url) else { throw ExchangeError(.badRequest, "traces.url cannot be used") }
        func file(_ path: String) -> URL { URL(fileURLWithPath: path, relativeTo: home.folder) }
        var tls: CallerTLS?
        if place.isSecure, let authority {
            let policy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(file(authority))))
            tls = CallerTLS(
                context: try MutualTLS.callerContext(identity: trust.node, roots: policy.roots, isPeer: false),
                kind: .server(place.host), policy: { policy }, now: world.now)
        }
        let bearer = token.map(file)
        if let bearer { _ = try SecretFile.text(bearer) }
        return TraceFeed(
            percent: percent,
            pool: HTTPConnectionPool(
                destination: .host(place.host, port: place.port), tls: tls, uptime: world.uptime, connectionsMax: 1),
            path: place.path.isEmpty ? "/" : place.path,
            token: {
                bearer.flatMap { try? SecretFile.text($0) }?.split(whereSeparator: \.isWhitespace).first.map(String.init)
            })
    }
}

/// Where a URL of the configuration leads: `https`, or `http` on this machine.
struct WebPlace {
    let host: String
    let port: Int
    /// The path without a slash at its end.
    let path: String
    let isSecure: Bool

    init?(_ text: String) {
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty, parts.query == nil,
            parts.fragment == nil, parts.user == nil, let scheme = parts.scheme,
            scheme == "https" || (scheme == "http" && ["127.0.0.1", "[::1]", "::1"].contains(host))
        else { return nil }
        isSecure = scheme == "https"
        self.host = host
        port = parts.port ?? (isSecure ? 443 : 80)
        path = parts.percentEncodedPath.hasSuffix("/") ? String(parts.percentEncodedPath.dropLast()) : parts.percentEncodedPath
    }
}
