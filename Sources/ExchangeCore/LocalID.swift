/// A 128-bit identifier made by this node: a UUID of RFC 9562, typed by what it names.
///
/// Documents, submissions and directives use version 7 (time-ordered), so that tables and segments grow at their end;
/// patients use version 4 (random), because their identifier stands in the journal's clear headers and must tell nothing.
package struct LocalID<Subject>: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The first eight bytes, big-endian.
    package let high: UInt64
    /// The last eight bytes, big-endian.
    package let low: UInt64

    @usableFromInline
    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Version 7: 48 bits of milliseconds, then random bits.
    package static func ordered(at time: Timestamp, using random: inout some RandomNumberGenerator) -> Self {
        let milliseconds = UInt64(clamping: time.milliseconds) & 0xFFFF_FFFF_FFFF
        return Self(
            high: milliseconds << 16 | 0x7000 | UInt64.random(in: 0...0xFFF, using: &random),
            low: 0x8000_0000_0000_0000 | (random.next() & 0x3FFF_FFFF_FFFF_FFFF),
        )
    }

    /// Version 4: 122 random bits.
    package static func random(using random: inout some RandomNumberGenerator) -> Self {
        Self(
            high: (random.next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000,
            low: (random.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000,
        )
    }

    /// Version 8: the first 16 bytes of a digest (fewer count as followed by zeros), so that what has the same name elsewhere
    /// has the same id here.
    package static func derived(from digest: some Sequence<UInt8>) -> Self {
        var words: (high: UInt64, low: UInt64) = (0, 0)
        for (index, byte) in digest.prefix(16).enumerated() {
            let shift = UInt64(7 - index % 8) * 8
            if index < 8 { words.high |= UInt64(byte) << shift } else { words.low |= UInt64(byte) << shift }
        }
        return Self(
            high: (words.high & 0xFFFF_FFFF_FFFF_0FFF) | 0x8000,
            low: (words.low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }

    /// Parses the 36-character form, with or without `urn:uuid:`, in either case; anything else is nil.
    package init?(_ text: String) {
        var bytes = Array(text.utf8)
        if bytes.starts(with: "urn:uuid:".utf8) { bytes.removeFirst(9) }
        guard bytes.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, byte) in bytes.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let value = Self.hexadecimal(byte) else { return nil }
            if digits < 16 { words.0 = words.0 << 4 | value } else { words.1 = words.1 << 4 | value }
            digits += 1
        }
        self.init(high: words.0, low: words.1)
    }

    /// Reads 16 bytes, big-endian; nil when there are not exactly 16.
    @inlinable
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var count = 0
        // Plain loops here and below: these run for every row of every search.
        for byte in bytes {
            if count < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
            count += 1
        }
        self.init(high: words.0, low: words.1)
    }

    /// The 16 bytes, big-endian.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { buffer, filled in
            for index in 0..<16 { buffer[index] = byte(index) }
            filled = 16
        }
    }

    /// The 36-character lower-case form.
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var at = 0
            for index in 0..<16 {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    buffer[at] = UInt8(ascii: "-")
                    at += 1
                }
                buffer[at] = Self.digit(byte(index) >> 4)
                buffer[at + 1] = Self.digit(byte(index) & 15)
                at += 2
            }
            return 36
        }
    }

    /// One of the 16 bytes, the most significant first.
    private func byte(_ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: index < 8 ? high >> (56 - 8 * index) : low >> (120 - 8 * index))
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    package static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }

    private static func hexadecimal(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x41...0x46: UInt64(byte - 0x41 + 10)
        case 0x61...0x66: UInt64(byte - 0x61 + 10)
        default: nil
        }
    }
}

/// What a `PatientID` names: one patient record of this node.
package enum PatientSubject {}
/// What a `DocumentID` names: one document entry.
package enum DocumentSubject {}
/// What a `FolderID` names: one folder.
package enum FolderSubject {}
/// What a `SubmissionID` names: one submission set.
package enum SubmissionSubject {}
/// What a `SubscriptionID` names: one wish to hear of new documents.
package enum SubscriptionSubject {}
/// What a `DirectiveID` names: one recorded consent directive.
package enum DirectiveSubject {}

/// A patient record of this node; also the handle of the patient's key, hence random.
package typealias PatientID = LocalID<PatientSubject>
/// A document entry's `entryUUID` (ITI TF-3 4.2.3.2), which is also its FHIR id.
package typealias DocumentID = LocalID<DocumentSubject>
/// A folder of documents.
package typealias FolderID = LocalID<FolderSubject>
/// A submission set's `entryUUID`.
package typealias SubmissionID = LocalID<SubmissionSubject>
/// A consent directive's FHIR id.
package typealias DirectiveID = LocalID<DirectiveSubject>
/// A subscription's FHIR id.
package typealias SubscriptionID = LocalID<SubscriptionSubject>
