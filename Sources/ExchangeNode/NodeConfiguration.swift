import ConsentEngine
import ExchangeCore
import Foundation
import GossipDirectory
import MLLPEndpoint
import Transactions

/// What `node.yaml` says: read once, checked once, all problems together. Identity and consent have no defaults.
package struct NodeConfiguration: Sendable, Equatable {
    /// An address to listen at or to connect to.
    package struct Address: Sendable, Equatable, CustomStringConvertible {
        /// A DNS name or an IP address.
        package var host: String
        /// The port; 0 lets the system choose one.
        package var port: Int

        /// An address from its parts.
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// Reads `host:port`; nil for anything else, and for a host that is neither a DNS name nor an IP address in strict form.
        package init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
                (0...65535).contains(port), colon > text.startIndex
            else { return nil }
            let host = String(text[..<colon])
            let url = EndpointURL("https://\(host)")
            let isName = url?.port == 443 && url?.path == "" && url?.description == "https://" + host.lowercased()
            guard IPAddress(host) != nil || isName else { return nil }
            self.init(host: host, port: port)
        }

        package var description: String { "\(host):\(port)" }
    }

    /// The facility's name.
    package var name: String
    /// The community the node speaks for.
    package var community: CommunityID
    /// Where clients connect.
    package var clients: Address
    /// Where peers connect.
    package var peers: Address
    /// Where supervisors on this machine ask for the node's health; nil: nowhere.
    package var health: Address?
    /// The FHIR base URL clients use; by default from `clients`.
    package var clientBase: String
    /// The FHIR base URL peers use, as the directory record states it; by default from `peers`.
    package var peerBase: String
    /// Further FHIR base URLs under which peers reach this node, the preferred first; at most three.
    package var peerAlso: [String]
    /// What holds for patients who have said nothing.
    package var consentDefault: ConsentPolicyDefault
    /// For how long whoever a stay or visit names is taken to treat.
    package var treating: TreatingPeriod
    /// Whether every list of records says that something may be withheld by consent, the same to everyone.
    package var withheldNotice: Bool
    /// A sensitivity table to label documents by, in the form of `Policies/sensitivity.tsv`; nil for the standard one.
    package var sensitivity: String?
    /// Peers to ask first when no other is known.
    package var seeds: [Address]
    /// Admission files to take in at every start: the allow list of a small consortium.
    package var admissions: [String]
    /// Further token issuers.
    package var issuers: [IssuerSettings]
    /// Systems that get tokens by themselves.
    package var systems: [BackendSettings]
    /// What the facility's own words for roles mean.
    package var roles: RoleNames
    /// The listeners that believe certain certificates alone.
    package var pinned: PinnedListeners
    /// Every limit.
    package var limits: ExchangeLimits
    /// When an access is worth a look.
    package var alerts: AlertThresholds
    /// For how long records are kept.
    package var retention: RetentionRules
    /// Where every audit event goes, too (ITI-20); nil: nowhere.
    package var auditRepository: AuditRepository?
    /// Where spans of its work go; nil: nowhere.
    package var traces: TraceSettings?
    /// Who may administer it beside its own user and root, and what waits for a second one of them.
    package var administrators: AdministratorSettings
    /// Feeds of HL7 v2 messages; none unless one is stated.
    package var feeds: [FeedSettings]
    /// Receivers of documents as HL7 v2 messages; none unless one is stated.
    package var receivers: [ReceiverSettings]
    /// Who may be notified of new documents; nil: nobody.
    package var subscriptions: SubscriptionSettings?
    /// `trace` ... `critical`.
    package var logLevel: String
    /// The keys that stand in the file; what else is in force is a default.
    package let stated: Set<String>
    private let laid: [String: ConfigurationOverlay.Origin]

    /// Reads the text of `node.yaml`, and what stands before it; throws `.badRequest` with every problem, one a line.
    package init(yaml: String, overlay: ConfigurationOverlay = .none) throws(ExchangeError) {
        var file = try YAMLReader(yaml, overlay: overlay)
        name = file.required("name")
        let community = CommunityID(file.required("community"))
        if community == nil { file.refuse("community", "must be an OID such as 1.3.6.1.4.1.21367.2026.10") }
        let clients = Address(file.required("clients"))
        if clients == nil { file.refuse("clients", "must be HOST:PORT, where this facility's own systems connect") }
        let peers = Address(file.required("peers"))
        if peers == nil { file.refuse("peers", "must be HOST:PORT, where other facilities connect") }
        if let text = file.text("health") {
            health = Address(text)
            if health == nil { file.refuse("health", "must be HOST:PORT, such as 127.0.0.1:9080") }
        }
        clientBase = file.text("client-base") ?? "https://\(clients.map(\.description) ?? "")/fhir"
        peerBase = file.text("peer-base") ?? "https://\(peers.map(\.description) ?? "")/fhir"
        peerAlso = file.list("peer-also")
        if peerAlso.count >= DirectoryRecord.endpointsPerRole || !peerAlso.allSatisfy({ EndpointURL($0) != nil }) {
            file.refuse("peer-also", "must be a list of at most three https URLs, such as https://b.example.org:9443/fhir")
        }
        let consent = ConsentPolicyDefault(name: file.required("consent"))
        if consent == nil { file.refuse("consent", "must be opt-in, opt-out, basic-normal, all-normal, break-glass-only or deny") }
        treating = .usual
        if var section = file.reader("treating") {
            treating = TreatingKeys.read(&section)
            file.take(section)
        }
        withheldNotice = file.flag("withheld-notice") ?? false
        sensitivity = file.text("sensitivity")
        seeds = []
        for text in file.list("seeds") {
            if let seed = Address(text) { seeds.append(seed) } else { file.refuse("seeds", "must be a list of HOST:PORT") }
        }
        admissions = file.list("admissions")
        issuers = []
        for var section in file.readers("issuers") {
            if let issuer = IssuerSettings.read(&section, among: issuers) { issuers.append(issuer) }
            file.take(section)
        }
        systems = []
        for var section in file.readers("systems") {
            systems.append(BackendSettings.read(&section, among: systems))
            file.take(section)
        }
        roles = RoleNames()
        for var section in file.readers("roles") {
            roles = RoleKeys.read(&section, into: roles)
            file.take(section)
        }
        for system in systems where !system.role.isEmpty && UserRole(rawValue: roles.role(system.role) ?? "") == nil {
            file.refuse("systems", "gives \(system.id) the role \(system.role), which \(RoleKeys.unknown(system.role))")
        }
        pinned = PinnedListeners()
        for var section in file.readers("pinned") {
            pinned.read(&section)
            file.take(section)
        }
        logLevel = file.text("log") ?? "info"
        if !Self.logLevels.contains(logLevel) { file.refuse("log", "must be one of \(Self.logLevels.joined(separator: ", "))") }
        limits = ExchangeLimits()
        if var section = file.reader("limits") {
            limits = LimitKeys.read(&section)
            file.take(section)
        }
        for var section in file.readers("limits-for") {
            if let limit = AskerKeys.read(&section, among: limits.askers) { limits.askers.append(limit) }
            file.take(section)
        }
        alerts = AlertThresholds()
        if var section = file.reader("alerts") {
            alerts = AlertKeys.read(&section)
            file.take(section)
        }
        retention = RetentionRules()
        if var section = file.reader("retention") {
            retention = RetentionKeys.read(&section)
            file.take(section)
        }
        if var section = file.reader("audit-repository") {
            auditRepository = AuditRepository.read(&section)
            file.take(section)
        }
        if var section = file.reader("traces") {
            traces = TraceSettings.read(&section)
            file.take(section)
        }
        administrators = AdministratorKeys.read(&file)
        feeds = []
        for var section in file.readers("feeds") {
            if let feed = FeedKeys.read(&section, among: feeds) { feeds.append(feed) }
            file.take(section)
        }
        pinned.check(&file, feeds: feeds.map(\.name))
        if var section = file.reader("subscriptions") {
            subscriptions = SubscriptionSettings.read(&section)
            file.take(section)
        }
        receivers = []
        for var section in file.readers("receivers") {
            if let receiver = ReceiverKeys.read(&section, among: receivers) { receivers.append(receiver) }
            file.take(section)
        }
        stated = file.stated
        laid = file.origins
        let problems = file.problems + file.unknown + file.unknownFlags
        guard problems.isEmpty, let community, let clients, let peers, let consent else {
            throw ExchangeError(.badRequest, problems.joined(separator: "\n"))
        }
        self.community = community
        self.clients = clients
        self.peers = peers
        consentDefault = consent
    }

    /// Reads a node's own file; `.notFound` when the node was never initialised.
    package init(of home: NodeHome) throws(ExchangeError) {
        guard let bytes = FileManager.default.contents(atPath: home.configuration.path) else {
            throw ExchangeError(.notFound, "no node in \(home.folder.path); make one with hie init")
        }
        try self.init(yaml: String(decoding: bytes, as: UTF8.self), overlay: home.overlay)
    }

    /// Where the value in force of a key was stated.
    package func origin(_ key: String) -> ConfigurationOverlay.Origin {
        laid[key] ?? (stated.contains(key) ? .file : .builtIn)
    }

    /// The listeners that certificates are judged at: clients, peers, and each feed by its name.
    package var listenerNames: [String] { ["clients", "peers"] + feeds.map(\.name) }

    static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    /// The effective configuration, defaults filled in, in the order of the file: what `hie config show` prints.
    package var effective: [(key: String, value: String)] {
        [
            ("name", name), ("community", community.oid.dotted), ("clients", clients.description),
            ("peers", peers.description), ("health", health?.description ?? "none"), ("client-base", clientBase),
            ("peer-base", peerBase), ("peer-also", peerAlso.joined(separator: ", ")), ("consent", consentDefault.rawValue), ("withheld-notice", String(withheldNotice)),
            ("sensitivity", sensitivity ?? "standard"), ("seeds", seeds.map(\.description).joined(separator: ", ")),
            ("admissions", admissions.joined(separator: ", ")),
            ("issuers", issuers.map(\.issuer).joined(separator: ", ")), ("log", logLevel),
        ] + TreatingKeys.effective(treating) + BackendSettings.effective(systems) + RoleKeys.effective(roles) + pinned.effective
            + AlertKeys.effective(alerts) + RetentionKeys.effective(retention) + AuditRepository.effective(auditRepository)
            + TraceSettings.effective(traces) + AdministratorKeys.effective(administrators) + FeedKeys.effective(feeds)
            + ReceiverKeys.effective(receivers) + SubscriptionSettings.effective(subscriptions) + AskerKeys.effective(limits.askers)
            + LimitKeys.all.map { ("limits." + $0.name, String(limits[keyPath: $0.path])) }
    }
}
