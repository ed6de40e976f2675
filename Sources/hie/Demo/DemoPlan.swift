import CDA
import DocumentExchange
import ExchangeCore
import ExchangeNode
import FHIRModel
import FoundationEssentials
import JSON

/// Who is to be registered where, and which document is to be published where: the demonstration's material.
struct DemoPlan: Sendable {
    /// One registration at one facility.
    struct Registration: Sendable {
        /// The person, the same at every facility.
        let person: String
        /// Slug of the facility.
        let facility: String
        let identifiers: [PatientIdentifier]
        let demographics: Demographics

        /// `SYSTEM|VALUE` of the facility's own number.
        var number: String { identifiers.first.map { $0.system + "|" + $0.value } ?? "" }
        /// The registration as `hie patient add --file` takes it.
        var resource: JSONObject { PatientMapping.resource(identifiers: identifiers, demographics: demographics) }
    }

    /// One file, for one facility to publish.
    struct Document: Sendable {
        let path: String
        /// Slug of the facility.
        let facility: String
        /// Whom it is about; nil when it cannot be read or names nobody.
        let person: String?
        /// Whether a community that permits normal documents shows it.
        let isNormal: Bool
        /// Whether it relates to earlier documents.
        let isRelated: Bool
        /// Whether it will be refused, because its id was used for something else there.
        let isRefused: Bool

        /// The file's own name.
        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    }

    private(set) var registrations: [Registration] = []
    private(set) var documents: [Document] = []
    /// The person the scene is about.
    private(set) var subject = ""

    /// The registrations of a person, in the order of the plan.
    func registrations(of person: String) -> [Registration] { registrations.filter { $0.person == person } }

    /// The registration of a person at a facility.
    func registration(of person: String, at facility: String) -> Registration? {
        registrations.first { $0.person == person && $0.facility == facility }
    }

    /// Facilities at which a person has documents that a community shows unasked.
    func facilities(of person: String) -> Set<String> {
        Set(documents.filter { $0.person == person && $0.isNormal && !$0.isRefused }.map(\.facility))
    }
}

extension DemoPlan {
    /// The topology's own patients and documents (Samples/README.md).
    init(samples topology: Topology, scene: Topology.Scene) throws(CommandFailure) {
        guard let patients = topology.patients, let folder = topology.documents else {
            throw CommandFailure(.usage, "the topology names no patients and no documents", hint: "or give --documents")
        }
        for row in try JSONFile.read(patients.path).items {
            guard let facility = topology.communities.first(where: { $0.community.oid.dotted == row.text("facility") }),
                let number = PatientIdentifier(
                    system: facility.community.oid.urn + ".1", value: row.text("mrn"))
            else {
                throw CommandFailure(
                    .failed, "\(patients.path) has a registration of no facility or without a number",
                    hint: "see Samples/README.md")
            }
            var demographics = Demographics()
            demographics.names = [
                PersonName(family: row.text("family"), given: (row["given"]?.items ?? []).compactMap(\.string))
            ]
            demographics.birthDate = PartialDate(row.text("birthDate"))
            demographics.sex = AdministrativeSex(rawValue: row.text("sex"))
            demographics.addresses = [
                PostalAddress(
                    lines: [row.text("addressLine")], city: row.text("city"), state: row.text("state"),
                    postalCode: row.text("postalCode"))
            ]
            demographics.phones = [row.text("phone")]
            // The registrations of one person differ in everything but these two (Samples/README.md).
            let person = row.text("birthDate") + " " + row.text("sex")
            registrations.append(
                Registration(
                    person: person, facility: facility.slug, identifiers: [number], demographics: demographics))
            if facility.slug == scene.at, row.text("mrn") == scene.patient { subject = person }
            for name in (row["documents"]?.items ?? []).compactMap(\.string) {
                documents.append(
                    Document(DemoFile(folder.path + "/" + name), facility: facility.slug, person: person))
            }
        }
        guard !subject.isEmpty else {
            throw CommandFailure(
                .failed, "the scene's patient \(scene.patient) is not registered at \(scene.at)",
                hint: "correct the topology's scene")
        }
    }
}

