import ExchangeCore
import FHIRModel
import JSON

/// Finds out whom a submission is about (ITI-65: `subject`, else the source's own word for the patient).
enum PatientReading {
    static func patient(_ subject: FHIRReference?, sourceInfo: FHIRReference?, _ lookup: ResourceLookup)
        -> SubmittedPatient
    {
        var patient = SubmittedPatient(reference: subject?.reference)
        switch subject?.target {
        case .relative("Patient", let id): patient.record = PatientID(id)
        case .urn(let urn): patient.record = PatientID(urn)
        default: break
        }
        if let identifier = subject?.identifier { patient.identifiers.append(identifier) }
        for resource in [lookup.resource(subject), lookup.resource(sourceInfo)].compactMap(\.self)
        where resource["resourceType"]?.string == "Patient" {
            for identifier in PatientMapping.identifiers(resource) where !patient.identifiers.contains(identifier) {
                patient.identifiers.append(identifier)
            }
            if patient.demographics == nil { patient.demographics = PatientMapping.demographics(resource) }
        }
        return patient
    }
}
