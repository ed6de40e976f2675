import ExchangeCore
import Terminology
import Testing

struct CodeFormTests {
    static let right: [(CodeSystem, [String])] = [
        (.icd10cm, ["I10", "I50.9", "I509", "C4A.0", "Z3A.38", "S72.001A", "T36.0X1A", "U07.1", "M1A.00X0"]),
        (.icd10pcs, ["0DTJ4ZZ", "XW033E5"]), (.hcpcs, ["J1100", "A0425", "V5008"]),
        (.cpt, ["99213", "0001F", "0075T", "0001U", "0002M", "0001A"]),
        (.loinc, ["18842-5", "2823-3", "11535-2", "48765-2", "10183-2", "8648-8", "LA6576-8", "LA33-6", "LP21258-6"]),
        (.snomed, ["42343007", "38341003", "416098002", "282291009", "247472004", "900000000000207008"]),
        (.rxnorm, ["310429", "200031", "70618"]), (.cvx, ["08", "8", "150", "998"]),
        (
            .ucum,
            [
                "mg", "mg/dL", "mm[Hg]", "10*3/uL", "10^9/L", "%", "Cel", "[degF]", "kg/m2", "mL/min/{1.73_m2}", "/min",
                "{beats}/min", "[iU]/L", "m[iU]/mL", "ug/kg/min", "(mg/dL)/h", "1", "2.5", "meq/L", "mmol/L", "U/L", "[lb_av]",
                "[in_i]", "a", "mo", "wk", "h", "10*-6", "s-1", "g/(12.h)", "{score}", "kcal", "[pH]", "[oz_av]", "cm[H2O]", "dB",
                "L/min", "fL", "pg", "mosm/kg",
            ]
        ),
    ]

    @Test(arguments: right) func `real codes pass`(_ row: (system: CodeSystem, codes: [String])) {
        for code in row.codes { #expect(CodeForm.fault(code, in: row.system) == nil, "\(row.system) \(code)") }
    }

    static let wrong: [(CodeSystem, [String])] = [
        (.icd10cm, ["", "I5", "i50.9", "I50.", "150.9", "I50.12345", "I5C", "I50,9", "I50.9 ", "\u{C9}50"]),
        (.icd10pcs, ["0DTJ4Z", "0DTJ4ZZZ", "0DTI4ZZ", "0DTO4ZZ", "0dtj4zz"]), (.hcpcs, ["W1100", "J110", "11100", "J11000", "j1100"]),
        (.cpt, ["9921", "992133", "99213X", "0001B", "A0001"]),
        (.loinc, ["18842-4", "18842", "18842-", "-5", "1884X-5", "18842–5", "12345678901-2", "LA-7", "LAX-1"]),
        (
            .snomed,
            ["42343008", "42343070", "042343007", "12345", "1234567890123456789", "4234300X", "900000000000207007"]
        ),
        (.rxnorm, ["0310429", "123456789", "RX1", ""]), (.cvx, ["1000", "x", ""]),
        (
            .ucum,
            [
                "", "mg//dL", "mg/", "(mg", "mg)", "mg dL", "mgs", "mmHg", "10**3", "{a", "a}", "[iU", "mg^2", "mg-", "°C",
                "bpm", "m[hg]", "lbs", String(repeating: "(", count: 60),
            ]
        ),
    ]

    @Test(arguments: wrong) func `what cannot be a code is named`(_ row: (system: CodeSystem, codes: [String])) {
        for code in row.codes {
            let fault = CodeForm.fault(code, in: row.system)
            #expect(fault != nil, "\(row.system) \(code)")
            #expect(fault?.hasSuffix(".") == false)
        }
    }

    @Test func `a SNOMED CT description is told from a concept`() {
        // A description identifier with a right check digit.
        #expect(CodeForm.fault("754786014", in: .snomed)?.contains("no concept") == true)
    }

    @Test func `every single wrong digit and every swap of neighbours is found by the check digits`() {
        for (system, code) in [(CodeSystem.snomed, "416098002"), (.snomed, "42343007")] {
            let digits = Array(code.utf8)
            for place in digits.indices {
                for digit in UInt8(0x30)...0x39 where digit != digits[place] {
                    var changed = digits
                    changed[place] = digit
                    #expect(CodeForm.fault(String(decoding: changed, as: UTF8.self), in: system) != nil)
                }
                guard place > 0, digits[place] != digits[place - 1] else { continue }
                var swapped = digits
                swapped.swapAt(place, place - 1)
                #expect(CodeForm.fault(String(decoding: swapped, as: UTF8.self), in: system) != nil)
            }
        }
    }

    @Test func `systems are known by their URIs`() {
        for system in CodeSystem.allCases { #expect(CodeSystem(uri: system.uri) == system) }
        #expect(CodeSystem(uri: "http://example.org") == nil)
        #expect(CodeSystem.key("I50.9", system: CodeSystem.icd10cm.uri) == "I509")
        #expect(CodeSystem.key("08", system: CodeSystem.cvx.uri) == "8")
        #expect(!CodeSystem.cpt.isImportable)
    }
}
