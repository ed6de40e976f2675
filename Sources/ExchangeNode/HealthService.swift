import AdminEndpoint
import ExchangeCore
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
import Logging
import NIOCore
import NIOPosix

/// The health listener: for supervisors, load balancers and Prometheus on this machine; it knows no patient.
///
/// | Route | Answers |
/// |---|---|
/// | `GET /livez` | 200 as long as the process answers |
/// | `GET /readyz` | 200 while requests can be served: every listener is bound and the store takes writes; else 503 |
/// | `GET /healthz` | what is well and what is not (`application/health+json`); 503 when something does not work |
/// | `GET /metrics` | Prometheus' text |
enum HealthService {
    /// What the routes tell, asked anew for each request.
    struct Source: Sendable {
        let findings: @Sendable () -> [HealthFinding]
        let isReady: @Sendable () -> Bool
        let figures: @Sendable () -> String
    }

    static func application(
        at address: NodeConfiguration.Address, source: Source, bound: BoundAddresses, logger: Logger,
    ) -> some ApplicationProtocol {
        let router = Router()
        router.get("/livez") { _, _ in answer(.ok, "text/plain; charset=utf-8", Array("alive\n".utf8)) }
        router.get("/readyz") { _, _ in
            source.isReady()
                ? answer(.ok, "text/plain; charset=utf-8", Array("ready\n".utf8))
                : answer(.serviceUnavailable, "text/plain; charset=utf-8", Array("not ready; see /healthz\n".utf8))
        }
        router.get("/healthz") { _, _ in
            let findings = source.findings()
            return answer(
                findings.grade == .fail ? .serviceUnavailable : .ok, "application/health+json",
                JSONWriter.bytes(findings.json))
        }
        router.get("/metrics") { _, _ in answer(.ok, PrometheusText.mediaType, Array(source.figures().utf8)) }
        return Application(
            router: router,
            configuration: .init(address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { channel in
                bound.note("health", "\(address.host):\(channel.localAddress?.port ?? address.port)")
            }, logger: logger)
    }

    private static func answer(_ status: HTTPResponse.Status, _ mediaType: String, _ bytes: [UInt8]) -> Response {
        Response(
            status: status, headers: [.contentType: mediaType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
