import ExchangeCore
import FHIRModel
import JSON

/// What a node says of a document before it is published (ITI-106): metadata, review, and who could read it.
struct PublishPreview {
    /// One finding of the node's review.
    struct Finding {
        let severity: OperationOutcome.Severity
        let rule: String
        let message: String
        let path: String

        /// Whether it says that the document is about somebody else.
        var isWrongPatient: Bool { severity == .error && rule == "patient" }

        var json: JSONValue {
            [
                "severity": .string(severity == .information ? "advice" : severity.rawValue), "rule": .string(rule),
                "path": .string(path), "message": .string(message),
            ]
        }
    }

    /// A role at a community.
    struct Reader {
        let name: String
        let role: String
        let isPermitted: Bool
        let isPermittedInEmergency: Bool
    }

    /// The metadata the node would register.
    let reference: JSONObject
    let findings: [Finding]
    let readers: [Reader]
    /// Confidentiality and sensitivities that the document would have.
    let labels: [String]
    /// Communities that were not looked at.
    let left: Int
    /// The id of the entry that holds the same document already.
    let registered: String?

    /// Reads the node's answer; refuses one without metadata.
    init(_ answer: JSONObject) throws(CommandFailure) {
        let parameters = Parameters(json: answer)
        let resources = parameters?.parameters.compactMap(\.resource) ?? [answer]
        guard let reference = resources.first(where: { $0["resourceType"]?.string == "DocumentReference" }) else {
            throw CommandFailure(.failed, "the node derived no metadata")
        }
        self.reference = reference
        let outcome = parameters?.parameter(named: "outcome")?.resource.map(OperationOutcome.init(json:))
        findings = (outcome?.issues ?? []).map {
            Finding(
                severity: $0.severity, rule: $0.codings.first?.code ?? "", message: $0.details ?? "",
                path: $0.diagnostics ?? "")
        }
        readers = (parameters?.parameters(named: "reader") ?? []).map { reader in
            Reader(
                name: reader.part(named: "name")?.value?.string ?? reader.part(named: "community")?.value?.string ?? "",
                role: reader.part(named: "role")?.value?.string ?? "",
                isPermitted: reader.part(named: "treatment")?.value == true,
                isPermittedInEmergency: reader.part(named: "emergency")?.value == true)
        }
        labels = (parameters?.parameters(named: "label") ?? []).compactMap { $0.value?.string }
        registered = parameters?.parameter(named: "registered")?.value?["reference"]?.string
            .map { String($0.dropFirst("DocumentReference/".count)) }
        left = parameters?.parameter(named: "communitiesLeft")?.value?.integer ?? 0
    }

    /// Why a person should look before it is published; nil when nothing speaks against the patient.
    var wrongPatient: Finding? { findings.first(where: \.isWrongPatient) }

    /// Why the registry would refuse it.
    var refusal: Finding? { findings.first { $0.severity == .error && $0.rule == "registry" } }

    var json: JSONObject {
        var object = JSONObject()
        object["labels"] = .array(labels.map { .string($0) })
        object["findings"] = .array(findings.map(\.json))
        object["readers"] = .array(
            readers.map {
                [
                    "community": .string($0.name), "role": .string($0.role), "treatment": .bool($0.isPermitted),
                    "emergency": .bool($0.isPermittedInEmergency),
                ]
            })
        return object
    }

    /// For people: the findings, then who could read it, a line for each community.
    func show(on terminal: Terminal) {
        for finding in findings {
            let paint: Terminal.Paint =
                switch finding.severity {
                case .fatal, .error: .bad
                case .warning: .doubtful
                case .information: .quiet
                }
            let grade = finding.severity == .information ? "advice" : finding.severity.rawValue
            terminal.result("  \(grade)  \(finding.path): \(finding.message)", paint)
        }
        terminal.result("  labels: \(labels.joined(separator: ", "))")
        var names: [String] = []
        for reader in readers where !names.contains(reader.name) { names.append(reader.name) }
        for name in names {
            let here = readers.filter { $0.name == name }
            let treating = here.filter(\.isPermitted).map(\.role)
            let emergency = here.filter { $0.isPermittedInEmergency && !$0.isPermitted }.map(\.role)
            var line = "  \(name): " + (treating.isEmpty ? "nobody" : treating.joined(separator: ", ")) + " could read it"
            if !emergency.isEmpty { line += ", in an emergency also \(emergency.joined(separator: ", "))" }
            terminal.result(line, treating.isEmpty ? .doubtful : .plain)
        }
        if left > 0 { terminal.result("  \(left) more communities were not looked at", .quiet) }
    }
}
