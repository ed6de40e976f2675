import ExchangeCore
import HL7v2

/// The feed's wire form of the exchange's errors: a condition of HL7's table 0357 and the place in the message.
enum FeedFault {
    /// What an ADT message is answered with.
    static func identity(_ error: ExchangeError, isMerge: Bool) -> HL7Error {
        HL7Error(condition(error.code), error.message, at: identityPlace(error, isMerge: isMerge))
    }

    /// What an MDM or ORU message is answered with.
    static func document(_ error: ExchangeError, _ places: FeedDocumentMapping.Places) -> HL7Error {
        let place: HL7Position? =
            switch error.location {
            case "number": places.number
            case "parent": places.parent
            default:
                switch error.code {
                case .unknownPatient: HL7Position("PID", field: 3)
                case .conflict: error.message.hasPrefix("XDSPatientIdDoesNotMatch") ? HL7Position("PID", field: 3) : places.number
                case .badRequest, .tooLarge: places.content
                case .unauthenticated, .forbidden, .notFound, .gone, .unavailable, .timeout, .corrupted, .internal: nil
                }
            }
        return HL7Error(condition(error.code), error.message, at: place)
    }

    private static func condition(_ code: ExchangeError.Code) -> HL7Error.Condition {
        switch code {
        case .badRequest, .tooLarge: .dataType
        case .notFound, .unknownPatient, .gone: .unknownKey
        case .conflict: .duplicateKey
        case .unauthenticated, .forbidden, .unavailable, .timeout, .corrupted, .internal: .applicationError
        }
    }

    private static func identityPlace(_ error: ExchangeError, isMerge: Bool) -> HL7Position? {
        guard let location = error.location else { return nil }
        if location == "PID[1]" { return HL7Position("PID", field: 3) }
        if location == "PID[2]" { return HL7Position("PID", 2, field: 3) }
        if location.hasPrefix("Patient.link") { return HL7Position("PID", field: 3) }
        if location.hasPrefix("Patient.identifier") {
            return isMerge ? HL7Position("MRG", field: 1) : HL7Position("PID", field: 3)
        }
        let fields = [
            ("Patient.name", 5), ("Patient.birthDate", 7), ("Patient.gender", 8), ("Patient.address", 11),
            ("Patient.telecom", 13),
        ]
        return fields.first { location.hasPrefix($0.0) }.map { HL7Position("PID", field: $0.1) }
    }
}
