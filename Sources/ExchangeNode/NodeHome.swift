import ExchangeCore
import Foundation

/// The folder of one node: configuration, keys, certificates, store. Where each file lies is said here and nowhere else.
package struct NodeHome: Sendable {
    /// What the configuration's file is called.
    package static let configurationName = "node.yaml"

    /// The folder itself.
    package let folder: URL
    /// What stands before `node.yaml` when it is read.
    package let overlay: ConfigurationOverlay

    /// A home at a path.
    package init(_ path: String, overlay: ConfigurationOverlay = .none) {
        // A folder also before it is made: else what lies in it would be sought beside it.
        folder = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
        self.overlay = overlay
    }

    /// `node.yaml`.
    package var configuration: URL { folder.appendingPathComponent(Self.configurationName) }
    /// The administrator's socket.
    package var adminSocket: URL { folder.appendingPathComponent("admin.sock") }
    /// What the network's authority says about this community.
    package var admission: URL { certificate("admission.jws") }
    /// The network authority's certificate: whom peers are trusted by.
    package var networkAuthority: URL { certificate("network.pem") }
    /// The node's certificate on the peer port.
    package var nodeCertificate: URL { certificate("node.pem") }
    /// The facility authority's certificate: whom clients are trusted by.
    package var clientAuthority: URL { certificate("clients.pem") }
    /// The clients' certificates that are not believed any more; there only when one was revoked.
    package var revokedClients: URL { certificate("clients.revoked") }
    /// The certificate of the client listener.
    package var listenerCertificate: URL { certificate("listener.pem") }
    /// The authorities of a client listener's certificate that another one than the facility's signed; there only then.
    package var listenerAuthority: URL { certificate("listener-authority.pem") }
    /// P-256: the node's certificate and its JWS signatures.
    package var nodeKey: URL { key("node.key") }
    /// Ed25519, 32 raw bytes: the journal's checkpoints.
    package var logKey: URL { key("log.key") }
    /// 32 raw bytes: wraps patients' keys.
    package var wrappingKey: URL { key("wrapping.key") }
    /// 32 raw bytes: wraps patients' keys once a rotation that has begun is through.
    package var nextWrappingKey: URL { key("wrapping.key.next") }
    /// 32 raw bytes: hashes what patients are looked up by; derived from the wrapping key until that is first rotated.
    package var indexKey: URL { key("index.key") }
    /// P-256: signs the facility's own user tokens.
    package var tokenKey: URL { key("tokens.key") }
    /// P-256: the facility authority, which issues clients' certificates.
    package var clientAuthorityKey: URL { key("clients.key") }
    /// P-256: the certificate of the client listener.
    package var listenerKey: URL { key("listener.key") }
    /// Journal, keyring and projection.
    package var store: URL { folder.appendingPathComponent("store") }
    /// Patients' keys, wrapped.
    package var keyring: URL { store.appendingPathComponent("keyring") }
    /// Says that the store was restored, from what and when; there only after a restore.
    package var restored: URL { store.appendingPathComponent("restored") }
    /// Says that others were heard since the store was restored.
    package var heard: URL { store.appendingPathComponent("restored-heard") }
    /// Where the other nodes were last known to be; beside the store, so that no older copy of that takes it along.
    package var peers: URL { folder.appendingPathComponent("peers") }
    /// Says that the folder follows another node; there only while it does.
    package var standby: URL { store.appendingPathComponent("standby") }
    /// The public half of the recovery key backups are sealed for.
    package var recoveryKey: URL { key("recovery.public") }
    /// 32 raw bytes: seals the refused messages of feeds; there only where a feed is configured.
    package var deadLetterKey: URL { key("dead-letters.key") }
    /// The refused messages of feeds, each sealed.
    package var deadLetters: URL { store.appendingPathComponent("dead-letters") }
    /// How far the outboxes of receivers have come.
    package var outboxes: URL { store.appendingPathComponent("outboxes") }
    /// What the feeds had taken, as an earlier version kept it: taken into the journal at the first start.
    package var takenMessages: URL { store.appendingPathComponent("taken-messages") }
    /// What this node witnessed of others' logs.
    package var witness: URL { store.appendingPathComponent("witness") }
    /// The projection's file.
    package var projection: URL { store.appendingPathComponent("projection.sqlite") }
    /// The releases of code systems that were imported.
    package var terminology: URL { folder.appendingPathComponent("terminology") }
    /// What clients of this facility were given, one folder each.
    package var clients: URL { folder.appendingPathComponent("clients") }

    /// Whether `hie init` has been here.
    package var isInitialised: Bool { FileManager.default.fileExists(atPath: configuration.path) }

    private func key(_ name: String) -> URL { folder.appendingPathComponent("keys").appendingPathComponent(name) }

    private func certificate(_ name: String) -> URL {
        folder.appendingPathComponent("certificates").appendingPathComponent(name)
    }
}
