import DocumentExchange
import ExchangeCore
import Fixtures
import Foundation
import Testing
import XDSMetadata

struct SensitivityLabelerTests {
    private static let rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
    private static let icd = "http://hl7.org/fhir/sid/icd-10-cm"

    private static func level(_ code: String) -> CodedValue {
        CodedValue(code: code, system: CodeSystems.confidentiality)
    }

    private static func labels(_ code: String, _ system: String, _ display: String? = nil, stated: String = "N")
        -> [String]
    {
        SensitivityLabeler.standard.labels(
            stated: [level(stated)], codes: [.init(code: code, system: system, display: display)]
        ).map(\.code)
    }

    @Test func `codes earn the labels of the law they fall under`() {
        let table: [(String, String, String?, [String])] = [
            ("I10", Self.icd, nil, ["N"]), ("F17.210", Self.icd, "Nicotine dependence", ["N"]),
            ("F11.20", Self.icd, nil, ["R", "OPIOIDUD"]), ("F1120", Self.icd, nil, ["R", "OPIOIDUD"]),
            ("F10.10", Self.icd, nil, ["R", "ETHUD"]), ("F14.10", Self.icd, nil, ["R", "ETH"]),
            ("F32.1", Self.icd, nil, ["R", "PSY"]), ("F03.90", Self.icd, nil, ["R", "COGN"]),
            ("F84.0", Self.icd, nil, ["R", "DVD"]), ("F64.0", Self.icd, nil, ["R", "SEX"]),
            ("B20", Self.icd, nil, ["R", "HIV"]), ("Z21", Self.icd, nil, ["R", "HIV"]),
            ("A53.9", Self.icd, nil, ["R", "STD"]),
            ("T36.3X2A", Self.icd, "Poisoning by macrolides, intentional self-harm", ["R", "PSY"]),
            ("T74.11XA", Self.icd, nil, ["R", "SDV"]),
            ("D57.1", Self.icd, nil, ["R", "SICKLE"]), ("042", "http://hl7.org/fhir/sid/icd-9-cm", nil, ["R", "HIV"]),
            ("7918-6", CodeSystems.loinc, nil, ["R", "HIV"]), ("718-7", CodeSystems.loinc, "Hemoglobin", ["N"]),
            ("99999-9", CodeSystems.loinc, "HIV 1 RNA [Presence] in Serum", ["R", "HIV"]),
            ("247472004", CodeSystems.snomed, "Hives", ["N"]), ("86406008", CodeSystems.snomed, nil, ["R", "HIV"]),
            ("313988", Self.rxnorm, "Furosemide 40 MG Oral Tablet", ["N"]),
            ("1", Self.rxnorm, "buprenorphine 8 MG / naloxone 2 MG Sublingual Film", ["R", "OPIOIDUD"]),
            ("2", Self.rxnorm, "Naltrexone hydrochloride 50 MG Oral Tablet", ["R", "ETHUD"]),
            ("R", CodeSystems.confidentiality, nil, ["R"]), ("V", CodeSystems.confidentiality, nil, ["V"]),
            ("PSY", CodeSystems.actCode, nil, ["R", "PSY"]), ("AMB", CodeSystems.actCode, nil, ["N"]),
            ("B20", "urn:oid:9.9.9", nil, ["N"]),
        ]
        for (code, system, display, expected) in table {
            #expect(Self.labels(code, system, display) == expected, "\(code)")
        }
        #expect(Self.labels("B20", Self.icd, stated: "V") == ["V", "HIV"])
        #expect(Self.labels("I10", Self.icd, stated: "R") == ["R"])
    }

