import ConsentEngine
import ExchangeCore
import GossipDirectory
import JSON
import Journal
import Transactions
import Trust
import XDSMetadata

/// What each change that can wait is about: the arguments that count, the patient, and how things are now. A change that would
/// be refused at once is refused when it is asked for.
extension AdminService {
    func draft(_ command: AdminCommand, _ call: AdminCall) async throws -> ChangeDraft {
        func about(_ ground: JSONValue, _ arguments: JSONObject = [:], of subject: PatientID? = nil) -> ChangeDraft {
            ChangeDraft(command: command.rawValue, arguments: arguments, ground: ground, subject: subject)
        }
        switch command {
        case .retentionRelease:
            let patient = try await patient(call)
            guard let hold = try await exchange.projection.legalHold(of: patient) else {
                throw ExchangeError(.conflict, "the record is not under hold")
            }
            let reason = try call.text("reason")
            try LegalHold.demandReason(reason)
            return about(
                ["reason": .string(hold.reason), "heldBy": .string(hold.user)],
                ["patient": .string(patient.description), "reason": .string(reason)], of: patient)
        case .retentionErase: return try await erasure(command, call)
        case .retentionApply:
            let rules = exchange.settings.retention
            return about([
                "majorityAge": .number(String(rules.majorityAge)),
                "rules": .array(
                    rules.rules.map { rule in
                        [
                            "code": rule.code.map { .string($0) } ?? .null, "jurisdiction": .string(rule.jurisdiction),
                            "years": .number(String(rule.years)),
                            "yearsAfterMajority": rule.yearsAfterMajority.map { .number(String($0)) } ?? .null,
                        ]
                    }),
            ])
        case .directoryAdmit:
            return about(try standing(call, "admission", .admission), ["admission": .string(try call.text("admission"))])
        case .directoryRevoke:
            return about(try standing(call, "revocation", .revocation), ["revocation": .string(try call.text("revocation"))])
        case .directoryLeave, .directoryAdopt: return about(standing(of: exchange.settings.community))
        case .patientActivate:
            let models = try await IdentityCommands(exchange.desk).answer(.patientModels, [:], actor: call.context.user)
            var arguments: JSONObject = ["model": .string(try call.text("model"))]
            arguments["reason"] = try call.optionalText("reason").map { .string($0) }
            return about(["inForce": models["inForce"] ?? .null], arguments)
        case .keyringRotate: return about([:])
        case .journalRotateKey: return about(["key": exchange.witness.map { .string($0.key.text) } ?? .null])
        case .configReload, .nodeReopen: return about(["files": .string(try vitals.configurationDigest())])
        default:
            throw ExchangeError(.internal, "\(command.rawValue) cannot wait for a second administrator")
        }
    }

    /// An erasure of one document, or of a patient: which documents there are is part of what is agreed to.
    private func erasure(_ command: AdminCommand, _ call: AdminCall) async throws -> ChangeDraft {
        let why = try call.text("ground")
        guard Erasure.Ground(rawValue: why) != nil else {
            throw ExchangeError(
                .badRequest, "the ground is \(Erasure.Ground.allCases.map(\.rawValue).joined(separator: ", "))", at: "ground")
        }
        if let text = try call.optionalText("document") {
            guard let id = DocumentID(text),
                let facts = try await exchange.projection.facts(aboutDocument: id),
                let document = facts.documents.first(where: { $0.facts.id == id })
            else { throw ExchangeError(.notFound, "no document of that id is registered here", at: "document") }
            return ChangeDraft(
                command: command.rawValue, arguments: ["document": .string(id.description), "ground": .string(why)],
                ground: ["sealed": .string(Hexadecimal.encode(document.content.sealedDigest))], subject: document.patient)
        }
        let patient = try await patient(call)
        let facts = try await exchange.projection.facts(about: patient, matching: DocumentQuery())
        guard facts.patient != nil else { throw Self.unknown }
        let own = facts.documents.filter { $0.patient == patient }
        return ChangeDraft(
            command: command.rawValue, arguments: ["patient": .string(patient.description), "ground": .string(why)],
            ground: [
                "documents": .number(String(own.count)),
                "newest": own.max { $0.registered < $1.registered }.map { .string($0.facts.id.description) } ?? .null,
            ], subject: patient)
    }

    /// How a community stands that a signed text is about; whether the text is true is judged when it is taken in.
    private func standing(_ call: AdminCall, _ name: String, _ type: TokenType) throws(ExchangeError) -> JSONValue {
        guard let community = (try? UnverifiedToken(try call.text(name), type: type))?.community else {
            throw ExchangeError(.badRequest, "this is no \(name) that an authority signed", at: name)
        }
        return standing(of: community)
    }

    private func standing(of community: CommunityID) -> JSONValue {
        let row = exchange.directory.communities(at: exchange.world.now()).first { $0.community == community }
        return [
            "community": .string(community.urn), "standing": .string(row?.standing.rawValue ?? "unknown"),
            "epoch": row?.admission.map { .number(String($0.grant.epoch)) } ?? .null,
            "admitted": row?.admission.map { .string($0.grant.issued.description) } ?? .null,
        ]
    }
}
