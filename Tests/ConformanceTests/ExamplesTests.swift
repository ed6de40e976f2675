import CDA
import ExchangeCore
import FHIRModel
import Fixtures
import JSON
import Testing

/// Real resources and documents: what the standards' own people wrote is read, and written back as it was.
@Suite(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
struct ExamplesTests {
    @Test(arguments: ["fhir/r4-examples", "ihe/MHD", "ihe/PCF", "ihe/PDQm", "ihe/mCSD"])
    func `examples of the types we read are valid, and come back as they were`(_ folder: String) throws {
        var read = 0
        for path in SharedData.files(folder) where path.hasSuffix(".json") {
            let bytes = try SharedData.bytes(path)
            let value = try JSONReader.read(bytes)
            #expect(try JSONReader.read(JSONWriter.bytes(value)) == value, "\(path)")
            #expect(try JSONReader.read(JSONWriter.pretty(value)) == value, "\(path)")
            guard let type = value["resourceType"]?.string, ResourceTypes.supported.contains(type) else { continue }
            do {
                let resource = try FHIRResource.read(bytes)
                #expect(JSONValue.object(resource.json) == value, "\(path)")
                read += 1
            } catch {
                // A type we do not read within one that we do is an excuse; so is base64 with blanks (R4 would let
                // it pass, but then one document would have many spellings).
                let isExcused =
                    error.message.hasSuffix("is not supported here") || path.hasSuffix("/Binary-example.json")
                #expect(isExcused, "\(path): \(error)")
            }
        }
        #expect(read >= 5, "\(folder): \(read)")
    }

    @Test(arguments: SharedData.files("fhir/primitives"))
    func `primitives are accepted and refused as FHIR has it`(_ path: String) throws {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let parts = name.split(separator: ".")
        let types: [Substring: Primitive] = [
            "base64_binary": .base64Binary, "canonical": .canonical, "date": .date, "date_time": .dateTime,
            "decimal": .decimal, "instant": .instant, "integer": .integer, "markdown": .markdown, "oid": .oid,
            "positive_int": .positiveInt, "string": .string, "time": .time, "unsigned_int": .unsignedInt, "uri": .uri,
            "uuid": .uuid, "xhtml": .xhtml,
        ]
        for line in try SharedData.bytes(path).split(separator: 0x0A) {
            let text = String(decoding: line, as: UTF8.self)
            let value = try? JSONReader.read(Array(line))
            if parts[1] == "valid" {
                // google/fhir reads null and an empty narrative as absent elements; in FHIR neither is a value.
                if text == "null" || text == "\"\"" { continue }
                let type = try #require(types[parts[0]])
                #expect(value.map { type.accepts($0) } == true, "\(name): \(text)")
            } else if parts[0] == "reference" {
                let list: JSONObject? = value.map {
                    ["resourceType": "List", "status": "current", "mode": "working", "subject": $0]
                }
                #expect(throws: ExchangeError.self, "\(name): \(text)") {
                    try FHIRResource(validating: #require(list))
                }
            } else {
                let type = try #require(types[parts[0]])
                #expect(value.map { type.accepts($0) } != true, "\(name): \(text)")
            }
        }
    }

    @Test(arguments: ["ccda/hl7-cc0", "ccda/fhir-converter"])
    func `full C-CDA documents have what a registry needs`(_ folder: String) throws {
        var read = 0
        for path in SharedData.files(folder) where path.lowercased().hasSuffix(".xml") {
            let document = try ClinicalDocument.read(SharedData.bytes(path))
            let errors = document.problems.filter { $0.severity == .error }
            #expect(errors.isEmpty, "\(path): \(errors)")
            #expect(document.uniqueID.map { Primitive.uri.accepts(.string($0)) } == true, "\(path)")
            #expect(document.recordTargets.first?.demographics.names.first?.family.isEmpty == false, "\(path)")
            #expect(document.recordTargets.first?.demographics.birthDate != nil, "\(path)")
            if case .missing = document.body { Issue.record("\(path) has no body") }
            if case .structured(let sections) = document.body, folder == "ccda/hl7-cc0" {
                #expect(!sections.isEmpty, "\(path)")
                #expect(!document.codedEntries.isEmpty, "\(path)")
            }
            read += 1
        }
        #expect(read >= 14)
    }

    @Test func `fragments of documents are refused by name or place`() throws {
        for path in SharedData.files("ccda/fragments-not-clinicaldocument") where path.hasSuffix(".xml") {
            #expect(throws: ExchangeError(.badRequest, ""), "\(path)") {
                try ClinicalDocument.read(SharedData.bytes(path))
            }
        }
    }

    @Test func `a discharge summary gives its header`() throws {
        let document = try ClinicalDocument.read(SharedData.bytes("ccda/fhir-converter/Discharge_Summary.xml"))
        #expect(document.code?.system == CodeSystems.loinc)
        #expect(document.code?.code == "18842-5")
        #expect(document.confidentiality == CodedValue(code: "N", system: CodeSystems.confidentiality))
        #expect(document.encounter != nil)
        #expect(document.custodian?.organization?.name != nil)
        #expect(document.authors.first?.person != nil)
    }
}
