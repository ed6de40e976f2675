import ArgumentParser
import ExchangeCore
import FHIRModel
import JSON

/// A person's facts on the command line: a file or single flags. In a file they stay out of the process list.
struct PatientFields: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A FHIR Patient as JSON; - reads stdin. Keeps the facts out of the process list.", valueName: "file"))
    var file: String?
    @Option(help: ArgumentHelp("A record number with its authority; repeat for more.", valueName: "system|value"))
    var identifier: [String] = []
    @Option(help: "Family name.") var family: String?
    @Option(help: "Given name; repeat for more.") var given: [String] = []
    @Option(
        name: [.customLong("birth-date"), .customLong("birthdate")],
        help: ArgumentHelp("Date of birth.", valueName: "yyyy-mm-dd"))
    var birthDate: String?
    @Option(help: ArgumentHelp("Administrative sex.", valueName: "male|female|other|unknown")) var sex: String?
    @Option(help: "Street and house number.") var street: String?
    @Option(help: "City or town.") var city: String?
    @Option(help: "State or province.") var state: String?
    @Option(help: "Postal code.") var postalCode: String?
    @Option(help: "Country.") var country: String?
    @Option(help: "Telephone number.") var phone: String?
    @Option(help: "Electronic mail address.") var email: String?

    private var hasFlags: Bool {
        !identifier.isEmpty || !given.isEmpty
            || [family, birthDate, sex, street, city, state, postalCode, country, phone, email].contains { $0 != nil }
    }

    /// Whether anything was said.
    var isEmpty: Bool { file == nil && !hasFlags }

    /// Refuses nothing, and a file beside single facts.
    func demand() throws {
        guard (file != nil) != hasFlags else {
            throw ValidationError(
                file == nil
                    ? "Say who: --file patient.json, or --family, --given, --birth-date and so on."
                    : "--file says everything; leave the other facts away.")
        }
    }

    func validate() throws {
        for text in identifier { _ = try PatientIdentifier(argument: text) }
        if let birthDate, PartialDate(birthDate).map({ $0.precision == .time }) ?? true {
            throw ValidationError("--birth-date is written 1958-01-30, or 1958-01, or 1958.")
        }
        if let sex, AdministrativeSex(rawValue: sex) == nil {
            throw ValidationError("--sex is one of male, female, other, unknown.")
        }
    }

    /// The FHIR Patient that was meant.
    func patient() throws -> JSONObject {
        if let file {
            guard let object = try JSONFile.read(file).object, object["resourceType"]?.string == "Patient" else {
                throw CommandFailure(
                    .failed, "\(file == "-" ? "stdin" : file) holds no FHIR Patient",
                    hint: "it needs resourceType Patient")
            }
            return object
        }
        var demographics = Demographics()
        if family != nil || !given.isEmpty { demographics.names = [PersonName(family: family ?? "", given: given)] }
        demographics.birthDate = birthDate.flatMap { PartialDate($0) }
        demographics.sex = sex.flatMap(AdministrativeSex.init(rawValue:))
        if [street, city, state, postalCode, country].contains(where: { $0 != nil }) {
            demographics.addresses = [
                PostalAddress(
                    lines: [street].compactMap(\.self), city: city, state: state, postalCode: postalCode,
                    country: country)
            ]
        }
        demographics.phones = [phone].compactMap(\.self)
        demographics.emails = [email].compactMap(\.self)
        return PatientMapping.resource(
            identifiers: try identifier.map { try PatientIdentifier(argument: $0) }, demographics: demographics)
    }
}

/// How a patient is shown to people.
enum PatientWords {
    /// The name in use: `Newman, Alice Jones`.
    static func name(_ patient: JSONObject) -> String {
        guard let name = PatientMapping.demographics(patient).names.first else { return "" }
        return ([name.family] + (name.given.isEmpty ? [] : [name.given.joined(separator: " ")])).joined(separator: ", ")
    }

    /// The first identifier: `urn:oid:1.2.3|4711`.
    static func identifier(_ patient: JSONObject) -> String {
        PatientMapping.identifiers(patient).first.map { $0.system + "|" + $0.value } ?? ""
    }

    /// Everything known, one fact a line.
    static func facts(_ patient: JSONObject) -> Facts {
        let demographics = PatientMapping.demographics(patient)
        var facts = Facts()
        facts.add("id", patient["id"]?.string)
        facts.add("name", name(patient), .heading)
        facts.add("born", demographics.birthDate?.text)
        facts.add("sex", demographics.sex?.rawValue)
        for address in demographics.addresses {
            facts.add(
                "address",
                (address.lines + [address.postalCode, address.city, address.state, address.country].compactMap(\.self))
                    .joined(separator: ", "))
        }
        for phone in demographics.phones { facts.add("phone", phone) }
        for email in demographics.emails { facts.add("email", email) }
        for identifier in PatientMapping.identifiers(patient) {
            facts.add("identifier", identifier.system + "|" + identifier.value)
        }
        return facts
    }
}
