import ExchangeCore
import Transactions

/// A port the node listens on.
package struct ListenerStatus: Hashable, Sendable {
    /// `clients`, `peers`, `administration`, ...
    package let name: String
    /// Where: `127.0.0.1:8443`, or a path.
    package let address: String

    /// A listener by its name and address.
    package init(name: String, address: String) {
        self.name = name
        self.address = address
    }
}

/// A certificate in use.
package struct CertificateStatus: Hashable, Sendable {
    /// What for: `peers`, `clients`.
    package let use: String
    /// SHA-256 of the key, base64url: what admissions name.
    package let keyThumbprint: String
    /// The first moment it is valid.
    package let validFrom: Timestamp
    /// The first moment it is no longer valid.
    package let validUntil: Timestamp

    /// A certificate's use, key and time.
    package init(use: String, keyThumbprint: String, validFrom: Timestamp, validUntil: Timestamp) {
        self.use = use
        self.keyThumbprint = keyThumbprint
        self.validFrom = validFrom
        self.validUntil = validUntil
    }
}

/// What reading a node's certificates anew came to.
package struct CertificatesTaken: Hashable, Sendable {
    /// Connections closed because their certificate was revoked.
    package var closed = 0
    /// Listeners that show another certificate from now on: `peers`, `clients`.
    package var renewed: [String] = []
    /// Listeners whose certificate has another key, which is taken up when the node opens itself anew.
    package var waiting: [String] = []

    /// Nothing taken up yet.
    package init() {}
}

/// What reading a node's configuration anew came to.
package struct ConfigurationReload: Hashable, Sendable {
    /// Keys that changed and are in force.
    package let taken: [String]
    /// Keys that changed and wait until the node opens itself anew.
    package let waiting: [String]

    /// The keys of both kinds.
    package init(taken: [String] = [], waiting: [String] = []) {
        self.taken = taken
        self.waiting = waiting
    }
}

/// How the node last fared with another.
package struct PeerReach: Hashable, Sendable {
    /// Whether the last contact came about.
    package let isReachable: Bool
    /// When that was.
    package let lastContact: Timestamp?
    /// What went wrong, for the administrator.
    package let detail: String?

    /// The outcome of the last contact.
    package init(isReachable: Bool, lastContact: Timestamp?, detail: String? = nil) {
        self.isReachable = isReachable
        self.lastContact = lastContact
        self.detail = detail
    }
}

/// What a walk through the whole journal found.
package struct JournalVerdict: Hashable, Sendable {
    /// Entries that were read and hashed.
    package let entries: UInt64
    /// The root of the tree over them, 32 bytes.
    package let root: [UInt8]
    /// The size the last signed checkpoint vouches for; nil when none was kept yet.
    package let checkpoint: UInt64?
    /// What does not hold, the first first; empty when everything does.
    package let damage: [String]

    /// A verdict from its parts.
    package init(entries: UInt64, root: [UInt8], checkpoint: UInt64?, damage: [String]) {
        self.entries = entries
        self.root = root
        self.checkpoint = checkpoint
        self.damage = damage
    }
}

/// Whether the node's store can be written, and what to do when it cannot.
package struct StoreStatus: Sendable {
    /// Why nothing can be recorded, and so nothing disclosed; nil while the store works.
    package let failure: ExchangeError?
    /// Since when.
    package let since: Timestamp?
    /// What the administrator does next; nil while the store works.
    package let next: String?
    /// Bytes the store's disk has left; nil when nobody can say.
    package let freeBytes: UInt64?

    /// A store's state from its parts.
    package init(
        failure: ExchangeError? = nil, since: Timestamp? = nil, next: String? = nil, freeBytes: UInt64? = nil,
    ) {
        self.failure = failure
        self.since = since
        self.next = next
        self.freeBytes = freeBytes
    }
}

/// How far a journal reaches, durable.
package struct JournalExtent: Sendable, Equatable {
    /// The segment that is written.
    package let segment: UInt32
    /// The end of the last group in it.
    package let offset: UInt64
    /// How many entries there are.
    package let entries: UInt64
    /// The root over them, 32 bytes.
    package let root: [UInt8]

    /// An extent from its parts.
    package init(segment: UInt32, offset: UInt64, entries: UInt64, root: [UInt8]) {
        self.segment = segment
        self.offset = offset
        self.entries = entries
        self.root = root
    }
}

