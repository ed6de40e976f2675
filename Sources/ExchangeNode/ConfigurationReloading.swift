import AdminEndpoint
import ExchangeCore
import Foundation
import GossipDirectory
import Logging
import ServiceLifecycle
import Synchronization
import Transactions
import Trust
import UnixSignals

/// What is in force of `node.yaml`, while its file may have changed.
final class ConfigurationInForce: Sendable {
    private let configuration: Mutex<NodeConfiguration>

    init(_ configuration: NodeConfiguration) { self.configuration = Mutex(configuration) }

    var now: NodeConfiguration { configuration.withLock { $0 } }

    /// Takes over what needs no new opening, and says which keys changed.
    func take(_ next: NodeConfiguration) -> ConfigurationReload {
        configuration.withLock { held in
            let before = Dictionary(held.effective.map { ($0.key, $0.value) }) { $1 }
            let after = Dictionary(next.effective.map { ($0.key, $0.value) }) { $1 }
            var changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
            // A key set behind a URL is fetched by a connection of its own, which the opening makes.
            let isSameRemote = held.issuers.filter(\.isRemote) == next.issuers.filter(\.isRemote)
            if !isSameRemote { changed.insert("issuers[].jwks-url") }
            if held.issuers != next.issuers, isSameRemote { changed.insert("issuers") }
            if held.systems != next.systems { changed.insert("systems") }
            // Roles and pins are shown whole: what is shown is what is in force.
            let taken = changed.intersection(["log", "admissions", "systems", "roles", "pinned"] + (isSameRemote ? ["issuers"] : []))
            held.logLevel = next.logLevel
            if isSameRemote { held.issuers = next.issuers }
            held.systems = next.systems
            held.roles = next.roles
            held.pinned = next.pinned
            held.admissions = next.admissions
            var waiting = changed.subtracting(taken).sorted()
            // Not every detail of a list is among the values that are shown.
            if waiting.isEmpty, !held.says(the: next) { waiting = ["alerts, retention, audit-repository, traces or feeds"] }
            return ConfigurationReload(taken: taken.sorted(), waiting: waiting)
        }
    }
}

extension NodeConfiguration {
    /// Whether the same values are in force, wherever they are stated.
    fileprivate func says(the other: NodeConfiguration) -> Bool {
        alerts == other.alerts && retention == other.retention && auditRepository == other.auditRepository
            && feeds == other.feeds && traces == other.traces && administrators == other.administrators
    }
}

extension Node {
    /// Reads `node.yaml` anew: takes up what it can, says what waits. Throws `.badRequest` with every problem of a file that is
    /// wrong; then nothing changes.
    var configurationReloading: @Sendable () async throws(ExchangeError) -> ConfigurationReload {
        let (home, inForce, trust, exchange) = (home, inForce, trust, exchange)
        let (take, threshold, closeWhatIsPinnedOut) = (certificateTaking, logThreshold, closingWhatIsPinnedOut)
        return { () async throws(ExchangeError) in
            let next = try NodeConfiguration(of: home)
            let issuers = try TrustDomains.issuers(home, next)
            let clients = try BackendSettings.clients(next.systems, home)
            var admissions: [String] = []
            for path in next.admissions {
                admissions.append(try PlainFile.text(URL(fileURLWithPath: path, relativeTo: home.folder)))
            }
            _ = try await take()
            let reload = inForce.take(next)
            trust.renew(issuers: issuers, clients: clients)
            trust.renew(roles: next.roles, pinned: next.pinned)
            closeWhatIsPinnedOut()
            threshold?.set(next.logLevel)
            if reload.taken.contains("admissions") {
                for admission in admissions { try await exchange.advanceDirectory(.admitted(admission)) }
            }
            return reload
        }
    }
}

/// SIGHUP reads the configuration anew, as `hie config reload` does.
struct HangUpService: Service {
    let reload: @Sendable () async throws(ExchangeError) -> ConfigurationReload
    /// Whether that waits for a second administrator; a signal says of nobody who they are.
    let waits: Bool
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                guard !waits else {
                    logger.warning(
                        "nothing was read anew: that waits for a second administrator", metadata: ["next": "hie config reload"])
                    continue
                }
                do throws(ExchangeError) {
                    let reload = try await reload()
                    logger.notice(
                        "the configuration was read anew",
                        metadata: [
                            "taken": "\(reload.taken.joined(separator: ", "))",
                            "waiting": "\(reload.waiting.joined(separator: ", "))",
                        ])
                } catch {
                    let problems = error.description.split(separator: "\n").joined(separator: "; ")
                    logger.error(
                        "the configuration is wrong; nothing was changed",
                        metadata: ["problems": "\(problems)", "next": "hie config check \(NodeHome.configurationName)"])
                }
            }
        }
    }
}
