/// Messages of a feed's benchmark, as many patients as wanted, none like another.
enum IngestMessages {
    private static let families = ["Adams", "Baxter", "Chalmers", "Dekker", "Eriksen", "Fabre", "Gonzalez", "Hashimoto"]
    private static let given = ["Alice", "Bruno", "Carla", "Dmitri", "Emma", "Farid", "Greta", "Hugo", "Ines", "Jonas"]

    /// An admission, or an update of the patient's address by its number.
    static func admission(_ patient: Int, update: Int) -> [UInt8] {
        var chance = Chance(seed: UInt64(patient) &+ 1)
        func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
        let family = families[draw(0...7)] + "-" + families[draw(0...7)] + String(patient % 977)
        let birth = "\(draw(1930...2020))\(two(draw(1...12)))\(two(draw(1...28)))"
        let event = update == 0 ? "A01" : "A08"
        let lines = [
            "MSH|^~\\&|ADT1|BENCH|HIE|HIE|20260809120000-0400||ADT^\(event)^ADT_A01|\(patient)-\(update)|P|2.5.1|||||USA|UNICODE UTF-8",
            "EVN|\(event)|20260809120000",
            "PID|1||B-\(patient)^^^BENCH^MR||\(family)^\(given[draw(0...9)])^^^^^L||\(birth)|\(draw(0...1) == 0 ? "F" : "M")|||"
                + "\(draw(1...999) + update) Main Street^^Eastside^VT^0\(draw(1000...9999))^US^H||(802)555-\(draw(1000...9999))^PRN^PH",
            "PV1|1|I|2000^2012^01^BENCH||||004777^Lindgren^Ada^J|||SUR||||ADM|A0||||V\(patient)^^^BENCH",
            "ZBE|1|bench",
        ]
        return Array((lines.joined(separator: "\r") + "\r").utf8)
    }
}

/// A discharge summary of a size that is wanted, with coded problems and their text.
enum IngestDocument {
    /// A summary with so many problems; about 700 bytes each.
    static func summary(problems: Int) -> [UInt8] {
        var rows = ""
        var entries = ""
        for number in 0..<problems {
            rows += "<tr><td ID=\"p\(number)\">Heart failure, unspecified, seen \(number)</td><td>Active</td></tr>"
            entries +=
                "<entry typeCode=\"DRIV\"><act classCode=\"ACT\" moodCode=\"EVN\"><id root=\"2.999.\(number + 1)\"/>"
                + "<code code=\"CONC\" codeSystem=\"2.16.840.1.113883.5.6\"/><statusCode code=\"active\"/>"
                + "<effectiveTime><low value=\"20260805\"/></effectiveTime><entryRelationship typeCode=\"SUBJ\">"
                + "<observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"55607006\" codeSystem=\"2.16.840.1.113883.6.96\"/>"
                + "<statusCode code=\"completed\"/><effectiveTime><low value=\"20260805\"/></effectiveTime>"
                + "<value xsi:type=\"CD\" code=\"I50.9\" codeSystem=\"2.16.840.1.113883.6.90\" displayName=\"Heart failure\"/>"
                + "</observation></entryRelationship></act></entry>"
        }
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
            <realmCode code="US"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
            <templateId root="2.16.840.1.113883.10.20.22.1.8" extension="2015-08-01"/><id root="2.999.7.\(problems)"/>
            <code code="18842-5" codeSystem="2.16.840.1.113883.6.1"/><title>Discharge summary</title>
            <effectiveTime value="20260809143000-0400"/><confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
            <languageCode code="en-US"/><recordTarget><patientRole><id root="2.999.1" extension="B-1"/>
            <patient><name><given>Alice</given><family>Adams</family></name><administrativeGenderCode code="F"
            codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19310312"/></patient></patientRole></recordTarget>
            <author><time value="20260809"/><assignedAuthor><id root="2.999.2"/></assignedAuthor></author>
            <custodian><assignedCustodian><representedCustodianOrganization><id root="2.999.3"/><name>Bench</name>
            </representedCustodianOrganization></assignedCustodian></custodian>
            <component><structuredBody><component><section><templateId root="2.16.840.1.113883.10.20.22.2.5.1"/>
            <code code="11450-4" codeSystem="2.16.840.1.113883.6.1"/><title>Problems</title>
            <text><table><tbody>\(rows)</tbody></table></text>\(entries)</section></component></structuredBody></component>
            </ClinicalDocument>
            """
        return Array(text.utf8)
    }
}
