import AdminEndpoint
import ExchangeCore
import Foundation
import Glibc
import MLLPEndpoint
import Storage
import Trust
import X509

/// Looks at a node's folder as `hie run` will: what would stop it, and what will before long. Reads only; writes nothing.
package enum FolderCheckup {
    /// What was found, the configuration first; without a readable one only that is said.
    ///
    /// - Parameter isRunning: the node runs, so that its ports are rightly taken.
    package static func findings(_ home: NodeHome, isRunning: Bool, world: World) -> [HealthFinding] {
        let configuration: NodeConfiguration
        do throws(ExchangeError) { configuration = try NodeConfiguration(of: home) } catch {
            return error.message.split(separator: "\n").map { problem in
                HealthFinding(
                    "configuration", .fail, String(problem), next: "correct \(home.configuration.path): hie config check")
            }
        }
        var findings = [HealthFinding("configuration", .pass, home.configuration.path)]
        findings += keys(home)
        findings += certificates(home, configuration, isRunning: isRunning, now: world.now())
        findings.append(admission(home))
        findings += clients(home, now: world.now())
        if !isRunning {
            findings += ports(configuration) + [disk(home, configuration)]
            findings += StoreCheckup.findings(home, configuration, world: world)
        }
        if HearingService.mustHear(home) {
            findings.append(
                HealthFinding(
                    "restore", .warn, "restored: nothing is served before one of the others has been heard",
                    next: HearingService.next(home)))
        }
        if home.adminSocket.path.utf8.count >= socketPathMax {
            findings.append(
                HealthFinding(
                    "administration", .fail, "the path of its socket is too long", next: "use a shorter --home"))
        }
        return findings + administrators(configuration.administrators)
    }

    /// Whether this machine knows those who may administer the node, and whether two of them are there where two have to be.
    private static func administrators(_ settings: AdministratorSettings) -> [HealthFinding] {
        guard settings.isStated else { return [] }
        let people = Administrators(settings: settings, owner: geteuid())
        if !people.unknown.isEmpty {
            return [
                HealthFinding(
                    "administrators", .warn, "this machine knows no \(people.unknown.joined(separator: ", "))",
                    next: "make them users or a group here, or correct administrators in node.yaml")
            ]
        }
        if !settings.waits.isEmpty, people.desk.persons() < 2 {
            return [
                HealthFinding(
                    "administrators", .warn, "changes wait for a second one, and there is none",
                    next: "name two users, or a group of at least two; or approvals: {on: false}")
            ]
        }
        return [HealthFinding("administrators", .pass, settings.socket ?? "")]
    }

    /// Bytes that a Unix socket's path must stay below (unix(7), less one for the zero).
    package static let socketPathMax = 104

    private static func keys(_ home: NodeHome) -> [HealthFinding] {
        let needed = [home.nodeKey, home.logKey, home.wrappingKey, home.tokenKey, home.listenerKey]
        let bad = needed.compactMap { url -> HealthFinding? in
            do throws(ExchangeError) {
                _ = try SecretFile.read(url)
                return nil
            } catch {
                let next = error.code == .notFound
                    ? "put it back from where the node's keys are kept: hie backup restore --help" : nil
                return HealthFinding("keys", .fail, error.message, next: next)
            }
        }
        return bad.isEmpty ? [HealthFinding("keys", .pass, "\(needed.count) key files, readable by their owner alone")] : bad
    }

    /// A running node speaks for its own two itself: they may be other ones than lie in the folder by now.
    private static func certificates(
        _ home: NodeHome, _ configuration: NodeConfiguration, isRunning: Bool, now: Timestamp,
    ) -> [HealthFinding] {
        do throws(ExchangeError) { _ = try TrustDomains(home, configuration) } catch {
            return [HealthFinding("certificates", .fail, error.description)]
        }
        let own = isRunning ? [] : [("peers", home.nodeCertificate), ("clients", home.listenerCertificate)]
        let authorities = [("network authority", home.networkAuthority), ("client authority", home.clientAuthority)]
        return (own + authorities).compactMap { use, url in
            guard let text = try? PlainFile.text(url), let first = try? CertificatePEM.read(text).first else { return nil }
            return HealthRules.certificate(
                CertificateStatus(
                    use: use, keyThumbprint: first.spkiThumbprint.text, validFrom: first.validFrom,
                    validUntil: first.validUntil), now: now)
        }
    }

    /// The certificates of the facility's clients, as one finding: there may be hundreds.
    private static func clients(_ home: NodeHome, now: Timestamp) -> [HealthFinding] {
        guard let all = try? CertificateInventory.of(home) else { return [] }
        let held = all.filter { $0.use == .client && !$0.isRevoked }
        guard !held.isEmpty else { return [] }
        let ending = held.filter { $0.finding(now: now).grade != .pass }
        let seen = "\(ending.count) of \(held.count) end within 30 days or have ended"
        return [
            ending.isEmpty
                ? HealthFinding("client certificates", .pass, "\(held.count) hold")
                : HealthFinding("client certificates", .warn, seen, next: "hie certificate forecast names them")
        ]
    }

    private static func admission(_ home: NodeHome) -> HealthFinding {
        FileManager.default.fileExists(atPath: home.admission.path)
            ? HealthFinding("admission", .pass, home.admission.path)
            : HealthFinding(
                "admission", .warn, "no admission lies in the folder: others will not know this node",
                next: "ask the network's authority: hie join --help")
    }

    private static func ports(_ configuration: NodeConfiguration) -> [HealthFinding] {
        let feeds = configuration.feeds.map { ("feed " + $0.name, NodeConfiguration.Address(host: $0.host, port: $0.port)) }
        return ([("clients", configuration.clients), ("peers", configuration.peers)] + feeds)
            .appending(configuration.health.map { ("health", $0) })
            .map { name, address in
                guard let why = bindingRefusal(address) else {
                    return HealthFinding("port \(name)", .pass, "\(address) is free")
                }
                return HealthFinding(
                    "port \(name)", .fail, "\(address): \(why)",
                    next: "see who listens there (ss -ltnp), or change \(name) in node.yaml")
            }
    }

    /// Why nobody could listen at an address; nil when somebody can. Binds, and lets go at once.
    private static func bindingRefusal(_ address: NodeConfiguration.Address) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, String(address.port), &hints, &found) == 0, let first = found else {
            return "the name \(address.host) is not known"
        }
        defer { freeaddrinfo(found) }
        let file = socket(first.pointee.ai_family, first.pointee.ai_socktype, first.pointee.ai_protocol)
        guard file >= 0 else { return String(cString: strerror(errno)) }
        defer { close(file) }
        var on: Int32 = 1
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(file, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0, listen(file, 1) == 0 else {
            return String(cString: strerror(errno))
        }
        return nil
    }

    private static func disk(_ home: NodeHome, _ configuration: NodeConfiguration) -> HealthFinding {
        let room = UInt64(configuration.limits.segmentBytes)
        guard let free = DiskProbe.freeBytes(in: home.store.path) else {
            return HealthFinding("disk", .fail, "there is no \(home.store.path)", next: "mount the disk of the node's store")
        }
        let seen = "\(free >> 20) MiB free"
        return free < room
            ? HealthFinding("disk", .fail, seen, next: "free \(room >> 20) MiB on the disk of \(home.store.path)")
            : HealthFinding("disk", .pass, seen)
    }
}

extension Array {
    /// The elements, and one more behind them if there is one.
    fileprivate func appending(_ element: Element?) -> [Element] { self + (element.map { [$0] } ?? []) }
}
