import FoundationEssentials
import Glibc
import Yams

/// How to reach a node as a client, put together from flags, environment and `client.yaml`: flag first, then the file
/// that `--as` names, then the environment.
struct ClientSettings: Sendable {
    /// Scheme, host and port: `https://127.0.0.1:8443`.
    let origin: ServerOrigin
    /// The path of the FHIR base, such as `/fhir`.
    let basePath: String
    /// PEM file of the authority the node is checked against.
    let authority: String
    /// PEM file of our certificate.
    let certificate: String
    /// PEM file of its key.
    let key: String
    /// The user's token; nil for what needs none.
    let token: String?

    init(_ options: ServerOptions, environment: [String: String] = ProcessInfo.processInfo.environment)
        throws(CommandFailure)
    {
        func named(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var file: [String: String] = [:]
        var known = options.folder ?? (options.server == nil ? named("HIE_AS") : nil)
        if known == nil, options.server == nil, named("HIE_SERVER") == nil {
            known = try NodeContexts.chosen(nil, environment: environment)?.client
        }
        if let folder = known {
            file = try Self.profile(in: LocalFile.absolute(folder))
        }
        func value(_ flag: String?, _ key: String, _ variable: String) throws(CommandFailure) -> String {
            if let found = flag ?? file[key] ?? named(variable) { return found }
            throw CommandFailure(
                .usage, "no --\(key == "token" ? "token-file" : key) is given",
                hint:
                    "name a client's folder (hie certificate issue --client) with --as or HIE_AS, or set \(variable)"
            )
        }
        let server = try value(options.server, "server", "HIE_SERVER")
        guard let (origin, path) = ServerOrigin.read(server), !path.contains("?") else {
            throw CommandFailure(.usage, "\(server) is no https address", hint: "write https://HOST:PORT/fhir")
        }
        self.origin = origin
        basePath = path
        authority = try value(options.cacert, "cacert", "HIE_CACERT")
        certificate = try value(options.cert, "cert", "HIE_CERT")
        key = try value(options.key, "key", "HIE_KEY")
        try Self.demandSecret(key)
        let tokenFile = try value(options.tokenFile, "token", "HIE_TOKEN_FILE")
        guard LocalFile.exists(tokenFile) else {
            throw CommandFailure(
                .unauthenticated, "there is no token in \(tokenFile)",
                hint: "have the facility's administrator run hie token issue")
        }
        try Self.demandSecret(tokenFile)
        let text = try LocalFile.text(tokenFile, atMost: 64 << 10)
        token = String(text.split(whereSeparator: \.isWhitespace).first ?? "")
    }

    /// The members of a folder's `client.yaml`, paths made absolute.
    private static func profile(in folder: String) throws(CommandFailure) -> [String: String] {
        let path = folder + "/client.yaml"
        guard LocalFile.exists(path) else {
            throw CommandFailure(
                .notFound, "there is no client.yaml in \(folder)", hint: "hie certificate issue --client NAME makes one"
            )
        }
        let text = try LocalFile.text(path, atMost: 64 << 10)
        guard let node = try? Yams.compose(yaml: text), let pairs = node.mapping else {
            throw CommandFailure(
                .usage, "\(path) is not a YAML mapping", hint: "it holds server, cacert, cert, key, token")
        }
        var values: [String: String] = [:]
        for (key, value) in pairs {
            guard let name = key.string, ["server", "cacert", "cert", "key", "token"].contains(name),
                let text = value.string
            else {
                throw CommandFailure(
                    .usage, "\(path) holds the unknown key \(key.string ?? "?")",
                    hint: "it holds server, cacert, cert, key, token")
            }
            values[name] = name == "server" ? text : LocalFile.resolve(text, in: folder)
        }
        return values
    }

    /// Keys and tokens are their owner's alone.
    private static func demandSecret(_ path: String) throws(CommandFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw CommandFailure(.notFound, "there is no file \(path)", hint: "check the path")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw CommandFailure(.refused, "others may read \(path)", hint: "run chmod 600 on it")
        }
    }
}

/// The server a client speaks to; its token never goes anywhere else.
struct ServerOrigin: Sendable, Hashable {
    /// DNS name or IP address.
    let host: String
    /// The port.
    let port: Int

    /// `https://host:port`.
    var text: String { "https://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// Takes an `https` address apart into its origin and its path without a slash at the end; nil for anything else.
    static func read(_ url: String) -> (origin: ServerOrigin, path: String)? {
        guard url.hasPrefix("https://") else { return nil }
        let rest = url.dropFirst(8)
        let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" || $0 == "#" }) ?? rest.endIndex
        var path = String(rest[slash...])
        while path.hasSuffix("/") { path.removeLast() }
        guard path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x23 }) else { return nil }
        let authority = rest[..<slash]
        var host = String(authority)
        var port = 443
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            let after = authority[authority.index(after: close)...]
            if !after.isEmpty {
                guard after.hasPrefix(":"), let number = Int(after.dropFirst()) else { return nil }
                port = number
            }
        } else if let colon = authority.firstIndex(of: ":") {
            host = String(authority[..<colon])
            guard let number = Int(authority[authority.index(after: colon)...]) else { return nil }
            port = number
        }
        let isHost = host.utf8.allSatisfy { byte in
            (0x30...0x3A).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D
                || byte == 0x2E
        }
        guard isHost, (1...253).contains(host.utf8.count), (1...65535).contains(port) else { return nil }
        return (ServerOrigin(host: host, port: port), path)
    }
}
