import DocumentExchange
import ExchangeCore
import HL7v2
import Transactions
import XDSMetadata

/// An MDM, ORU or VXU message as a registry knows documents: TXA, OBR and PV1 give the metadata, a C-CDA within gives its own.
struct FeedDocumentMapping: Sendable {
    /// Where in the message what the exchange may refuse stands.
    struct Places: Sendable, Hashable {
        /// The document's own number.
        var number: HL7Position
        /// Its parent's number.
        var parent = HL7Position("TXA", field: 13)
        /// Its content.
        var content = HL7Position("OBX", field: 5)
    }

    let settings: FeedSettings
    let limits: ExchangeLimits
    let labeler: SensitivityLabeler

    /// The document a message brings or speaks of.
    func document(_ event: DocumentFeedEvent, _ header: MessageHeader) throws(HL7Error) -> (FedDocument, Places) {
        let identifiers = try settings.authorities.identifiers(event.patient.identifiers)
        let places = Places(number: event.numberPosition)
        let number = name(event.number, header)
        let parent = event.parent.map { name($0, header) }
        var request = ProvideRequest(patient: SubmittedPatient(identifiers: identifiers))
        if let (draft, bytes, stated) = try content(event, header, identifiers[0], places) {
            request.documents = [(draft, bytes)]
            // What the document itself says of its patient must lead to the same record: the wrong patient is the worst error.
            for identifier in stated where !request.patient.identifiers.contains(identifier) {
                request.patient.identifiers.append(identifier)
            }
        }
        let act: FedDocument.Act =
            switch event.act {
            case .original: .original
            case .revision: .revision
            case .cancellation: .cancellation
            case .addendum: parent.map { .addendum(to: $0) } ?? .original
            case .replacement: parent.map { .replacement(of: $0) } ?? .original
            }
        return (FedDocument(number: number, act: act, request: request), places)
    }

    /// A number as `system|value`: by who gave it, where the feed's table or an OID says so, else by this feed.
    private func name(_ number: EntityIdentifier, _ header: MessageHeader) -> String {
        let known = number.authority.isEmpty ? nil : settings.authorities.system(of: number.authority)
        let system = known ?? number.authority.uri ?? "urn:concordat:feed:" + settings.name
        return system + "|" + number.value
    }

    private func content(
        _ event: DocumentFeedEvent, _ header: MessageHeader, _ patient: PatientIdentifier, _ places: Places,
    ) throws(HL7Error) -> (DocumentDraft, [UInt8], [PatientIdentifier])? {
        if event.act == .cancellation {
            let text = "This document was cancelled by its source and is not to be used.\n"
            var draft = described(event, header, patient, mimeType: "text/plain")
            draft.title = "Cancelled: " + (draft.title ?? "document")
            return (draft, Array((text + "Number: \(event.number.value)\n").utf8), [])
        }
        guard let content = event.content else { return nil }
        let mimeType = content.mediaType ?? Self.mimeType(of: content.bytes)
        var draft = described(event, header, patient, mimeType: mimeType)
        guard mimeType == "text/xml", Self.looksLikeCDA(content.bytes) else { return (draft, content.bytes, []) }
        let derived: DerivedMetadata
        do throws(ExchangeError) {
            derived = try MetadataDerivation.derive(content.bytes, limits: limits)
        } catch {
            throw HL7Error(.dataType, "the clinical document within cannot be read: \(error.description)", at: places.content)
        }
        if let fault = derived.findings.first(where: \.isError) {
            throw HL7Error(.dataType, "the clinical document within: \(fault.message) (\(fault.path))", at: places.content)
        }
        let stated = event.notification?.confidentiality.map { Self.label(Self.confidentiality($0)) }
        draft = derived.draft
        draft.sourcePatient = patient
        // Relations by the document's own ids are resolved by the registry; the message's numbers, where it has any, count.
        draft.relations = event.parent == nil ? draft.relations : []
        draft.securityCodes = labels(stated: draft.securityCodes + (stated.map { [$0] } ?? []), event)
        return (draft, content.bytes, derived.patient.identifiers.filter { settings.authorities.believes($0.system) })
    }

