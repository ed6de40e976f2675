import CDA
import ExchangeCore
import Testing
import XML

struct SectionReadingTests {
    private static func sections(_ body: String) throws -> [ClinicalSection] {
        let text =
            #"<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody>"# + body
            + "</structuredBody></component></ClinicalDocument>"
        return SectionReading.sections(try XMLReader.read(Array(text.utf8))).sections
    }

    @Test func `a section is known by its code, else by its template, of R1.1 as of R2.1`() throws {
        func kind(_ inside: String) throws -> SectionKind? {
            try Self.sections("<component><section>\(inside)</section></component>").first?.kind
        }
        let loinc = "2.16.840.1.113883.6.1"
        for (code, wanted) in [
            ("11450-4", SectionKind.problems), ("11535-2", .dischargeDiagnosis), ("47519-4", .procedures),
            ("10160-0", .medications), ("48765-2", .allergies), ("30954-2", .results), ("11369-6", .immunizations),
            ("46240-8", .encounters), ("8648-8", .hospitalCourse), ("8653-8", .dischargeInstructions),
            ("29762-2", .socialHistory), ("10183-2", .dischargeMedications),
        ] {
            #expect(try kind(#"<code code="\#(code)" codeSystem="\#(loinc)"/>"#) == wanted)
        }
        #expect(try kind(#"<templateId root="2.16.840.1.113883.10.20.22.2.5.1" extension="2015-08-01"/>"#) == .problems)
        #expect(try kind(#"<templateId root="2.16.840.1.113883.10.20.22.2.24"/>"#) == .dischargeDiagnosis)
        #expect(try kind(#"<templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.5"/>"#) == .hospitalCourse)
        #expect(try kind(#"<code code="99999-9"/>"#) == nil)
    }

    @Test func `statements come with codes, translations, units, times and their place`() throws {
        let section = try #require(
            try Self.sections(
                #"""
                <component><section><code code="30954-2"/><title>Results</title><text>Potassium <content>4.1</content></text>
                <entry><organizer moodCode="EVN"><statusCode code="completed"/><component><observation moodCode="EVN" negationInd="true">
                <code code="2823-3" codeSystem="2.16.840.1.113883.6.1" displayName="Potassium"><translation code="K" codeSystem="1.2.3"/></code>
                <effectiveTime value="20260808"/><value value="4.1" unit="mmol/L"/></observation></component></organizer></entry>
                </section></component>
                """#
            ).first)
        #expect(section.statements.map(\.element) == ["organizer", "observation"])
        let result = section.statements[1]
        #expect(result.isNegated && result.mood == "EVN")
        #expect(result.codes.map(\.value.code) == ["2823-3", "K"])
        #expect(result.codes.map(\.part) == [.code, .translation])
        #expect(result.units.map(\.unit) == ["mmol/L"])
        #expect(result.start?.text == "2026-08-08")
        #expect(result.path.description == "component/structuredBody/component/section/entry/organizer/component/observation")
        #expect(section.narrativeLength == "Potassium 4.1".count)
    }

    @Test func `nested sections come after the one they are in, and nothing is nothing`() throws {
        let sections = try Self.sections(
            """
            <component><section><title>A</title><text>No known allergies</text>
            <component><section><title>B</title><text>Something</text></section></component></section></component>
            <component><section nullFlavor="NI"><title>C</title></section></component>
            """)
        #expect(sections.map(\.title) == ["A", "B", "C"])
        #expect(sections.map(\.saysNothing) == [true, false, true])
        #expect(sections[1].path.description == "component/structuredBody/component/section/component/section")
    }

    @Test func `an unstructured document has no sections`() throws {
        let text = #"<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody><text/></nonXMLBody></component></ClinicalDocument>"#
        #expect(SectionReading.sections(try XMLReader.read(Array(text.utf8))).sections.isEmpty)
    }
}
