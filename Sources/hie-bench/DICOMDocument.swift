import ExchangeCore

/// A clinical document as a DICOM store takes it: an Encapsulated CDA object (PS3.3 A.45.2), explicit VR little endian.
struct DICOMDocument: Sendable {
    private static let root = "1.2.826.0.1.3680043.10.999"
    private static let storageClass = "1.2.840.10008.5.1.4.1.1.104.2"
    /// Representations whose length takes four bytes (PS3.5 7.1.2).
    private static let long: Set<String> = ["OB", "OW", "UN", "SQ", "UT"]
    private let content: [UInt8]

    /// Around a document of so many bytes.
    init(bytes: Int) { content = [UInt8](repeating: 0x78, count: bytes) }

    /// One object: an instance in a series of its own, in the study of a patient.
    func object(_ number: Int, of patient: Int) -> [UInt8] {
        let (instance, study) = ("\(Self.root).1.\(number)", "\(Self.root).3.\(patient)")
        var meta: [UInt8] = []
        Self.put(0x0002_0001, "OB", [0, 1], to: &meta)
        for (tag, text) in [
            (0x0002_0002 as UInt32, Self.storageClass), (0x0002_0003, instance), (0x0002_0010, "1.2.840.10008.1.2.1"),
            (0x0002_0012, Self.root),
        ] {
            Self.put(tag, "UI", Array(text.utf8), to: &meta)
        }
        var object = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8)
        Self.put(0x0002_0000, "UL", withUnsafeBytes(of: UInt32(meta.count).littleEndian) { Array($0) }, to: &object)
        object += meta
        for (tag, kind, text) in [
            (0x0008_0005 as UInt32, "CS", "ISO_IR 192"), (0x0008_0016, "UI", Self.storageClass), (0x0008_0018, "UI", instance),
            (0x0008_0020, "DA", "20260101"), (0x0008_0023, "DA", "20260101"), (0x0008_0030, "TM", "120000"),
            (0x0008_0033, "TM", "120000"), (0x0008_0060, "CS", "DOC"), (0x0008_1030, "LO", "Discharge summary"),
            (0x0010_0010, "PN", "BENCH^PATIENT"), (0x0010_0020, "LO", "PAT\(patient)"), (0x0010_0030, "DA", "19700101"),
            (0x0020_000D, "UI", study), (0x0020_000E, "UI", "\(Self.root).2.\(number)"), (0x0020_0011, "IS", "1"),
            (0x0020_0013, "IS", "1"), (0x0042_0010, "ST", "Discharge summary"),
        ] {
            Self.put(tag, kind, Array(text.utf8), to: &object)
        }
        Self.put(0x0042_0011, "OB", content, to: &object)
        Self.put(0x0042_0012, "LO", Array("text/XML".utf8), to: &object)
        return object
    }

    /// One element: tag, representation, length, and a value of an even number of bytes.
    private static func put(_ tag: UInt32, _ kind: String, _ value: [UInt8], to bytes: inout [UInt8]) {
        let isOdd = !value.count.isMultiple(of: 2)
        let length = value.count + (isOdd ? 1 : 0)
        func put16(_ number: Int) { bytes += [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)] }
        put16(Int(tag >> 16))
        put16(Int(tag & 0xFFFF))
        bytes += Array(kind.utf8)
        if long.contains(kind) { put16(0) }
        put16(length)
        if long.contains(kind) { put16(length >> 16) }
        bytes += value
        if isOdd { bytes.append(kind == "UI" || kind == "OB" ? 0 : 0x20) }
    }
}
