import AdminEndpoint
import Crypto
import ExchangeCore
import Foundation
import Storage

/// Looks at the journal and the keyring of a node that is stopped, as its start will; changes nothing.
enum StoreCheckup {
    /// Journals larger than this are not read through here: that takes minutes.
    private static let bytesMax: UInt64 = 4 << 30

    /// What was found; nothing where there is no journal yet.
    static func findings(_ home: NodeHome, _ configuration: NodeConfiguration, world: World) -> [HealthFinding] {
        let journal = home.store.appendingPathComponent("journal").path
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: journal) else { return [] }
        // The lock and the leaves are made by the node's own user, never here.
        guard ["lock", "leaves"].allSatisfy(names.contains) else {
            return [
                HealthFinding(
                    "journal", .warn, "its side files are missing: it is read through at the start", next: "hie audit verify")
            ]
        }
        return [self.journal(home, segments: names.count { $0.hasSuffix(".segment") }, configuration, world), keyring(home)]
    }

    private static func journal(
        _ home: NodeHome, segments: Int, _ configuration: NodeConfiguration, _ world: World,
    ) -> HealthFinding {
        guard UInt64(segments) * UInt64(configuration.limits.segmentBytes) <= bytesMax else {
            return HealthFinding("journal", .pass, "\(segments) segments, not read through: hie audit verify does")
        }
        do throws(ExchangeError) {
            guard let plan = try JournalRepair(home, world: world).plan() else {
                return HealthFinding("journal", .pass, "whole")
            }
            return HealthFinding(
                "journal", .fail, plan.reason,
                next: "hie backup restore, or go on without what is lost: hie journal repair")
        } catch where error.code == .conflict {
            return HealthFinding("journal", .warn, error.description)
        } catch {
            return HealthFinding("journal", .fail, error.description, next: "hie backup restore, or hie journal repair")
        }
    }

    private static func keyring(_ home: NodeHome) -> HealthFinding {
        do throws(ExchangeError) {
            let bytes: [UInt8]
            do throws(ExchangeError) { bytes = try SecretFile.read(home.keyring) } catch where error.code == .notFound {
                throw KeyringWatch.lost(home.keyring.path)
            }
            let files = FileManager.default.fileExists(atPath: home.nextWrappingKey.path)
                ? [home.nextWrappingKey, home.wrappingKey] : [home.wrappingKey]
            let keys = try files.map { (file) throws(ExchangeError) in SymmetricKey(data: try SecretFile.read(file)) }
            let fitting = keys.first { FileKeyring.isWrapped(bytes, by: $0) } ?? keys[0]
            return HealthFinding("keyring", .pass, "\(try FileKeyring.check(bytes, wrappingKey: fitting)) patients' keys open")
        } catch {
            return HealthFinding("keyring", .fail, error.description, next: "put the newest back: hie keyring restore")
        }
    }
}
