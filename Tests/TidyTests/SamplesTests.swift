import Foundation
import Testing

/// The demo's patients, documents and topology agree with each other, so that every step finds what it needs.
struct SamplesTests {
    private struct Registration: Decodable {
        let facility: String
        let mrn: String
        let family: String
        let given: [String]
        let birthDate: String
        let sex: String
        let addressLine: String
        let city: String
        let state: String
        let postalCode: String
        let phone: String
        let documents: [String]
    }

    private static func registrations() throws -> [Registration] {
        let text = try #require(Checkout.text("Samples/patients.json"))
        return try JSONDecoder().decode([Registration].self, from: Data(text.utf8))
    }

    private static let documents = Checkout.everyPath.filter { $0.hasPrefix("Samples/") && $0.hasSuffix(".xml") }

    @Test func `every facility registers each of the three patients under a number of its own`() throws {
        let registrations = try Self.registrations()
        #expect(registrations.count == 9)
        #expect(Set(registrations.map(\.facility)).count == 3)
        #expect(Set(registrations.map(\.mrn)).count == 9)
        for (_, same) in Dictionary(grouping: registrations, by: \.birthDate) {
            #expect(same.count == 3)
            #expect(Set(same.map(\.sex)).count == 1)
            #expect(Set(same.map(\.family)).count > 1 || Set(same.map(\.given)).count > 1)
        }
    }

    @Test func `every document is published once, by the facility whose number it carries`() throws {
        let registrations = try Self.registrations()
        #expect(registrations.flatMap(\.documents).map { "Samples/" + $0 }.sorted() == Self.documents)
        #expect(Self.documents.count == 8)
        for registration in registrations {
            for name in registration.documents {
                let text = try #require(Checkout.text("Samples/" + name))
                let number = "<id root=\"\(registration.facility).1\" extension=\"\(registration.mrn)\"/>"
                #expect(text.contains(number), "\(name)")
                #expect(text.contains("<family>\(registration.family)</family>"), "\(name)")
                let birth = registration.birthDate.replacingOccurrences(of: "-", with: "")
                #expect(text.contains("<birthTime value=\"\(birth)\"/>"), "\(name)")
            }
        }
    }

    @Test func `every document has the header and the sections its kind asks for`() throws {
        let header = [
            "realmCode", "typeId", "templateId", "id", "code", "title", "effectiveTime", "confidentialityCode",
            "languageCode", "recordTarget", "author", "custodian", "legalAuthenticator", "documentationOf",
            "componentOf", "structuredBody",
        ]
        let discharge = ["48765-2", "8648-8", "11535-2", "18776-5", "10183-2"]
        let consultation = ["29299-5", "10164-2", "48765-2", "11450-4", "51847-2"]
        for path in Self.documents {
            let text = try #require(Checkout.text(path))
            for name in header { #expect(text.contains("<\(name)"), "\(path) lacks \(name)") }
            let isDischarge = text.contains("2.16.840.1.113883.10.20.22.1.8\" extension=\"2015-08-01\"")
            for code in isDischarge ? discharge : consultation {
                #expect(text.contains("<code code=\"\(code)\""), "\(path) lacks the section \(code)")
            }
            #expect((8_000..<24_000).contains(text.utf8.count), "\(path)")
        }
    }

    @Test func `one document replaces another and one is restricted`() throws {
        let texts = try Self.documents.map { try #require(Checkout.text($0)) }
        #expect(texts.count { $0.contains("<relatedDocument typeCode=\"RPLC\">") } == 1)
        #expect(texts.count { $0.contains("<confidentialityCode code=\"R\"") } == 1)
        #expect(texts.count { $0.contains("<confidentialityCode code=\"N\"") } == 7)
    }

    @Test func `the topologies name these patients, and facilities that register them`() throws {
        let facilities = Set(try Self.registrations().map(\.facility))
        for path in ["Topology/three-facilities.yaml", "Topology/single.yaml"] {
            let lines = try #require(Checkout.text(path)).split(separator: "\n").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            #expect(lines.contains("patients: ../Samples/patients.json"))
            #expect(lines.contains("documents: ../Samples"))
            let named = lines.filter { $0.hasPrefix("community: ") }.map { String($0.dropFirst(11)) }
            #expect(!named.isEmpty && facilities.isSuperset(of: named))
            // Nobody is told more than one seed: the rest is gossip's work.
            #expect(!lines.contains { $0.hasPrefix("seeds: [") && $0.contains(",") })
        }
        #expect(try Self.registrations().contains { $0.mrn == "ED-551093" })
    }
}
