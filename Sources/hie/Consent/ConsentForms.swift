import AdminEndpoint
import ArgumentParser
import Crypto
import ExchangeCore
import JSON

/// What a directive says, as options: the plain forms, `--deny` and `--permit` with conditions, or a FHIR Consent.
struct ConsentForms: ParsableArguments {
    @Option(help: ArgumentHelp("Refuse an organisation or community; repeat for more.", valueName: "id"))
    var denyOrganization: [String] = []
    @Option(help: ArgumentHelp("Permit an organisation, and no other; repeat for more.", valueName: "id"))
    var permitOrganization: [String] = []
    @Option(help: ArgumentHelp("Permit a purpose such as TREAT, and no other.", valueName: "code"))
    var permitOnlyPurpose: [String] = []
    @Option(
        help: ArgumentHelp(
            "Withhold documents of a kind: \(SensitivityWords.all.joined(separator: ", ")); commas for more.",
            valueName: "kinds"))
    var withhold: [String] = []
    @Flag(help: "Refuse access.") var deny = false
    @Flag(help: "Permit access.") var permit = false
    @Option(
        help: ArgumentHelp(
            "With --deny or --permit: a community's URN or an organisation's identifier.", valueName: "id"))
    var organization: [String] = []
    @Option(help: ArgumentHelp("With --deny or --permit: a user, as tokens name them.", valueName: "name"))
    var user: [String] = []
    @Flag(help: "With --deny or --permit: whoever treats the patient, as the feeds tell of stays and visits.")
    var treating = false
    @Option(help: ArgumentHelp("With --deny or --permit: a purpose of use.", valueName: "code"))
    var purpose: [String] = []
    @Option(help: ArgumentHelp("With --deny or --permit: a document type, LOINC by default.", valueName: "system|code"))
    var type: [String] = []
    @Option(help: ArgumentHelp("With --deny or --permit: care given from this day on.", valueName: "date"))
    var careFrom: String?
    @Option(help: ArgumentHelp("With --deny or --permit: care given until this day.", valueName: "date"))
    var careUntil: String?
    @Option(help: ArgumentHelp("The first day the directive is in force.", valueName: "date")) var from: String?
    @Option(help: ArgumentHelp("The last day the directive is in force.", valueName: "date")) var until: String?
    @Option(help: ArgumentHelp("Who laid it down for the patient.", valueName: "name")) var recordedBy: String?
    @Option(help: ArgumentHelp("What they are to the patient: PRN, GUARD, HPOWATT, ...", valueName: "code"))
    var relation: String?
    @Option(
        help: ArgumentHelp(
            "The signed form: a file, kept as its digest, or DocumentReference/ID.", valueName: "file|reference"))
    var evidence: String?
    @Option(help: ArgumentHelp("A FHIR Consent as JSON; - reads stdin.", valueName: "file")) var file: String?

    private var isPlain: Bool {
        !denyOrganization.isEmpty || !permitOrganization.isEmpty || !permitOnlyPurpose.isEmpty || !withhold.isEmpty
    }

    private var hasConditions: Bool {
        treating || !organization.isEmpty || !user.isEmpty || !purpose.isEmpty || !type.isEmpty || careFrom != nil
            || careUntil != nil
    }

    private var hasMore: Bool { [from, until, recordedBy, relation, evidence].contains { $0 != nil } }

    func validate() throws {
        if file != nil {
            guard !deny, !permit, !isPlain, !hasConditions, !hasMore else {
                throw ValidationError("--file says everything; leave the other forms away.")
            }
            return
        }
        if isPlain {
            guard !deny, !permit, !hasConditions else {
                throw ValidationError("--deny and --permit with conditions, or the plain forms: one of the two.")
            }
        } else {
            guard deny != permit else {
                throw ValidationError(
                    "Say --deny or --permit, a plain form such as --deny-organization, or --file.")
            }
        }
        for (name, value) in [
            ("--from", from), ("--until", until), ("--care-from", careFrom), ("--care-until", careUntil),
        ] {
            guard value.map({ PartialDate($0) != nil }) ?? true else {
                throw ValidationError("\(name) is a date such as 2026-03-02.")
            }
        }
        for word in kinds where SensitivityWords.code(word) == nil {
            throw ValidationError(
                "--withhold takes \(SensitivityWords.all.joined(separator: ", ")), or a code such as SICKLE.")
        }
        guard relation == nil || recordedBy != nil else {
            throw ValidationError("--relation belongs to --recorded-by.")
        }
    }

    /// The kinds of `--withhold`, one by one.
    private var kinds: [String] { withhold.flatMap { $0.split(separator: ",").map(String.init) } }

    /// As arguments of an administration command: `consent` or `directive`.
    func arguments() throws -> JSONObject {
        if let file { return ["consent": try JSONFile.read(file)] }
        func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
        func organizations(_ names: [String]) -> JSONValue { texts(names.map { CommunityID($0)?.urn ?? $0 }) }
        var object: JSONObject = [
            "denyOrganizations": organizations(denyOrganization),
            "permitOrganizations": organizations(permitOrganization), "permitOnlyPurposes": texts(permitOnlyPurpose),
            "withhold": texts(kinds), "organizations": organizations(organization), "users": texts(user),
            "purposes": texts(purpose), "types": texts(type),
        ]
        if treating { object["treating"] = true }
        if deny || permit { object["effect"] = deny ? "deny" : "permit" }
        object["from"] = from.map { .string($0) }
        object["until"] = until.map { .string($0) }
        object["careFrom"] = careFrom.map { .string($0) }
        object["careUntil"] = careUntil.map { .string($0) }
        var person: JSONObject = [:]
        person["name"] = recordedBy.map { .string($0) }
        person["relation"] = relation.map { .string($0) }
        if let evidence {
            if evidence.hasPrefix("DocumentReference/") {
                person["document"] = .string(evidence)
            } else {
                let digest = SHA256.hash(data: try LocalFile.read(evidence))
                person["digest"] = .string(Hexadecimal.encode(Array(digest)))
            }
        }
        if !person.members.isEmpty { object["recordedBy"] = .object(person) }
        return ["directive": .object(object)]
    }
}

/// Which patient a directive is about; a FHIR Consent may say so itself.
struct OptionalPatientChoice: ParsableArguments {
    @Option(help: ArgumentHelp("The patient's id at this node.", valueName: "id")) var patient: String?
    @Option(help: ArgumentHelp("A record number with its authority.", valueName: "system|value"))
    var identifier: String?

    func validate() throws {
        if patient != nil && identifier != nil {
            throw ValidationError("--patient and --identifier name the same patient; give one of them.")
        }
        if let identifier { _ = try PatientIdentifier(argument: identifier) }
    }

    /// Whether one is named.
    var isNamed: Bool { patient != nil || identifier != nil }

    /// As arguments of an administration command.
    func add(to arguments: inout JSONObject) throws {
        arguments["patient"] = patient.map { .string($0) }
        arguments["identifier"] = try identifier.map { try PatientIdentifier(argument: $0).argumentJSON }
    }
}
