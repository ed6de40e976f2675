import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Trust

/// `hie certificate pins`.
struct CertificatePinsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pins",
        abstract: "Say whom each listener believes: a chain to its authority, or pinned certificates alone.",
        discussion: """
            pinned in node.yaml lists certificates or keys by their SHA-256, for clients, peers, or a feed by its \
            name; that listener then believes these alone, whoever signed them, and refuses others in the \
            handshake. A key outlives the certificates made for it; a certificate's own number ends with it. \
            hie certificate show prints both, and so does openssl x509 -fingerprint -sha256. hie config reload \
            takes a change up. Asks no node.

            EXAMPLE
              hie certificate pins
              hie certificate pins --json | jq -r '.listeners[] | select(.trusts == "pinned") | .listener'
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let node = NodeHome.here(client.home)
        let configuration = try NodeConfiguration(of: node)
        let known = try CertificateInventory.of(node)
        let listeners = configuration.listenerNames
        func names(_ thumbprint: Thumbprint) -> [KeptCertificate] {
            known.filter { $0.thumbprint == thumbprint || $0.key == thumbprint }
        }
        if output.json {
            return terminal.result([
                "listeners": .array(
                    listeners.map { listener in
                        let pins = configuration.pinned[listener]
                        return [
                            "listener": .string(listener), "trusts": .string(pins == nil ? "chain" : "pinned"),
                            "certificates": .array(
                                (pins ?? []).sorted().map { pin in
                                    [
                                        "thumbprint": .string(pin.text),
                                        "names": .array(names(pin).map { .string($0.name) }),
                                    ]
                                }),
                        ]
                    })
            ])
        }
        var table = Table("LISTENER", "TRUSTS", "CERTIFICATE OR KEY", "OF")
        for listener in listeners {
            guard let pins = configuration.pinned[listener] else {
                table.add(
                    .init(listener), .init("chain"), .init("any"),
                    .init(listener == "peers" ? "the network's authority" : "the facility's authority"))
                continue
            }
            for pin in pins.sorted() {
                let found = names(pin)
                table.add(
                    .init(listener), .init("pinned", .good), .init(pin.text),
                    found.isEmpty
                        ? .init("none in this folder", .quiet) : .init(found.map(\.name).joined(separator: ", ")))
            }
        }
        terminal.result(table)
    }
}
