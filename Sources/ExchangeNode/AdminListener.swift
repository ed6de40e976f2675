import AdminEndpoint
import Crypto
import ExchangeCore
import Foundation
import Glibc
import Hummingbird
import Logging
import ServiceLifecycle

/// The administrators' sockets: one in the node's folder, for its own user and root, and one for whom `node.yaml` names.
extension Node {
    func adminServices() throws -> [any Service] {
        let people = Administrators(settings: configuration.administrators, owner: geteuid())
        let path = home.adminSocket.path
        guard path.utf8.count < FolderCheckup.socketPathMax else {
            throw ExchangeError(.badRequest, "the path of the administrator's socket is too long; use a shorter --home")
        }
        let service = AdminService(exchange: exchange, vitals: vitals, desk: people.desk)
        var services = [listener("administration", at: path, service) { chmod(path, 0o600) }]
        guard let second = configuration.administrators.socket, configuration.administrators.isStated else { return services }
        if !people.unknown.isEmpty {
            logger.warning("administrators are unknown to this machine", metadata: ["names": "\(people.unknown.joined(separator: ", "))"])
        }
        if Administrators.isBlind {
            logger.warning(
                "the kernel does not tell this process who is at its socket: administrators are refused",
                metadata: ["next": "PrivateUsers=no in the unit; see Deploy/hie-administrators.conf"])
        }
        guard access((second as NSString).deletingLastPathComponent, W_OK) == 0 else {
            throw ExchangeError(
                .badRequest, "the folder of administrators.socket cannot be written: \(second); make it, or let systemd (RuntimeDirectory=hie)")
        }
        try Self.demandFree(second)
        services.append(listener("administrators", at: second, service) { people.open(second) })
        return services
    }

    /// The store's lock says nothing of a path elsewhere: only a socket that nobody answers at is a dead process's.
    private static func demandFree(_ path: String) throws(ExchangeError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ExchangeError(.conflict, "administrators.socket is a file that is no socket: \(path)")
        }
        let file = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { return }
        defer { Glibc.close(file) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let answers = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard !answers else {
            throw ExchangeError(.conflict, "another process answers at administrators.socket: \(path); each node has its own")
        }
    }

    private func listener(
        _ name: String, at path: String, _ service: AdminService, opened: @escaping @Sendable () -> Void,
    ) -> any Service {
        // The store's lock is ours, so a socket that lies here is a dead process's.
        unlink(path)
        let bound = bound
        return Application(
            router: service.router(), configuration: .init(address: .unixDomainSocket(path: path), serverName: nil),
            onServerRunning: { _ in
                opened()
                bound.note(name, path)
            }, logger: logger)
    }

    /// What a reopening, or a reading anew, would take up: every file that says something, and none that is a secret.
    var configurationDigest: @Sendable () throws(ExchangeError) -> String {
        { [home] () throws(ExchangeError) in
            var digest = SHA256()
            let folder = home.folder.appendingPathComponent("certificates")
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
            for file in [home.configuration] + names.map({ folder.appendingPathComponent($0) }) {
                let bytes = FileManager.default.contents(atPath: file.path) ?? Data()
                digest.update(data: Data("\(file.lastPathComponent) \(bytes.count)\n".utf8))
                digest.update(data: bytes)
            }
            return Hexadecimal.encode(Array(digest.finalize()))
        }
    }
}