    /// The metadata that the message itself gives.
    private func described(
        _ event: DocumentFeedEvent, _ header: MessageHeader, _ patient: PatientIdentifier, mimeType: String,
    ) -> DocumentDraft {
        var draft = DocumentDraft(mimeType: mimeType)
        let stated = event.notification?.documentType ?? event.request?.service ?? event.content?.code
        let codes = (stated?.codedValues ?? []) + (event.content?.code?.codedValues ?? [])
        let type = codes.first { $0.system == CodeSystems.loinc } ?? Self.type(event, stated?.code) ?? codes.first
        draft.typeCode = type ?? CodedValue(code: "34109-9", system: CodeSystems.loinc, display: "Note")
        draft.classCode = draft.typeCode.map { DocumentClasses.category(of: $0) }
        draft.formatCode = CodedValue(
            code: "urn:ihe:iti:xds:2017:mimeTypeSufficient", system: "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode")
        draft.title = stated?.text ?? event.content?.code?.text ?? draft.typeCode?.display
        draft.creationTime = event.notification?.origination ?? event.request?.reported ?? event.notification?.activity
        draft.serviceStart = event.visit?.admitted ?? event.request?.observed ?? event.notification?.activity
        draft.serviceStop = event.visit?.discharged
        draft.authors = authors(event, header)
        draft.sourcePatient = patient
        if let visit = event.visit?.visitNumber, let system = settings.authorities.system(of: visit.authority) {
            draft.related = [system + "|" + visit.value]
        }
        let confidentiality = event.notification?.confidentiality.map(Self.confidentiality) ?? settings.confidentiality
        draft.securityCodes = labels(stated: confidentiality.map { [Self.label($0)] } ?? [], event)
        return draft
    }

    /// What is stated, and what the codes of the message earn: its text is in no form that is looked into later. A local code
    /// is known by its name alone.
    private func labels(stated: [CodedValue], _ event: DocumentFeedEvent) -> [CodedValue] {
        var codes: [SensitivityLabeler.Code] = []
        for element in event.codes {
            codes += element.codedValues.map { .init(code: $0.code, system: $0.system, display: $0.display) }
            for name in [element.text, element.alternateText] where name != nil {
                codes.append(.init(code: "", system: CodeSystems.loinc, display: name))
            }
        }
        return labeler.labels(stated: stated, codes: codes)
    }

    private static func label(_ confidentiality: Confidentiality) -> CodedValue {
        CodedValue(code: confidentiality.rawValue, system: CodeSystems.confidentiality)
    }

    private func authors(_ event: DocumentFeedEvent, _ header: MessageHeader) -> [DocumentAuthor] {
        let institution = header.sendingFacility.namespace
        let people = (event.notification?.originators ?? []).prefix(20).map { person in
            let system = settings.authorities.system(of: person.authority) ?? person.authority.uri
            return DocumentAuthor(
                person: person.name,
                personIdentifier: person.identifier.flatMap { value in
                    system.flatMap { PatientIdentifier(system: $0, value: value) }
                }, institution: institution)
        }
        return people.isEmpty && institution != nil ? [DocumentAuthor(institution: institution)] : Array(people)
    }

    /// TXA-18 (HL7 table 0272); what is in no table is very restricted.
    private static func confidentiality(_ code: String) -> Confidentiality {
        switch code {
        case "U": .normal
        case "R": .restricted
        default: .veryRestricted
        }
    }

    /// Document types of HL7 table 0270 as LOINC has them; a report without a type we know is a laboratory's.
    private static func type(_ event: DocumentFeedEvent, _ code: String?) -> CodedValue? {
        switch event.kind {
        case .document: break
        case .report: return loinc("11502-2", "Laboratory report")
        case .immunizations: return loinc("87273-9", "Immunization note")
        }
        switch code {
        case "DS": return loinc("18842-5", "Discharge summary")
        case "HP": return loinc("34117-2", "History and physical note")
        case "CN": return loinc("11488-4", "Consult note")
        case "OP": return loinc("11504-8", "Surgical operation note")
        case "ED": return loinc("34111-5", "Emergency department note")
        case "PN": return loinc("11506-3", "Progress note")
        case "PR", "PC": return loinc("28570-0", "Procedure note")
        case "DI": return loinc("18748-4", "Diagnostic imaging study")
        case "SP": return loinc("11526-1", "Pathology study")
        case "TS": return loinc("18761-7", "Transfer summary note")
        case "CD", "CT", "AR": return loinc("34133-9", "Summarization of episode note")
        default: return nil
        }
    }

    private static func loinc(_ code: String, _ display: String) -> CodedValue {
        CodedValue(code: code, system: CodeSystems.loinc, display: display)
    }

    /// What bytes are whose sender does not say so.
    private static func mimeType(of bytes: [UInt8]) -> String {
        if bytes.starts(with: Array("%PDF-".utf8)) { return "application/pdf" }
        if looksLikeCDA(bytes) { return "text/xml" }
        return "application/octet-stream"
    }

    private static func looksLikeCDA(_ bytes: [UInt8]) -> Bool {
        let head = bytes.prefix(4096)
        return head.first { $0 > 0x20 && ![0xEF, 0xBB, 0xBF].contains($0) } == UInt8(ascii: "<")
            && String(decoding: head, as: UTF8.self).contains("ClinicalDocument")
    }
}

extension AssigningAuthorities {
    /// Whether identifiers of a URI are believed at all.
    func believes(_ system: String) -> Bool {
        universal.contains(system) || byNamespace.values.contains(system) || otherwise == system
    }
}
