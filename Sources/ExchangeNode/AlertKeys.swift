import ExchangeCore
import Logging
import ServiceLifecycle
import Transactions

/// The section `alerts` of `node.yaml`: the thresholds by their names, and what is known of staff.
enum AlertKeys {
    struct Key: Sendable {
        let name: String
        let path: any WritableKeyPath<AlertThresholds, Int> & Sendable
        let range: ClosedRange<Int>
    }

    static let keys: [Key] = [
        Key(name: "many-patients", path: \.manyPatients, range: 2...500),
        Key(name: "many-minutes", path: \.manyMinutes, range: 1...1440),
        Key(name: "denied-attempts", path: \.deniedAttempts, range: 2...500),
        Key(name: "denied-minutes", path: \.deniedMinutes, range: 1...1440),
        Key(name: "discharge-days", path: \.dischargeDays, range: 1...36_500),
        Key(name: "day-begins", path: \.dayBegins, range: 0...23),
        Key(name: "day-ends", path: \.dayEnds, range: 0...23),
        Key(name: "zone-minutes", path: \.zoneMinutes, range: -840...840),
    ]

    static func read(_ section: inout YAMLReader) -> AlertThresholds {
        var thresholds = AlertThresholds()
        for key in keys {
            if let value = section.integer(key.name, in: key.range) { thresholds[keyPath: key.path] = value }
        }
        if let isOn = section.flag("on") { thresholds.isOn = isOn }
        let roles = section.list("night-roles")
        if !roles.isEmpty { thresholds.nightRoles = Set(roles) }
        for var member in section.readers("staff") {
            thresholds.staff[member.required("user")] = StaffMember(
                family: member.text("family"), identifiers: Set(member.list("identifiers")))
            section.take(member)
        }
        return thresholds
    }

    static func effective(_ thresholds: AlertThresholds) -> [(key: String, value: String)] {
        [("alerts.on", String(thresholds.isOn))]
            + keys.map { ("alerts." + $0.name, String(thresholds[keyPath: $0.path])) }
            + [
                ("alerts.night-roles", thresholds.nightRoles.sorted().joined(separator: ", ")),
                ("alerts.staff", thresholds.staff.keys.sorted().joined(separator: ", ")),
            ]
    }
}

/// The rules that raise alerts, as a service that ends with the group; they never hold the node up.
struct WatchService: Service {
    let exchange: Exchange

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do throws(ExchangeError) {
                    try await exchange.watchAccesses()
                } catch {
                    exchange.logger.error("the alert rules stopped, and begin anew", metadata: ["error": "\(error.message)"])
                    try? await exchange.world.sleep(.seconds(30))
                }
            }
        }
    }
}
