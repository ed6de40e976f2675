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

/// The health listener: for supervisors and load balancers on this machine; it knows no patient.
///
/// | Route | Answers |
/// |---|---|
/// | `GET /health` | 200 while the store can be written, else 503; a JSON object says why |
enum HealthService {
    static func application(
        at address: NodeConfiguration.Address, status: @escaping @Sendable () -> StoreStatus, bound: BoundAddresses,
        logger: Logger,
    ) -> some ApplicationProtocol {
        let router = Router()
        router.get("/health") { _, _ in answer(status()) }
        return Application(
            router: router,
            configuration: .init(address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { channel in
                bound.note("health", "\(address.host):\(channel.localAddress?.port ?? address.port)")
            }, logger: logger)
    }

    private static func answer(_ status: StoreStatus) -> Response {
        var object: JSONObject = ["status": status.failure == nil ? "pass" : "fail"]
        object["output"] = status.failure.map { .string($0.description) }
        object["since"] = status.since.map { .string($0.description) }
        object["next"] = status.next.map { .string($0) }
        return Response(
            status: status.failure == nil ? .ok : .serviceUnavailable,
            headers: [.contentType: "application/health+json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(.object(object)))))
    }
}
