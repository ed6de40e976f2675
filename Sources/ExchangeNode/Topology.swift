import ConsentEngine
import ExchangeCore
import Foundation

/// An exchange as data: who takes part, what each default is, who is registered where (Topology/*.yaml).
package struct Topology: Sendable {
    /// One member of staff who may act in a demonstration.
    package struct Clinician: Sendable {
        /// The token's subject.
        package let user: String
        /// The person's name.
        package let name: String
        /// The person's role.
        package let role: String
        /// The organisation's identifier.
        package let organization: String
        /// Purpose of use.
        package let purpose: String

        /// A member of staff from their parts.
        package init(user: String, name: String, role: String, organization: String, purpose: String) {
            self.user = user
            self.name = name
            self.role = role
            self.organization = organization
            self.purpose = purpose
        }
    }

    /// One facility.
    package struct Community: Sendable {
        /// The facility's name.
        package let name: String
        /// Short and unique: its folder's name.
        package let slug: String
        /// The community it speaks for.
        package let community: CommunityID
        /// What holds for patients who have said nothing, as `node.yaml` writes it.
        package let consent: String
        /// Slugs of the nodes it is told of.
        package let seeds: [String]
        /// Who may act here.
        package let clinicians: [Clinician]
    }

    /// Where a demonstration plays.
    package struct Scene: Sendable {
        /// Slug of the facility the clinician stands in.
        package let at: String
        /// The clinician.
        package let clinician: String
        /// The patient's medical record number there.
        package let patient: String
        /// Slug of the facility at which the patient refuses.
        package let refusesAt: String
        /// Slug of the facility that is stopped and killed.
        package let stops: String
    }

    /// The network's name.
    package let network: String
    /// The facilities, in the file's order.
    package let communities: [Community]
    /// The registrations' file.
    package let patients: URL?
    /// The documents' folder.
    package let documents: URL?
    /// Where a demonstration plays; nil when the file tells none.
    package let scene: Scene?

    /// Reads a topology; `.badRequest` with every problem, `.notFound` when the file is not there.
    package init(_ path: String) throws(ExchangeError) {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        var file = try YAMLReader(try PlainFile.text(url))
        network = file.required("network")
        var communities: [Community] = []
        for var entry in file.readers("communities") {
            if let community = Self.community(&entry) { communities.append(community) }
            file.take(entry)
        }
        if communities.isEmpty { file.refuse("communities", "must name one facility at least") }
        let slugs = Set(communities.map(\.slug))
        if slugs.count != communities.count { file.refuse("communities", "names a slug twice") }
        for community in communities {
            for seed in community.seeds where !slugs.contains(seed) {
                file.refuse("communities", "has the seed \(seed), which is no slug of this file")
            }
        }
        let folder = url.deletingLastPathComponent()
        patients = file.text("patients").map { folder.appendingPathComponent($0).standardizedFileURL }
        documents = file.text("documents").map { folder.appendingPathComponent($0).standardizedFileURL }
        if var entry = file.reader("scene") {
            scene = Scene(
                at: entry.required("at"), clinician: entry.required("clinician"), patient: entry.required("patient"),
                refusesAt: entry.required("refusesAt"), stops: entry.required("stops"))
            file.take(entry)
        } else {
            scene = nil
        }
        let problems = file.problems + file.unknown
        guard problems.isEmpty else { throw ExchangeError(.badRequest, problems.joined(separator: "\n")) }
        self.communities = communities
    }

    private static func community(_ entry: inout YAMLReader) -> Community? {
        let name = entry.required("name")
        let slug = entry.required("slug")
        let consent = entry.required("consent")
        if ConsentPolicyDefault(name: consent) == nil { entry.refuse("consent", "must be opt-in or opt-out") }
        let id = CommunityID(entry.required("community"))
        if id == nil { entry.refuse("community", "must be an OID") }
        var clinicians: [Clinician] = []
        for var person in entry.readers("clinicians") {
            clinicians.append(
                Clinician(
                    user: person.required("user"), name: person.required("name"), role: person.required("role"),
                    organization: person.required("organization"), purpose: person.required("purpose")))
            entry.take(person)
        }
        let seeds = entry.list("seeds")
        guard let id else { return nil }
        return Community(
            name: name, slug: slug, community: id, consent: consent, seeds: seeds, clinicians: clinicians)
    }
}
