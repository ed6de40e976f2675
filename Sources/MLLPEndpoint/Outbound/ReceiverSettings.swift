import ExchangeCore
import HL7v2

/// A receiver of documents as HL7 v2 messages, as a facility configured it: where, and who it is to consent.
package struct ReceiverSettings: Sendable, Hashable {
    /// What logs, metrics, the journal and commands call it: 1 to 32 lower-case letters, digits and hyphens.
    package var name: String
    /// Where it listens.
    package var host: String
    /// Its port.
    package var port: Int
    /// PEM file of the authority that its certificate is checked against; nil in clear, which is for this machine alone.
    package var authority: String?
    /// PEM files of the certificate and key this node shows; nil shows its own.
    package var certificate: String?
    /// The key to it.
    package var key: String?
    /// MSH-5.
    package var application: String?
    /// MSH-6.
    package var facility: String?
    /// The role by which it is judged.
    package var role: String
    /// The purpose by which it is judged.
    package var purpose = "TREAT"
    /// Codes of the documents' types it is sent; empty for all.
    package var types: Set<String> = []
    /// Feeds whose documents it is not sent: those that come from the receiver itself.
    package var notFrom: Set<String> = []
    /// Hours after which a document that cannot be delivered is given up.
    package var giveUpHours = 72

    /// A receiver with the defaults.
    package init(name: String, host: String, port: Int, role: String) {
        self.name = name
        self.host = host
        self.port = port
        self.role = role
    }

    /// By whom the journal says that a document was taken.
    package var user: String { "receiver " + name }
}
