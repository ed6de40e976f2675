import ConsentEngine
import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Journal
import XDSMetadata

/// Reading journal payloads back: what the node wrote itself, so anything odd is damage.
enum PayloadReading {
    static func json(_ payload: [UInt8]) throws(ExchangeError) -> JSONValue {
        do {
            return try JSONReader.read(payload)
        } catch {
            throw ExchangeError(.corrupted, "a journal payload is not JSON", at: "byte \(error.offset)")
        }
    }

    static func object(_ payload: [UInt8]) throws(ExchangeError) -> JSONObject {
        guard let object = try json(payload).object else { throw damaged("the whole") }
        return object
    }

    static func text(_ json: JSONValue, _ name: String) throws(ExchangeError) -> String {
        guard let text = json[name]?.string else { throw damaged(name) }
        return text
    }

    static func damaged(_ name: String) -> ExchangeError {
        ExchangeError(.corrupted, "a journal payload lacks a readable member", at: name)
    }

    /// What a mapping calls a bad request is damage when the node wrote it itself.
    static func own<Value>(_ read: () throws(ExchangeError) -> Value) throws(ExchangeError) -> Value {
        do {
            return try read()
        } catch {
            throw ExchangeError(.corrupted, "a journal payload cannot be read: \(error.message)", at: error.location)
        }
    }
}

extension CommittedEntry {
    /// The decoded payload: as the writer handed it on, or read from the bytes when the entry is replayed.
    package func decoded<Value>(_ read: () throws(ExchangeError) -> Value) throws(ExchangeError) -> Value {
        if let value = value as? Value { return value }
        return try read()
    }
}

extension PatientRecord {
    /// Reads the payload of an `identity` entry; `.corrupted` when it is not one.
    package init(payload: [UInt8], id: PatientID) throws(ExchangeError) {
        let patient = try PayloadReading.object(payload)
        self.init(
            id: id, identifiers: PatientMapping.identifiers(patient), demographics: PatientMapping.demographics(patient),
            isActive: PatientMapping.isActive(patient))
    }
}

extension ConsentDirective {
    /// Reads the payload of a `consent` entry; `.corrupted` when it is not one.
    package init(payload: [UInt8]) throws(ExchangeError) {
        let consent = try PayloadReading.object(payload)
        self = try PayloadReading.own { () throws(ExchangeError) in try ConsentMapping.directive(reading: consent) }
    }
}

extension DocumentEntry {
    /// Reads a rendered `DocumentReference` back; `.corrupted` when it is not one.
    package init(reference: [UInt8]) throws(ExchangeError) {
        let object = try PayloadReading.object(reference)
        self = try PayloadReading.own { () throws(ExchangeError) in try DocumentReferenceMapping.entry(object) }
    }
}

extension DocumentFacts {
    /// What consent judges of a document entry.
    package init(_ entry: DocumentEntry) {
        self.init(
            id: entry.id, uniqueID: entry.uniqueID, classCode: entry.classCode, typeCode: entry.typeCode,
            creation: entry.creationTime, serviceStart: entry.serviceStart, serviceStop: entry.serviceStop,
            labels: entry.labels,
            authors: entry.authors.flatMap { [$0.personIdentifier?.value, $0.institutionIdentifier].compactMap(\.self) },
            related: entry.related + entry.relations.map { "DocumentReference/\($0.target)" }, home: entry.home)
    }
}
