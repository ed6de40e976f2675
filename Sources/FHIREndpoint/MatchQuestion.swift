import ExchangeCore
import FHIRModel
import JSON
import PatientIndex

/// A `$match` as asked (PDQm, ITI-119).
struct MatchQuestion: Sendable {
    let demographics: Demographics
    let identifiers: [PatientIdentifier]
    let onlyCertain: Bool
    let count: Int

    /// Reads Parameters or a bare Patient; throws `badRequest` naming the element.
    init(_ resource: FHIRResource, countMax: Int) throws(ExchangeError) {
        var patient = resource.json
        var onlyCertain = false
        var count = countMax
        if let parameters = Parameters(json: resource.json) {
            guard let given = parameters.parameter(named: "resource")?.resource else {
                throw ExchangeError(.badRequest, "$match needs a Patient as the parameter resource", at: "Parameters.parameter")
            }
            patient = given
            if let value = parameters.parameter(named: "onlyCertainMatches")?.value {
                guard let flag = value.bool else {
                    throw ExchangeError(.badRequest, "onlyCertainMatches is a boolean", at: "Parameters.parameter")
                }
                onlyCertain = flag
            }
            if let value = parameters.parameter(named: "count")?.value {
                guard let number = value.integer, number > 0 else {
                    throw ExchangeError(.badRequest, "count is a positive integer", at: "Parameters.parameter")
                }
                count = min(number, countMax)
            }
        }
        guard patient["resourceType"]?.string == "Patient" else {
            throw ExchangeError(.badRequest, "$match compares with a Patient", at: "resourceType")
        }
        demographics = PatientMapping.demographics(patient)
        identifiers = PatientMapping.identifiers(patient)
        self.onlyCertain = onlyCertain
        self.count = count
        guard !identifiers.isEmpty || !demographics.names.isEmpty || demographics.birthDate != nil else {
            throw ExchangeError(.badRequest, "$match needs an identifier, a name or a birth date", at: "Patient")
        }
    }
}