extension DemoPlan {
    /// A folder of somebody else's documents: the facilities other than the one that asks publish a patient's documents
    /// in turn, and each registers the patient as the first of them says who it is.
    init(folder: String, topology: Topology, scene: Topology.Scene) throws(CommandFailure) {
        let publishers = topology.communities.map(\.slug).filter { $0 != scene.at }
        guard !publishers.isEmpty else {
            throw CommandFailure(.usage, "the topology has no facility that could publish", hint: "name two at least")
        }
        var people: [String] = []
        var counts: [String: Int] = [:]
        var named: [String: Demographics] = [:]
        // An example's uniqueId is often copied into others; a registry refuses the second one that is not the same.
        var holders: [String: [String: ContentDigest]] = [:]
        for (index, path) in try Self.files(below: folder).enumerated() {
            let file = DemoFile(path)
            guard let person = file.person else {
                let facility = publishers[index % publishers.count]
                documents.append(Document(file, facility: facility, person: nil))
                continue
            }
            let first = people.firstIndex(of: person) ?? people.count
            if first == people.count { people.append(person) }
            let count = counts[person, default: 0]
            counts[person] = count + 1
            let turns = publishers.indices.map { publishers[(first + count + $0) % publishers.count] }
            func isTaken(_ slug: String) -> Bool {
                holders[slug]?[file.uniqueID].map { $0 != file.digest } ?? false
            }
            let facility = turns.first { !isTaken($0) } ?? turns[0]
            documents.append(
                Document(file, facility: facility, person: person, isRefused: isTaken(facility)))
            holders[facility, default: [:]][file.uniqueID] = holders[facility]?[file.uniqueID] ?? file.digest
            if named[person] == nil { named[person] = file.demographics }
            if registration(of: person, at: facility) == nil {
                registrations.append(
                    Registration(
                        person: person, facility: facility, identifiers: file.identifiers,
                        demographics: file.demographics))
            }
        }
        try chooseSubject(people, named, topology, scene)
    }

    /// The scene's patient: documents at as many facilities as possible, and a name and birth date nobody else has.
    private mutating func chooseSubject(
        _ people: [String], _ named: [String: Demographics], _ topology: Topology, _ scene: Topology.Scene,
    ) throws(CommandFailure) {
        func face(_ person: String) -> String {
            let facts = named[person]
            return (facts?.names.first?.family.lowercased() ?? "") + " " + (facts?.birthDate?.text.prefix(10) ?? "")
        }
        var bearers: [String: Int] = [:]
        for person in people { bearers[face(person), default: 0] += 1 }
        func worth(_ person: String) -> Int {
            let facilities = facilities(of: person)
            guard let facts = named[person], facts.birthDate != nil, facts.names.first?.given.first != nil,
                facilities.contains(scene.refusesAt)
            else { return 0 }
            let count = documents.count { $0.person == person && $0.isNormal && !$0.isRefused }
            return facilities.count * 1_000_000 + (bearers[face(person)] == 1 ? 100_000 : 0) + min(count, 1000)
        }
        var best: (person: String, worth: Int)?
        for person in people where worth(person) > best?.worth ?? 0 { best = (person, worth(person)) }
        guard let person = best?.person, let facts = named[person],
            let asking = topology.communities.first(where: { $0.slug == scene.at }),
            let number = PatientIdentifier(system: asking.community.oid.urn + ".1", value: "DEMO-1")
        else {
            throw CommandFailure(
                .notFound, "the folder has no publishable C-CDA document about a person with a name and a birth date",
                hint: "hie document check says what is wrong with each")
        }
        subject = person
        registrations.append(
            Registration(person: person, facility: scene.at, identifiers: [number], demographics: facts))
    }

    private static func files(below folder: String) throws(CommandFailure) -> [String] {
        guard let below = try? FileManager.default.subpathsOfDirectory(atPath: folder) else {
            throw CommandFailure(.notFound, "cannot read the folder \(folder)", hint: "check --documents")
        }
        var paths: [String] = []
        for name in below.sorted() {
            var isFolder = false
            let path = folder + "/" + name
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder { paths.append(path) }
        }
        guard !paths.isEmpty, paths.count <= DocumentFiles.countMax else {
            throw CommandFailure(
                .notFound, "\(folder) holds \(paths.isEmpty ? "no file" : "more than \(DocumentFiles.countMax) files")",
                hint: "name a folder of C-CDA files")
        }
        return paths
    }
}

/// What a file says about itself before it is published.
struct DemoFile: Sendable {
    let path: String
    let identifiers: [PatientIdentifier]
    let demographics: Demographics
    let isNormal: Bool
    let isRelated: Bool
    let uniqueID: String
    let digest: ContentDigest?

    /// Looks into a file; one that cannot be read or published has no identifiers.
    init(_ path: String) {
        self.path = path
        guard let findings = try? DocumentFindings(path), findings.fault == nil, let document = findings.document,
            let target = document.recordTargets.first
        else {
            (identifiers, demographics, isNormal, isRelated) = ([], Demographics(), false, false)
            (uniqueID, digest) = ("", nil)
            return
        }
        identifiers = target.identifiers
        demographics = target.demographics
        let label = MetadataDerivation.derive(document).draft.securityCodes.first
        isNormal = label.flatMap { Confidentiality(rawValue: $0.code) }.map { $0 <= .normal } ?? false
        isRelated = !document.relatedDocuments.isEmpty
        uniqueID = document.uniqueID ?? ""
        digest = ContentDigest(findings.bytes)
    }

    /// Whom it is about, by the first identifier.
    var person: String? { identifiers.first.map { $0.system + "|" + $0.value } }
}

extension DemoPlan.Document {
    init(_ file: DemoFile, facility: String, person: String?, isRefused: Bool = false) {
        self.init(
            path: file.path, facility: facility, person: person, isNormal: file.isNormal, isRelated: file.isRelated,
            isRefused: isRefused)
    }
}
