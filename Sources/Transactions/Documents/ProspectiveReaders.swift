import ConsentEngine
import ExchangeCore
import GossipDirectory
import XDSMetadata

/// Who could read a document that is not published yet, under the consent in force.
package struct ProspectiveReaders: Sendable, Hashable {
    /// One role at one community.
    package struct Reader: Sendable, Hashable {
        /// The community.
        package let community: CommunityID
        /// Its name, for people.
        package let name: String
        /// The role, as tokens name it.
        package let role: String
        /// Whether somebody in it could read the document to treat the patient.
        package let isPermitted: Bool
        /// Whether in an emergency (purpose `BTG`).
        package let isPermittedInEmergency: Bool
    }

    /// Every role at every community, this one first.
    package let readers: [Reader]
    /// Communities of the directory that were not looked at, for their number.
    package let left: Int
    /// Confidentiality and sensitivities that the document would have, as codes.
    package let labels: [String]

    /// Communities looked at.
    package static let communitiesMax = 200
    /// Roles looked at.
    package static let rolesMax = 8
}

extension Exchange {
    /// Judges a document that is not registered yet for every community of the directory, by the evaluator that enforces.
    ///
    /// The roles are physician, nurse, and those that the patient's directives name. What it tells of the patient's consent
    /// is written down as an access first, together with the access to another patient's record whom the document seems to
    /// be about.
    func readers(of entry: DocumentEntry, comparedWith another: PatientID?, for context: AccessContext) async throws(ExchangeError)
        -> (ProspectiveReaders, AnswersUnderWay.Ticket)
    {
        for _ in 0..<settings.limits.decisionsMax {
            let facts = try await facts(of: entry.patient)
            let consent = facts.consent.compiled(policy: settings.consentDefault, treating: settings.treating, now: world.now())
            let document = DocumentFacts(entry)
            let (communities, left) = communitiesThatMayAsk()
            let roles = Self.roles(named: facts.consent)
            let readers = communities.flatMap { community in
                roles.map { role in
                    func isPermitted(_ purpose: String) -> Bool {
                        let asker = AccessContext(
                            door: community.id == settings.community ? .client : .peer, user: "", role: role,
                            organization: community.id.urn, community: community.id, purpose: purpose,
                            deadline: context.deadline, traceID: context.traceID)
                        return consent.decide(asker, document: document, of: entry.patient).isPermitted
                    }
                    return ProspectiveReaders.Reader(
                        community: community.id, name: community.name, role: role, isPermitted: isPermitted("TREAT"),
                        isPermittedInEmergency: isPermitted(EmergencyAccess.purpose))
                }
            }
            var compared = [(entry.patient, facts)]
            if let another { compared.append((another, try await self.facts(of: another))) }
            let entries = compared.map { patient, facts in
                let access = AccessRecord(
                    transaction: "ITI-106", context: context, factsPosition: facts.position, together: facts.together,
                    decisions: [
                        .init(documents: [], isPermitted: true, rules: ["a document to be published was compared with the record"])
                    ])
                return AccessEntry(about: patient, access: access, facts: facts)
            }
            if let ticket = try await record(entries) {
                return (
                    ProspectiveReaders(
                        readers: readers, left: left,
                        labels: [document.labels.confidentiality.rawValue] + document.labels.sensitivities), ticket
                )
            }
        }
        throw Self.consentMoves
    }

    private func communitiesThatMayAsk() -> ([(id: CommunityID, name: String)], left: Int) {
        let others = directory.communities(at: world.now()).filter {
            $0.community != settings.community && $0.standing == .active
        }
        let shown = others.prefix(ProspectiveReaders.communitiesMax - 1).map { (id: $0.community, name: $0.name) }
        return ([(settings.community, settings.name)] + shown, others.count - shown.count)
    }

    private static func roles(named consent: PersonConsent) -> [String] {
        var roles = ["physician", "nurse"]
        for directive in consent.directives {
            for rule in [directive.base] + directive.exceptions {
                for case .role(let name) in rule.actors
                where roles.count < ProspectiveReaders.rolesMax && !roles.contains(name) { roles.append(name) }
            }
        }
        return roles
    }
}
