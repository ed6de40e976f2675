import ExchangeCore
import FHIRModel
import JSON
import PatientIndex
import Transactions

extension AdminService {
    func addPatient(_ call: AdminCall) async throws -> AdminAnswer {
        guard let object = call.arguments["patient"]?.object else {
            throw ExchangeError(.badRequest, "give a FHIR Patient", at: "patient")
        }
        let resource = try FHIRResource(validating: object)
        guard resource.type == "Patient" else {
            throw ExchangeError(.badRequest, "this is no Patient", at: "resourceType")
        }
        if let text = object["birthDate"]?.string, PartialDate(text) == nil {
            throw ExchangeError(.badRequest, "this is no day there ever was", at: "Patient.birthDate")
        }
        let registration = PatientRegistration(
            identifiers: PatientMapping.identifiers(object), demographics: PatientMapping.demographics(object))
        let record = try await exchange.registerPatient(registration, for: call.context)
        return AdminAnswer(["patient": .object(PatientMapping.resource(record))])
    }

    func showPatient(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try await namedPatient(call)
        let found = try await exchange.findPatient(id, for: call.context)
        guard let match = found.matches.first else { throw Self.unknown }
        return AdminAnswer(["patient": .object(PatientMapping.resource(match.record))], tickets: found.tickets)
    }

    func findPatients(_ call: AdminCall) async throws -> AdminAnswer {
        guard let identifier = try call.identifier() else {
            throw ExchangeError(
                .badRequest, "give an identifier; demographics are asked as a clinician: hie patient match",
                at: "identifier")
        }
        let found = try await exchange.findPatients(identifier: identifier, for: call.context)
        return AdminAnswer(
            ["patients": .array(found.matches.map { .object(PatientMapping.resource($0.record)) })],
            tickets: found.tickets)
    }

    /// The record that is shown: as `patient`, or by what else names a record, such as its row in an imported table.
    func namedPatient(_ call: AdminCall) async throws -> PatientID {
        guard let text = try call.optionalText("patient") else { return try await patient(call) }
        return try await exchange.desk.record(named: text)
    }

    /// The patient a command is about: its id, or the one record that carries an identifier.
    func patient(_ call: AdminCall) async throws -> PatientID {
        if let text = try call.optionalText("patient") {
            guard let id = PatientID(text) else {
                throw ExchangeError(
                    .badRequest,
                    "this is no patient's id; hie patient add prints one, and --identifier takes a record number",
                    at: "patient")
            }
            return id
        }
        guard let identifier = try call.identifier() else {
            throw ExchangeError(.badRequest, "say which patient: an id or an identifier", at: "patient")
        }
        // Only the id is taken from what is found; the command itself records what it shows.
        let found = try await exchange.activePatients(identifier: identifier)
        guard let first = found.first else { throw Self.unknown }
        guard found.count == 1 else {
            throw ExchangeError(
                .conflict, "several patients carry this identifier; give the patient's id", at: "identifier")
        }
        return first.id
    }

    static let unknown = ExchangeError(.unknownPatient, "no such patient is registered here; see hie patient add")
}
