import ExchangeCore

/// The documents of a benchmark: alike but for a number in their first bytes, so that each can be told and checked.
struct BenchDocument: Sendable {
    /// Bytes of each.
    let bytes: Int
    private let tail: [UInt8]
    private let encodedTail: String

    /// Documents of so many bytes, at least twelve.
    init(bytes: Int) {
        self.bytes = bytes
        var text: [UInt8] = []
        let line = Array("Discharge summary: the patient was admitted with, treated for, and discharged after. ".utf8)
        while text.count < bytes - 12 { text += line }
        tail = Array(text.prefix(bytes - 12))
        encodedTail = Base64.encode(tail)
    }

    /// Whether these are the document's bytes.
    func isContent(_ content: [UInt8], of number: Int) -> Bool {
        content.count == bytes && content[..<12].elementsEqual(Self.head(number))
            && content.withUnsafeBytes { all in
                tail.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: all[12...]).elementsEqual($0) }
            }
    }

    /// An ITI-65 transaction Bundle with so many documents of one patient, numbered from `first`.
    func bundle(of patient: String, first: Int, count: Int) -> [UInt8] {
        let profile = "https://profiles.ihe.net/ITI/MHD/StructureDefinition"
        var items: [String] = []
        var resources = ""
        for number in first..<first + count {
            let uuid = Self.urn(2, number)
            items.append(#"{"item":{"reference":"\#(uuid)"}}"#)
            resources += reference(number, of: patient, as: uuid)
        }
        let set = """
            {"resourceType":"Bundle","meta":{"profile":["\(profile)/IHE.MHD.Minimal.ProvideBundle"]},\
            "type":"transaction","timestamp":"2026-02-11T08:00:00Z","entry":[{"fullUrl":"\(Self.urn(1, first))",\
            "resource":{"resourceType":"List","extension":[{"url":"\(profile)/ihe-sourceId","valueIdentifier":\
            {"system":"urn:ietf:rfc:3986","value":"urn:oid:1.3.6.1.4.1.21367.2026.99"}}],"identifier":[{"use":"usual",\
            "system":"urn:ietf:rfc:3986","value":"urn:oid:1.3.6.1.4.1.21367.2026.99.2.\(first)"}],"status":"current",\
            "mode":"working","code":{"coding":[{"system":"https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes",\
            "code":"submissionset"}]},"subject":{"reference":"Patient/\(patient)"},"date":"2026-02-11T08:00:00Z",\
            "entry":[\(items.joined(separator: ","))]},"request":{"method":"POST","url":"List"}}
            """
        return Array((set + resources + "]}").utf8)
    }

    private func reference(_ number: Int, of patient: String, as uuid: String) -> String {
        let content = Self.urn(3, number)
        let day = 10 + number % 18
        return """
            ,{"fullUrl":"\(uuid)","resource":{"resourceType":"DocumentReference","masterIdentifier":\
            {"system":"urn:ietf:rfc:3986","value":"urn:oid:1.3.6.1.4.1.21367.2026.99.3.\(number)"},"status":"current",\
            "type":{"coding":[{"system":"http://loinc.org","code":"18842-5","display":"Discharge summary"}]},\
            "category":[{"coding":[{"system":"http://loinc.org","code":"11490-0","display":"Discharge summary note"}]}],\
            "subject":{"reference":"Patient/\(patient)"},"date":"2026-02-\(day)T08:00:00Z","securityLabel":[{"coding":\
            [{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]}],"content":[{"attachment":\
            {"contentType":"text/plain","language":"en-US","url":"\(content)","size":\(bytes),\
            "title":"Discharge summary \(number)","creation":"2026-02-\(day)T08:00:00Z"},"format":\
            {"system":"http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",\
            "code":"urn:ihe:iti:xds-sd:text:2008"}}],"context":{"period":{"start":"2026-02-01","end":"2026-02-\(day)"},\
            "facilityType":{"coding":[{"system":"http://snomed.info/sct","code":"22232009","display":"Hospital"}]},\
            "practiceSetting":{"coding":[{"system":"http://snomed.info/sct","code":"394802001",\
            "display":"General medicine"}]}}},"request":{"method":"POST","url":"DocumentReference"}},\
            {"fullUrl":"\(content)","resource":{"resourceType":"Binary","contentType":"text/plain",\
            "data":"\(Base64.encode(Self.head(number)))\(encodedTail)"},"request":{"method":"POST","url":"Binary"}}
            """
    }

    /// Twelve digits: whole groups of base64, so that the rest is encoded once.
    private static func head(_ number: Int) -> [UInt8] {
        let digits = Array(String(number).utf8)
        return [UInt8](repeating: 0x30, count: max(0, 12 - digits.count)) + digits.suffix(12)
    }

    private static func urn(_ kind: Int, _ number: Int) -> String {
        let digits = String(number)
        return "urn:uuid:0000000\(kind)-0000-4000-8000-" + String(repeating: "0", count: max(0, 12 - digits.utf8.count))
            + digits
    }
}
