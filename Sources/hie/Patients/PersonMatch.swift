import FHIRModel
import JSON

/// Finding the one patient of a node who is meant by demographics (ITI-119 with `onlyCertainMatches`).
enum PersonMatch {
    /// The patient's id at the node; fails when nobody, or more than one person, may be meant.
    static func find(_ person: PatientFields, with client: FHIRClient) async throws -> String {
        let question = Parameters([
            .init(name: "resource", resource: try person.patient()),
            .init("onlyCertainMatches", "valueBoolean", true),
        ])
        let answer = try await client.post("/Patient/$match", .resource(question.json))
        var needs: [String] = []
        var isAmbiguous = false
        for entry in answer["entry"]?.items ?? [] {
            guard let resource = entry["resource"]?.object else { continue }
            if resource["resourceType"]?.string == "Patient", let id = resource["id"]?.string { return id }
            for issue in OperationOutcome(json: resource).issues where issue.code == "multiple-matches" {
                isAmbiguous = true
                needs += issue.expression.map { $0.hasPrefix("Patient.") ? String($0.dropFirst(8)) : $0 }
            }
        }
        if isAmbiguous {
            throw CommandFailure(
                .conflict, "several patients could be meant",
                hint: needs.isEmpty ? "name the patient by a record number" : "say more: \(needs.joined(separator: ", "))")
        }
        throw CommandFailure(
            .notFound, "no patient of this node is meant beyond doubt",
            hint: "say more, such as --phone or --postal-code, or name the patient by a record number")
    }
}
