import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import Transactions

extension FHIRService {
    /// ITI-83 `$ihe-pix`, by GET or by POST of Parameters; its errors are PIXm's, word for word.
    func crossReference(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let question: PIXQuestion
        if exchanged.request.method == .post {
            let resource = try await exchanged.resource(bodies, limits: exchange.settings.limits)
            question = try exchanged.reading { () throws(ExchangeError) in try PIXQuestion(resource) }
        } else {
            try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
            let fields = try exchanged.fields()
            question = try exchanged.reading { () throws(ExchangeError) in try PIXQuestion(fields) }
        }
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.crossReference(question.source, targets: question.targets, for: context)
        }
        switch found {
        case .unknownIdentifier: return Self.refusal(.notFound, "not-found", "sourceIdentifier Patient Identifier not found")
        case .unknownAuthority:
            return Self.refusal(.badRequest, "code-invalid", "sourceIdentifier Assigning Authority not found")
        case .unknownTarget: return Self.refusal(.forbidden, "code-invalid", "targetSystem not found")
        case .found(let records, let identifiers, let tickets):
            let parameters =
                identifiers.map { Parameters.Parameter("targetIdentifier", "valueIdentifier", $0.identifierJSON) }
                + records.map {
                    Parameters.Parameter("targetId", "valueReference", ["reference": .string("\(base)/Patient/\($0.id)")])
                }
            return Answer(.ok, resource: Parameters(parameters).json, tickets: tickets)
        }
    }

    private static func refusal(_ status: HTTPResponse.Status, _ code: String, _ text: String) -> Answer {
        Answer(status, outcome: OperationOutcome([.init(.error, code, details: text, diagnostics: text)]))
    }
}

/// An ITI-83 question as understood.
struct PIXQuestion: Sendable {
    /// Domains asked for at the most.
    static let targetsMax = 32

    let source: PatientIdentifier
    /// Empty for every domain.
    let targets: [String]

    /// Reads the parameters of a query; throws `badRequest` naming the one that is wrong.
    init(_ fields: [RequestField]) throws(ExchangeError) {
        var sources: [String] = []
        var targets: [String] = []
        for field in fields {
            switch field.name {
            case "sourceIdentifier": sources.append(field.value)
            case "targetSystem":
                targets += SearchText.split(field.value, at: UInt8(ascii: ",")).map(SearchText.unescaped)
            default: continue
            }
        }
        try self.init(sources.map { SearchText.token($0) }, targets)
    }

    /// Reads Parameters: `sourceIdentifier` as an Identifier or as `system|value`, `targetSystem` as a URI.
    init(_ resource: FHIRResource) throws(ExchangeError) {
        guard let parameters = Parameters(json: resource.json) else {
            throw ExchangeError(.badRequest, "send Parameters (ITI-83)", at: "resourceType")
        }
        let sources = parameters.parameters(named: "sourceIdentifier").map { parameter -> (system: String?, code: String) in
            guard let text = parameter.value?.string else {
                return (parameter.value?["system"]?.string, parameter.value?["value"]?.string ?? "")
            }
            return SearchText.token(text)
        }
        try self.init(sources, parameters.parameters(named: "targetSystem").compactMap { $0.value?.string })
    }

    private init(_ sources: [(system: String?, code: String)], _ targets: [String]) throws(ExchangeError) {
        guard let source = sources.first, sources.count == 1, let system = source.system, !system.isEmpty,
            !source.code.isEmpty, let identifier = PatientIdentifier(system: system, value: source.code)
        else { throw ExchangeError(.badRequest, "needs one system|value", at: "sourceIdentifier") }
        guard targets.count <= Self.targetsMax, targets.allSatisfy({ !$0.isEmpty }) else {
            throw ExchangeError(.badRequest, "takes 1 to \(Self.targetsMax) domains; leave it out for all of them", at: "targetSystem")
        }
        self.source = identifier
        self.targets = targets
    }
}