/// What only the running node knows of itself; ExchangeNode fills it in.
package struct NodeVitals: Sendable {
    /// The program's version.
    package let version: String
    /// The node's folder.
    package let home: String
    /// When it started.
    package let started: Timestamp
    /// Its listeners, bound.
    package let listeners: @Sendable () -> [ListenerStatus]
    /// Its certificates in use.
    package let certificates: @Sendable () -> [CertificateStatus]
    /// How it last fared with each other community; one it never spoke to is absent.
    package let reach: @Sendable () -> [CommunityID: PeerReach]
    /// Asks a community's node whether it is there; how long that took.
    package let ping: @Sendable (CommunityID) async throws(ExchangeError) -> Duration
    /// Reads the journal from its first entry, and checks every hash and checkpoint.
    package let verifyJournal: @Sendable () async throws -> JournalVerdict
    /// How far its journal is durable.
    package let journalEnd: @Sendable () -> JournalExtent
    /// Reads anew whose certificates were revoked and closes their connections; shows renewed certificates of its own from now
    /// on. Throws when one cannot be used: what was in use stays.
    package let reloadCertificates: @Sendable () async throws(ExchangeError) -> CertificatesTaken
    /// Reads its configuration anew, takes up what it can. Throws `.badRequest` for a file that is wrong: nothing changes.
    package let reloadConfiguration: @Sendable () async throws(ExchangeError) -> ConfigurationReload
    /// SHA-256, in hexadecimal, over what its folder states: configuration, certificates, tables. What a reopening takes up.
    package let configurationDigest: @Sendable () throws(ExchangeError) -> String
    /// Wraps every patient's key anew; how many there are.
    package let rotateKeyring: @Sendable () async throws(ExchangeError) -> Int
    /// How the feed of audit events to a repository fares; nil where none is configured.
    package let auditFeed: @Sendable () -> OutboxStatus?
    /// Gives the journal another key, on behalf of a user, and has the node opened anew; the new key's public half.
    package let rotateLogKey: @Sendable (_ user: String) async throws(ExchangeError) -> String
    /// Has the node opened anew, once what is being answered has been.
    package let reopen: @Sendable () -> Void
    /// Whether it is about to be.
    package let isReopening: @Sendable () -> Bool
    /// Whether its store can be written.
    package let store: @Sendable () -> StoreStatus
    /// Who has how many questions under way at its listeners.
    package let askers: @Sendable () -> [AskerFigure]
    /// Its feeds of HL7 v2 messages.
    package let feeds: FeedDesk
    /// Its outboxes to receivers of documents.
    package let outboxes: OutboxDesk

    /// Vitals from their sources.
    package init(
        version: String, home: String, started: Timestamp, listeners: @escaping @Sendable () -> [ListenerStatus],
        certificates: @escaping @Sendable () -> [CertificateStatus],
        reach: @escaping @Sendable () -> [CommunityID: PeerReach],
        ping: @escaping @Sendable (CommunityID) async throws(ExchangeError) -> Duration,
        verifyJournal: @escaping @Sendable () async throws -> JournalVerdict,
        store: @escaping @Sendable () -> StoreStatus = { StoreStatus() },
        journalEnd: @escaping @Sendable () -> JournalExtent = { JournalExtent(segment: 0, offset: 0, entries: 0, root: []) },
        reloadCertificates: @escaping @Sendable () async throws(ExchangeError) -> CertificatesTaken = {
            () throws(ExchangeError) in CertificatesTaken()
        },
        reloadConfiguration: @escaping @Sendable () async throws(ExchangeError) -> ConfigurationReload = {
            () throws(ExchangeError) in ConfigurationReload()
        },
        configurationDigest: @escaping @Sendable () throws(ExchangeError) -> String = { () throws(ExchangeError) in "" },
        rotateKeyring: @escaping @Sendable () async throws(ExchangeError) -> Int = { () throws(ExchangeError) in 0 },
        rotateLogKey: @escaping @Sendable (String) async throws(ExchangeError) -> String = { (_) throws(ExchangeError) in "" },
        reopen: @escaping @Sendable () -> Void = {}, isReopening: @escaping @Sendable () -> Bool = { false },
        auditFeed: @escaping @Sendable () -> OutboxStatus? = { nil }, feeds: FeedDesk = FeedDesk(),
        outboxes: OutboxDesk = OutboxDesk(),
        askers: @escaping @Sendable () -> [AskerFigure] = { [] },
    ) {
        self.askers = askers
        self.feeds = feeds
        self.outboxes = outboxes
        self.version = version
        self.home = home
        self.started = started
        self.listeners = listeners
        self.certificates = certificates
        self.reach = reach
        self.ping = ping
        self.verifyJournal = verifyJournal
        self.store = store
        self.journalEnd = journalEnd
        self.reloadCertificates = reloadCertificates
        self.reloadConfiguration = reloadConfiguration
        self.configurationDigest = configurationDigest
        self.rotateKeyring = rotateKeyring
        self.auditFeed = auditFeed
        self.rotateLogKey = rotateLogKey
        self.reopen = reopen
        self.isReopening = isReopening
    }
}