    @Test func `what cannot be read to its end is restricted, and what states nothing stays unstated`() {
        let labeler = SensitivityLabeler.standard
        #expect(labeler.labels(stated: [Self.level("N")], codes: [], isComplete: false) == [Self.level("R")])
        #expect(labeler.labels(stated: [], codes: []) == [])
        #expect(SecurityLabels(codes: labeler.labels(stated: [], codes: [])).confidentiality == .restricted)
        let broken = Array("<ClinicalDocument xmlns='urn:hl7-org:v3'><id".utf8)
        #expect(labeler.labels(stated: [Self.level("N")], content: broken, mimeType: "text/xml") == [Self.level("R")])
        #expect(labeler.labels(stated: [Self.level("N")], content: [0x7B], mimeType: "application/fhir+json")
            == [Self.level("R")])
        let plain = Array("F11.20".utf8)
        #expect(labeler.labels(stated: [Self.level("N")], content: plain, mimeType: "text/plain") == [Self.level("N")])
    }

    private static func document(_ entry: String) -> [UInt8] {
        Array(
            """
            <ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
            <id root="1.2.3" extension="1"/><code code="18842-5" codeSystem="2.16.840.1.113883.6.1"/>
            <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
            <component><structuredBody><component><section>\(entry)</section></component></structuredBody></component>
            </ClinicalDocument>
            """.utf8)
    }

    @Test func `a clinical document is labelled by its entries, its sections and translations`() throws {
        let table: [(String, [String])] = [
            (#"<entry><observation><value code="I10" codeSystem="2.16.840.1.113883.6.90"/></observation></entry>"#, ["N"]),
            (
                #"<entry><observation><value code="38341003" codeSystem="2.16.840.1.113883.6.96"><translation code="F20.9" codeSystem="2.16.840.1.113883.6.90"/></value></observation></entry>"#,
                ["R", "PSY"]
            ),
            (#"<confidentialityCode code="V" codeSystem="2.16.840.1.113883.5.25"/>"#, ["V"]),
            (#"<text>F20.9 HIV</text>"#, ["N"]),
        ]
        for (entry, expected) in table {
            let bytes = Self.document(entry)
            #expect(try MetadataDerivation.derive(bytes).draft.securityCodes.map(\.code) == expected)
            let submitted = SensitivityLabeler.standard.labels(
                stated: [Self.level("N")], content: bytes, mimeType: "text/xml")
            #expect(submitted.map(\.code) == expected)
        }
    }

    @Test func `FHIR documents are labelled by their codings`() {
        let json = #"{"resourceType":"Bundle","entry":[{"resource":{"code":{"coding":[{"system":"\#(Self.icd)","code":"F11.20"}]}}}]}"#
        let labels = SensitivityLabeler.standard.labels(
            stated: [Self.level("N")], content: Array(json.utf8), mimeType: "application/fhir+json; charset=utf-8")
        #expect(labels.map(\.code) == ["R", "OPIOIDUD"])
    }

    @Test func `a table that is none is refused with its line`() {
        let table: [(String, String)] = [
            ("# fine\nicd-10-cm\tB20", "line 2"), ("nonsense\tB20\tHIV", "line 1"), ("loinc\t\tHIV", "line 1"),
            ("loinc\t1-8\thiv", "line 1"), ("loinc\t1-8\tN", "line 1"), ("icd-10-cm\tF16-F12\tETH", "line 1"),
            ("icd-10-cm\t*\tETH", "line 1"), ("loinc\t1-8\t", "line 1"),
        ]
        for (text, line) in table {
            let error = #expect(throws: ExchangeError.self) { try SensitivityLabeler(table: text) }
            #expect(error?.location == line, "\(text)")
        }
        #expect(throws: Never.self) { try SensitivityLabeler(table: "urn:oid:1.2\tx y*\tHIV V\twhy\n\n") }
    }

    @Test func `the table in the repository is the one in the program`() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Policies/sensitivity.tsv")
        #expect(String(decoding: try Data(contentsOf: file), as: UTF8.self) == SensitivityLabeler.standardTable)
    }

    @Test(.enabled(if: SharedData.isPresent, "../shared/data is not here"))
    func `real documents keep their confidentiality unless a rule speaks`() throws {
        var normal = 0
        for path in SharedData.files("ccda") where path.hasSuffix(".xml") {
            guard let derived = try? MetadataDerivation.derive(SharedData.bytes(path)) else { continue }
            let labels = SecurityLabels(codes: derived.draft.securityCodes)
            #expect(labels.sensitivities.isEmpty || labels.confidentiality >= .restricted, "\(path)")
            if labels.confidentiality == .normal { normal += 1 }
        }
        #expect(normal >= 10)
    }

    /// Words of ICD-10-CM's own names that say a code is sensitive, the label they ask for, and names that only sound so.
    private static let telling: [(label: String, words: [String], not: [String])] = [
        ("ETHUD", ["alcohol"], ["alcohols", "unspecified alcohol"]),
        ("OPIOIDUD", ["opioid", "heroin", "methadone"], ["nonopioid", "antagonist"]),
        ("ETH", ["cannabis", "cocaine", "hallucinogen", "inhalant", "psychostimulant"], []),
        ("HIV", ["immunodeficiency virus"], []),
        ("SDV", ["sexual abuse", "physical abuse", "maltreatment", "psychological abuse"], []),
        ("PSY", ["schizo", "bipolar", "depressive", "suicid", "self-harm", "phobi"], ["hydrophobia"]),
        ("SEX", ["contracept", "sexual dysfunction", "sexual behavior"], []),
        ("STD", ["syphilis", "gonococcal", "chlamydial"], ["psittaci", "pneumonia", "conjunctivitis", "peritonitis"]),
        ("SICKLE", ["sickle"], []),
    ]

    @Test(.enabled(if: SharedData.isPresent, "../shared/data is not here"))
    func `codes of ICD-10-CM whose names tell earn their labels`() throws {
        let lines = try SharedData.bytes("terminology/icd10cm-categories-sample.csv").split(separator: UInt8(ascii: "\n"))
        var told = 0
        for line in lines {
            let parts = String(decoding: line, as: UTF8.self).split(separator: ",", maxSplits: 1)
            let name = parts.last.map { $0.filter { $0 != "\"" }.lowercased() } ?? ""
            for rule in Self.telling
            where rule.words.contains(where: name.contains) && !rule.not.contains(where: name.contains) {
                told += 1
                let found = Self.labels(String(parts[0]), Self.icd, name)
                #expect(found.contains(rule.label), "\(parts[0]) \(name): \(found)")
            }
        }
        #expect(told > 100, "\(told) codes were told by their names")
    }
}
