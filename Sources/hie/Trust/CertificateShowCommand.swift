import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import SwiftASN1
import Trust
import X509

/// `hie certificate show`.
struct CertificateShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a certificate says: names, key, days left.",
        discussion: """
            EXAMPLE
              hie certificate show ~/.hie/certificates/node.pem
              hie certificate show client.pem --json | jq '.certificates[0].daysLeft'
            """)

    @Argument(help: "A PEM file.") var file: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let certificates = try CertificatePEM.read(LocalFile.text(file))
        let now = World.system.now()
        if output.json {
            return terminal.result(["certificates": .array(certificates.map { Self.json($0, now: now) })])
        }
        for (index, certificate) in certificates.enumerated() {
            if index > 0 { terminal.result("") }
            Self.facts(certificate, now: now).show(on: terminal)
        }
    }

    private static func names(_ certificate: Certificate) -> [String] {
        guard let names = try? certificate.extensions.subjectAlternativeNames else { return [] }
        return names.map { name in
            switch name {
            case .dnsName(let text): "DNS:" + text
            case .uniformResourceIdentifier(let text): "URI:" + text
            case .ipAddress(let bytes): "IP:" + address(Array(bytes.bytes))
            default: "\(name)"
            }
        }
    }

    private static func address(_ bytes: [UInt8]) -> String {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        return stride(from: 0, to: bytes.count - 1, by: 2).map {
            String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
        }.joined(separator: ":")
    }

    private static func daysLeft(_ certificate: Certificate, _ now: Timestamp) -> Int64 {
        (certificate.validUntil - now).components.seconds / 86400
    }

    private static func facts(_ certificate: Certificate, now: Timestamp) -> Facts {
        let days = daysLeft(certificate, now)
        var facts = Facts()
        facts.add("subject", "\(certificate.subject)", .heading)
        facts.add("issuer", "\(certificate.issuer)")
        for name in names(certificate) { facts.add("name", name) }
        facts.add("key", certificate.spkiThumbprint.text)
        facts.add("certificate", certificate.thumbprint.text)
        facts.add("valid from", certificate.validFrom.description)
        facts.add("valid until", certificate.validUntil.description)
        facts.add(
            "left", certificate.validUntil <= now ? "expired" : Words.count(Int(days), "day"),
            days < 2 ? .bad : days < 7 ? .doubtful : .good)
        return facts
    }

    private static func json(_ certificate: Certificate, now: Timestamp) -> JSONValue {
        [
            "subject": .string("\(certificate.subject)"), "issuer": .string("\(certificate.issuer)"),
            "names": .array(names(certificate).map { .string($0) }), "key": .string(certificate.spkiThumbprint.text),
            "thumbprint": .string(certificate.thumbprint.text), "validFrom": .string(certificate.validFrom.description),
            "validUntil": .string(certificate.validUntil.description),
            "daysLeft": .number(String(daysLeft(certificate, now))), "expired": .bool(certificate.validUntil <= now),
        ]
    }
}
