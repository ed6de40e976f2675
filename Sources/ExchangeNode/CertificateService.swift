import AdminEndpoint
import ExchangeCore
import Foundation
import Logging
import ServiceLifecycle
import Trust

/// Looks at the node's certificates every hour: makes the client listener's anew before it ends, takes up what was renewed in
/// the folder, and says once a day what ends soon and what to do.
struct CertificateService: Service {
    /// Between two looks.
    static let interval = Duration.seconds(3600)
    private static let sayingInterval = Duration.seconds(86_400)

    private let take: @Sendable () async throws(ExchangeError) -> CertificatesTaken
    private let home: NodeHome
    private let world: World
    private let logger: Logger

    init(
        taking take: @escaping @Sendable () async throws(ExchangeError) -> CertificatesTaken, home: NodeHome, world: World,
        logger: Logger,
    ) {
        self.take = take
        self.home = home
        self.world = world
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var said: Duration?
            while !Task.isCancelled {
                await renew()
                if said.map({ world.uptime() - $0 >= Self.sayingInterval }) ?? true {
                    said = world.uptime()
                    say()
                }
                do { try await world.sleep(Self.interval) } catch { return }
            }
        }
    }

    private func renew() async {
        let now = world.now()
        do throws(ExchangeError) {
            let listener = try CertificateInventory.of(home).first { $0.use == .clients }
            if let listener, listener.finding(now: now).grade != .pass, isOwn() {
                try CertificateRenewal.renewListener(home, world: world)
            }
            let taken = try await take()
            for use in taken.renewed { logger.notice("a renewed certificate is in use", metadata: ["listener": "\(use)"]) }
        } catch {
            logger.error("a certificate was not renewed", metadata: ["error": "\(error.description)"])
        }
    }

    /// Whether the facility's own authority signed the client listener's certificate: others' are for others to renew.
    private func isOwn() -> Bool {
        guard let authority = try? CertificateAuthority(
            certificatePEM: PlainFile.text(home.clientAuthority), keyPEM: SecretFile.text(home.clientAuthorityKey)),
            let held = try? CertificatePEM.read(PlainFile.text(home.listenerCertificate)).first
        else { return false }
        return authority.signed(held)
    }

    private func say() {
        guard let all = try? CertificateInventory.of(home) else { return }
        let now = world.now()
        for one in all where !one.isRevoked {
            let finding = one.finding(now: now)
            guard finding.grade != .pass else { continue }
            logger.log(
                level: finding.grade == .fail ? .error : .warning, "a certificate ends",
                metadata: ["what": "\(finding.component)", "seen": "\(finding.seen)", "next": "\(finding.next ?? "")"])
        }
    }
}
