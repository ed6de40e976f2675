import ExchangeCore
import XML

/// One pass over a document's header, collecting what is there and what is not.
struct HeaderReading {
    let root: XMLElement
    private var result = ClinicalDocument()

    init(root: XMLElement) { self.root = root }

    mutating func document() -> ClinicalDocument {
        result.id = root.first("id").flatMap(ElementReading.identifier)
        result.templates = root.all("templateId").compactMap(ElementReading.identifier)
        result.code = root.first("code").flatMap(ElementReading.code)
        result.codeTranslations = (root.first("code")?.all("translation") ?? []).compactMap(ElementReading.code)
        result.title = root.first("title").flatMap(ElementReading.text)
        result.effectiveTime = root.first("effectiveTime").flatMap(ElementReading.time)
        result.confidentiality = root.first("confidentialityCode").flatMap(ElementReading.confidentiality)
        result.language = root.first("languageCode")?.attribute("code").flatMap(ElementReading.filled)
        result.setID = root.first("setId").flatMap(ElementReading.identifier)
        result.versionNumber = root.first("versionNumber")?.attribute("value").flatMap { Int($0) }
        result.relatedDocuments = root.all("relatedDocument").map(ElementReading.relatedDocument)
        result.recordTargets = root.all("recordTarget").compactMap { $0.first("patientRole") }
            .map(ElementReading.recordTarget)
        result.authors = root.all("author").compactMap {
            ElementReading.participant($0, role: "assignedAuthor", person: "assignedPerson")
        }
        result.custodian = root.path("custodian", "assignedCustodian", "representedCustodianOrganization").map {
            Participant(
                time: nil, identifiers: [], person: nil, device: nil,
                organization: ElementReading.organization($0), role: nil)
        }
        result.legalAuthenticator = root.first("legalAuthenticator").flatMap {
            ElementReading.participant($0, role: "assignedEntity", person: "assignedPerson")
        }
        result.encounter = root.path("componentOf", "encompassingEncounter").map(ElementReading.encounter)
        result.serviceEvents = root.all("documentationOf").compactMap { $0.first("serviceEvent") }
            .map(ElementReading.serviceEvent)
        var body = BodyReading()
        body.read(root)
        result.body = body.body
        result.codedEntries = body.codes
        result.hasMoreCodedEntries = body.isFull
        let problems = HeaderRules.problems(of: result, root: root)
        result.problems = problems.filter { $0.severity == .error } + problems.filter { $0.severity == .warning }
        return result
    }
}
