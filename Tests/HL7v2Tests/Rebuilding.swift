import HL7v2

/// Puts a message together again from its smallest parts: equal to what was read only when nothing was lost or moved.
enum Rebuilding {
    static func bytes(_ message: HL7Message) -> [UInt8] {
        var out: [UInt8] = []
        var end = 0
        for segment in message.segments {
            // Byte order marks and line breaks lie between segments.
            out += message.bytes[end..<segment.bytes.startIndex]
            out += segment.name.utf8
            for field in segment.fields {
                // MSH-1 is the separator itself.
                let isSeparator = field.position.field == 1 && ["MSH", "FHS", "BHS"].contains(segment.name)
                if !isSeparator { out.append(message.delimiters.field) }
                if !isSeparator { out += bytes(field) }
            }
            end = segment.bytes.endIndex
        }
        return out + message.bytes[end...]
    }

    static func bytes(_ element: HL7Element) -> [UInt8] {
        guard element.level != .subcomponent else { return Array(element.bytes) }
        let parts = element.parts.map(bytes)
        guard let separator = element.separator else { return parts.flatMap(\.self) }
        return Array(parts.joined(separator: [separator]))
    }

    /// Every text there is; how many could be read.
    static func texts(_ message: HL7Message, _ each: (Result<String?, HL7Error>) -> Void) {
        for segment in message.segments {
            for field in segment.fields { texts(field, each) }
        }
    }

    private static func texts(_ element: HL7Element, _ each: (Result<String?, HL7Error>) -> Void) {
        if element.level == .subcomponent {
            each(Result { () throws(HL7Error) in try element.text() })
        } else {
            for part in element.parts { texts(part, each) }
        }
    }
}

extension [UInt8] {
    /// A message written with line ends for people, sent with CR.
    init(hl7 text: String) { self = text.utf8.map { $0 == 0x0A ? 0x0D : $0 } }
}

/// Messages of our own to start from.
enum Samples {
    static let admission = [UInt8](
        hl7: #"""
            MSH|^~\&|ADT1|ALDERBROOK|HIE|ALDERBROOK|20260809120000-0400||ADT^A01^ADT_A01|CTL1|P|2.5.1|7||AL|NE|USA|UNICODE UTF-8
            EVN|A01|20260809120000
            PID|1||RH-204417^^^ARH&1.3.6.1.4.1.21367.2026.10.1&ISO^MR~4711^^^CLINIC^PI||Quintero Vásquez^Marisol^Elena^Jr^^^L~Q^M||19570314|F||2106-3|48 Tamarack Lane^Apt 2^Alderbrook Falls^VT^05999^US^H||(802)555-0142^PRN^PH~^NET^Internet^mq@example.org|||M
            PV1|1|I|2000^2012^01^ARH||||004777^Lindgren^Ada^J|||SUR||||ADM|A0||||V100^^^ARH|||||||||||||||||01||||||||20260805|20260809143000
            ZBE|1|a\F\b\S\c\T\d\R\e\E\f|\Zab\|C:\temp|""
            """#)

    static let merge = [UInt8](
        hl7: #"""
            MSH|^~\&|ADT1|ALDERBROOK|HIE|ALDERBROOK|20260809||ADT^A40^ADT_A39|CTL2|P|2.5.1
            EVN|A40|20260809
            PID|1||RH-204417^^^ARH^MR||Quintero^Marisol||19570314|F
            MRG|RH-204999^^^ARH^MR
            """#)

    static let document = [UInt8](
        hl7: #"""
            MSH|^~\&|TRANS|ALDERBROOK|HIE|X|20260809||MDM^T10^MDM_T02|M1|P|2.6
            EVN|T10|20260809
            PID|1||RH-204417^^^ARH^MR||Quintero^Marisol||19570314|F
            PV1|1|I
            TXA|1|DS^Discharge Summary^HL70270|TX|20260809||202608091430|||77^Lindgren^Ada|||DOC2^ARH^1.3.6.1.4.1.21367.2026.10.3^ISO|DOC1^ARH||||LA|U|AV
            OBX|1|TX|18842-5^Discharge summary^LN||Heart failure, better.~Second line\.br\third||||||F
            OBX|2|TX|18842-5^Discharge summary^LN||Home.||||||F
            """#)

    static let laboratory = [UInt8](
        hl7: #"""
            MSH|^~\&|LAB|ALDERBROOK|HIE|X|20260809||ORU^R01^ORU_R01|L1|P|2.3
            PID|1||RH-204417^^^ARH^MR||Quintero^Marisol
            OBR|1|P1^LAB|F1^LAB|24323-8^Comprehensive panel^LN|||20260808|||||||||||||||20260809||LAB|F
            OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L^^UCUM|3.5-5.1|N|||F|||20260808
            RXA|0|1|20260801|20260801|150^Influenza^CVX|0.5|mL^^UCUM||||||||L77|||||CP
            """#)

    static let all = [admission, merge, document, laboratory]
}
