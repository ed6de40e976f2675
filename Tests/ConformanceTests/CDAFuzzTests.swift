import CDA
import ExchangeCore
import Fixtures
import Testing
import XML

/// C-CDA with damage: read with its sections and rendered, or refused with a place, never a crash, never a name told (FuzzRun says
/// how many).
struct CDAFuzzTests {
    /// A name that must be in no error.
    private static let canary = "Zwetschgenbaum"

    private static let head = """
        <ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\
        <realmCode code="US"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>\
        <templateId root="2.16.840.1.113883.10.20.22.1.8" extension="2015-08-01"/><id root="1.2.3" extension="D1"/>\
        <code code="18842-5" codeSystem="2.16.840.1.113883.6.1" displayName="Discharge summary"><translation code="x" codeSystem="1.2"/></code>\
        <title>Summary</title><effectiveTime value="20260809143000-0400"/><confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>\
        <languageCode code="en-US"/><setId root="1.2.3" extension="S1"/><versionNumber value="1"/>\
        <recordTarget><patientRole><id root="1.2.4" extension="7"/><addr use="HP"><city>Graz</city></addr><telecom value="tel:1"/><patient>\
        <name use="L"><given>Ida</given><family qualifier="BR">Zwetschgenbaum</family></name><administrativeGenderCode code="F"/>\
        <birthTime value="19311207"/><sdtc:raceCode code="x"/></patient></patientRole></recordTarget>\
        <author><time value="2026"/><assignedAuthor><id root="1.2.5" extension="A"/><assignedPerson><name>Ada L</name></assignedPerson>\
        <representedOrganization><id root="1.2.6"/><name>Ward</name></representedOrganization></assignedAuthor></author>\
        <custodian><assignedCustodian><representedCustodianOrganization><id root="1.2.6"/><name>Ward</name>\
        </representedCustodianOrganization></assignedCustodian></custodian>\
        <documentationOf><serviceEvent classCode="PCPR"><effectiveTime><low value="20260801"/><high value="20260809"/></effectiveTime>\
        </serviceEvent></documentationOf><relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.3" extension="D0"/></parentDocument>\
        </relatedDocument><componentOf><encompassingEncounter><id root="1.2.7" extension="V"/><effectiveTime><low value="20260801"/>\
        </effectiveTime></encompassingEncounter></componentOf><component>
        """

    private static let bodies = [
        """
        <structuredBody><component><section><templateId root="2.16.840.1.113883.10.20.22.2.5.1"/>\
        <code code="11450-4" codeSystem="2.16.840.1.113883.6.1"/><title>Problems</title><text><paragraph>Heart <content ID="p1" \
        styleCode="Bold">failure</content><br/></paragraph><list listType="ordered"><caption>c</caption><item>one</item><item>two</item></list>\
        <table border="1"><thead><tr><th>a</th></tr></thead><tbody><tr><td colspan="2">b</td></tr></tbody></table>\
        <linkHtml href="https://example.org/">l</linkHtml><renderMultiMedia referencedObject="m"/></text>\
        <entry typeCode="DRIV"><act classCode="ACT" moodCode="EVN"><id root="1.2.8"/><code code="CONC"/><statusCode code="active"/>\
        <entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN"><code code="29308-4"/><text><reference value="#p1"/></text>\
        <effectiveTime><low value="2020"/></effectiveTime><value xsi:type="CD" code="I50.9" codeSystem="2.16.840.1.113883.6.90" \
        displayName="Heart failure"/></observation></entryRelationship></act></entry><component><section nullFlavor="NI"><title>Sub</title>\
        <text>none</text></section></component></section></component></structuredBody>
        """,
        "<nonXMLBody><text mediaType=\"text/plain\" representation=\"B64\">SGVsbG8gd29ybGQ=</text></nonXMLBody>",
        "<nonXMLBody><text mediaType=\"application/pdf\"><reference value=\"a.pdf\"/></text></nonXMLBody>",
    ]

    private static let words = [
        "<!DOCTYPE a [<!ENTITY x \"y\">]>", "&x;", "&#0;", "&#xFFFF;", "&#65;", "<![CDATA[<b>x</b>]]>", "<!-- c -->", "<?pi x?>", " nullFlavor=\"UNK\"",
        " xsi:type=\"ST\"", " xmlns=\"urn:x\"", " value=\"20269999\"", " value=\"19\"", "<id root=\"1.2\"/>", "<name>x</name>", "<td>", "</td>", "<item>",
        "<script>x</script>", " onclick=\"x\"", "javascript:x", "<text/>", "</text>", "é", "\u{0}", "\u{FEFF}", "]]>", "-1", "99999999999999999999",
        "2.16.840.1.113883.6.1", "20260230", " ID=\"p1\"", " colspan=\"99999\"", "<footnoteRef IDREF=\"p1\"/>", "<footnote ID=\"f\">n</footnote>",
        "urn:hl7-org:v3", "<component><section/></component>", "<entry/>", "B64", "text/plain",
    ]

    @Test func `damaged documents are read and rendered, or refused`() {
        let documents = Self.bodies.map { Array((Self.head + $0 + "</component></ClinicalDocument>").utf8) }
        let fragments = SharedData.isPresent ? SharedData.files("ccda/fragments-not-clinicaldocument").compactMap { try? SharedData.bytes($0) } : []
        let mutator = StructureMutator(documents + [documents[0]], donors: fragments, words: Self.words, pieces: XMLPieces.pieces)
        let faults = FuzzRun("ccda").faults { random, meter in
            let bytes = mutator.text(&random)
            do throws(ExchangeError) {
                let root = try meter.decode(bytes) { bytes throws(ExchangeError) in
                    let root = try ClinicalDocument.root(bytes)
                    return (root, try ClinicalDocument.read(root))
                }.0
                // Not judged by the input's size: a statement is more than its tag, and there are 20,000 at most.
                _ = SectionReading.sections(root)
                guard random.oneIn(4), let rendered = try DocumentRendering.render(bytes, mimeType: "text/xml") else { return nil }
                _ = TextWriting.lines(rendered, width: 80)
                let page = HTMLWriting.page(rendered, bytesMax: 16 << 20)
                return page.map { String(decoding: $0, as: UTF8.self).contains("<script") } == true ? "a script in the page of \(root.name)" : nil
            } catch {
                if error.code != .badRequest { return "\(error.code)" }
                guard error.location?.hasPrefix("byte ") == true else { return "a refusal without its place" }
                return error.message.contains(Self.canary) ? "a name is told" : nil
            }
        }
        #expect(faults == [])
    }

    @Test(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
    func `no beginning of a document is a document`() throws {
        let original = try SharedData.bytes("ccda/fhir-converter/Unstructured_Document_reference.xml")
        let end = try #require(original.lastIndex(of: UInt8(ascii: ">")))
        let readable = stride(from: 0, to: end, by: 97).filter {
            (try? ClinicalDocument.read(Array(original.prefix($0)))) != nil
        }
        #expect(readable.isEmpty)
    }
}
