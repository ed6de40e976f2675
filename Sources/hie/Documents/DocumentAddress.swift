import ArgumentParser
import ExchangeCore
import ExchangeNode
import PeerTransport

/// Where a document is, as a person names it: its address, or its id and perhaps whose and whom it is about.
struct DocumentAddress {
    private let document: String
    private let community: String?
    private let patient: String?

    init(_ document: String, community: String?, patient: String?) {
        self.document = document
        self.community = community
        self.patient = patient
    }

    /// Refuses what cannot be one.
    func validate() throws {
        guard (community == nil) == (patient == nil) else {
            throw ValidationError("--community and --patient go together: the document is asked for as that patient's.")
        }
        if community != nil, DocumentID(document) == nil {
            throw ValidationError("With --community the document is named by its id.")
        }
        if let community, CommunityID(community) == nil {
            throw ValidationError("--community is an OID such as 1.3.6.1.4.1.21367.2026.10.")
        }
        if let patient, PatientID(patient) == nil { throw ValidationError("--patient is an id such as 3f0c5c1e-....") }
    }

    /// The path to ask for; an address of another server is refused, since the token is not for it.
    func path(on settings: ClientSettings) throws(CommandFailure) -> String {
        if let id = DocumentID(document) {
            let path = "\(settings.basePath)/Binary/\(id)"
            guard let home = community.flatMap({ CommunityID($0) }), let patient = patient.flatMap({ PatientID($0) }) else {
                return path
            }
            return path + "?home=\(home.urn)&patient=\(patient)"
        }
        guard let (origin, path) = ServerOrigin.read(document) else {
            throw CommandFailure(
                .usage, "this is neither an address nor a document's id", hint: "hie document find --json prints both")
        }
        guard origin == settings.origin, path.hasPrefix(settings.basePath + "/") else {
            throw CommandFailure(
                .refused,
                "the address is not below \(settings.origin.text)\(settings.basePath), which alone may see the token",
                hint: "ask the node that gave you the address")
        }
        return path
    }
}
