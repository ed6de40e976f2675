/// What a code of each system must look like, release or no release: letters, digits, lengths, check digits.
package enum CodeForm {
    /// What is wrong with a code's form, as one lower-case sentence; nil when nothing is.
    package static func fault(_ code: String, in system: CodeSystem) -> String? {
        let bytes = Array(code.utf8)
        guard !bytes.isEmpty else { return "the code is empty" }
        guard bytes.count <= 64 else { return "no code of \(system.title) is that long" }
        switch system {
        case .icd10cm: return icd10cm(bytes)
        case .icd10pcs:
            let isFit = bytes.count == 7 && bytes.allSatisfy { isDigit($0) || isCapital($0) && $0 != 0x49 && $0 != 0x4F }
            return isFit ? nil : "an ICD-10-PCS code has seven digits or capitals, without I and O"
        case .hcpcs:
            let isFit = bytes.count == 5 && (0x41...0x56).contains(bytes[0]) && bytes.dropFirst().allSatisfy(isDigit)
            return isFit ? nil : "a HCPCS level II code is a capital from A to V and four digits"
        case .cpt:
            let isFit =
                bytes.count == 5 && bytes.prefix(4).allSatisfy(isDigit)
                && (isDigit(bytes[4]) || "FTUMA".utf8.contains(bytes[4]))
            return isFit ? nil : "a CPT code is five digits, or four digits and F, T, U, M or A"
        case .loinc: return loinc(bytes)
        case .snomed: return snomed(bytes)
        case .rxnorm:
            let isFit = bytes.count <= 8 && bytes.allSatisfy(isDigit) && bytes[0] != 0x30
            return isFit ? nil : "an RxNorm concept is a number of at most eight digits"
        case .cvx:
            return bytes.count <= 3 && bytes.allSatisfy(isDigit) ? nil : "a CVX code is a number of at most three digits"
        case .ucum: return UCUM.fault(code)
        }
    }

    private static func icd10cm(_ bytes: [UInt8]) -> String? {
        let shape = "an ICD-10-CM code is a capital, a digit, a digit or A or B, then a dot and up to four digits or capitals"
        guard bytes.count >= 3, isCapital(bytes[0]), isDigit(bytes[1]), isDigit(bytes[2]) || (0x41...0x42).contains(bytes[2])
        else { return shape }
        var rest = bytes.dropFirst(3)
        guard !rest.isEmpty else { return nil }
        // Publishers leave the dot out; documents should not.
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst() }
        guard (1...4).contains(rest.count), rest.allSatisfy({ isDigit($0) || isCapital($0) }) else { return shape }
        return nil
    }

    private static func loinc(_ bytes: [UInt8]) -> String? {
        // Parts, answers and groups have two letters before the number, and a check digit of another making.
        let isPart = ["LA", "LP", "LL", "LG"].contains { bytes.starts(with: $0.utf8) }
        let number = isPart ? bytes.dropFirst(2) : bytes[...]
        guard number.count >= 3, number.count <= 10, number[number.endIndex - 2] == UInt8(ascii: "-"),
            let check = number.last, isDigit(check), number.dropLast(2).allSatisfy(isDigit)
        else { return "a LOINC code is a number, a hyphen and a check digit" }
        guard !isPart else { return nil }
        return CheckDigit.mod10(number.dropLast(2)) == check ? nil : "the LOINC code's check digit is wrong: a digit was mistyped"
    }

    private static func snomed(_ bytes: [UInt8]) -> String? {
        guard (6...18).contains(bytes.count), bytes.allSatisfy(isDigit), bytes[0] != 0x30 else {
            return "a SNOMED CT identifier is a number of 6 to 18 digits"
        }
        guard CheckDigit.isVerhoeff(bytes) else {
            return "the SNOMED CT identifier's check digit is wrong: a digit was mistyped"
        }
        // The two digits before the check digit say what it names: x0 a concept, x1 a description, x2 a relationship.
        let partition = bytes[bytes.count - 2]
        guard bytes[bytes.count - 3] <= 0x31, partition == 0x30 else {
            return "the SNOMED CT identifier names no concept but a description, a relationship or something else"
        }
        return nil
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    static func isCapital(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
}
