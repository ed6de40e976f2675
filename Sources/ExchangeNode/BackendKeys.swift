import ExchangeCore
import FHIREndpoint
import Foundation
import Trust

/// The list `systems` of `node.yaml`: the facility's systems that get tokens by themselves (SMART Backend Services).
package struct BackendSettings: Sendable, Equatable {
    /// The system's name, as its assertions say it.
    package var id: String
    /// Its key set (RFC 7517), a file.
    package var keySet: String
    /// The role of its tokens.
    package var role: String
    /// Their purpose of use.
    package var purpose: String
    /// What it may ask for.
    package var scopes: [String]

    static func read(_ section: inout YAMLReader, among others: [BackendSettings]) -> BackendSettings {
        let settings = BackendSettings(
            id: section.required("client"), keySet: section.required("jwks"), role: section.required("role"),
            purpose: section.text("purpose") ?? "HOPERAT", scopes: section.list("scopes"))
        if !TrustedCertificate.isClientName(settings.id), !settings.id.isEmpty {
            section.refuse("client", "must be 1 to 64 letters, digits, '.', '-' or '_'")
        }
        if others.contains(where: { $0.id == settings.id }) { section.refuse("client", "stands twice") }
        if settings.scopes.isEmpty || !settings.scopes.allSatisfy(ScopeRules.isKnown) {
            section.refuse("scopes", "must list what it may ask for, such as system/DocumentReference.rs")
        }
        return settings
    }

    static func effective(_ all: [BackendSettings]) -> [(key: String, value: String)] {
        [("systems", all.map { "\($0.id) (\($0.role), \($0.purpose): \($0.scopes.joined(separator: " ")))" }.joined(separator: "; "))]
    }

    /// The systems with their keys, by name. Throws when a key set cannot be read; the file is named.
    static func clients(_ all: [BackendSettings], _ home: NodeHome) throws(ExchangeError) -> [String: BackendClient] {
        var clients: [String: BackendClient] = [:]
        for one in all {
            let keys = try KeySetFile.read(one.keySet, home).keys
            clients[one.id] = BackendClient(
                id: one.id, keys: keys, role: one.role, purpose: one.purpose, scopes: one.scopes)
        }
        return clients
    }
}

/// Key sets in files.
enum KeySetFile {
    static func read(_ path: String, _ home: NodeHome) throws(ExchangeError) -> JSONWebKeySet {
        let bytes = try PlainFile.read(URL(fileURLWithPath: path, relativeTo: home.folder))
        do throws(ExchangeError) { return try JSONWebKeySet(bytes) } catch {
            throw ExchangeError(error.code, error.message, at: path)
        }
    }
}
