import ExchangeCore

/// OBR: what was asked for and reported (HL7 v2.8, 4.5.3).
package struct ObservationRequest: Hashable, Sendable {
    /// OBR-2.
    package let placerOrder: EntityIdentifier?
    /// OBR-3.
    package let fillerOrder: EntityIdentifier?
    /// OBR-4.
    package let service: CodedElement?
    /// OBR-7.
    package let observed: PartialDate?
    /// OBR-22.
    package let reported: PartialDate?
    /// OBR-25: `F` final, `P` preliminary, `C` corrected, ... (HL7 table 0123).
    package let status: String?

    /// Reads OBR.
    package init(_ segment: HL7Segment) throws(HL7Error) {
        placerOrder = try EntityIdentifier(segment.field(2))
        fillerOrder = try EntityIdentifier(segment.field(3))
        service = try CodedElement(segment.field(4))
        observed = try DataTypes.time(segment.field(7))
        reported = try DataTypes.time(segment.field(22))
        status = try segment.field(25).text()
    }
}

/// OBX: one observation, or a piece of a document (HL7 v2.8, 7.4.2). Printing one prints nothing.
package struct ObservationResult: Sendable, CustomStringConvertible {
    /// OBX-2: the data type of the value.
    package let valueType: String?
    /// OBX-3.
    package let code: CodedElement?
    /// OBX-4.
    package let subID: String?
    /// OBX-5: read by what OBX-2 says.
    package let values: HL7Element
    /// OBX-6: the unit, mostly UCUM.
    package let units: CodedElement?
    /// OBX-7.
    package let referenceRange: String?
    /// OBX-8.
    package let interpretation: [String]
    /// OBX-11: `F` final, `C` corrected, `X` cannot be obtained, `W` wrong, `D` deleted, ... (HL7 table 0085).
    package let status: String?
    /// OBX-14.
    package let observed: PartialDate?

    /// Reads OBX.
    package init(_ segment: HL7Segment) throws(HL7Error) {
        valueType = try segment.field(2).text()
        code = try CodedElement(segment.field(3))
        subID = try segment.field(4).text()
        values = segment.field(5)
        units = try CodedElement(segment.field(6))
        referenceRange = try segment.field(7).text()
        interpretation = try DataTypes.all(segment.field(8)) { element throws(HL7Error) in try element.text() }
        status = try segment.field(11).text()
        observed = try DataTypes.time(segment.field(14))
    }

    package var description: String { "<redacted>" }
}

/// TXA: the document a message brings or speaks of (HL7 v2.8, 9.6.1).
package struct DocumentNotification: Hashable, Sendable {
    /// TXA-2: `DS` discharge summary, `HP` history and physical, ... (HL7 table 0270).
    package let documentType: CodedElement?
    /// TXA-3: `TX`, `FT`, `AP` application, `AU`, `IM`, ... (HL7 table 0191).
    package let contentPresentation: String?
    /// TXA-4: when what it tells of was done.
    package let activity: PartialDate?
    /// TXA-6: when it was written.
    package let origination: PartialDate?
    /// TXA-9.
    package let originators: [NumberedPerson]
    /// TXA-12.
    package let uniqueID: EntityIdentifier
    /// TXA-13: the document it replaces or adds to.
    package let parentID: EntityIdentifier?
    /// TXA-17: `LA` legally authenticated, `AU`, `DO` documented, ... (HL7 table 0271).
    package let completionStatus: String?
    /// TXA-18: `V` very restricted, `R` restricted, `U` usual (HL7 table 0272).
    package let confidentiality: String?
    /// TXA-19: `AV` available, `CA` cancelled, `OB` obsolete, `UN` unavailable (HL7 table 0273).
    package let availability: String?

    /// Reads TXA; without a unique document number it is refused.
    package init(_ segment: HL7Segment) throws(HL7Error) {
        documentType = try CodedElement(segment.field(2))
        contentPresentation = try segment.field(3).text()
        activity = try DataTypes.time(segment.field(4))
        origination = try DataTypes.time(segment.field(6))
        originators = try DataTypes.all(segment.field(9)) { element throws(HL7Error) in try NumberedPerson(element) }
        guard let unique = try EntityIdentifier(segment.field(12)) else {
            throw segment.field(12).refusal(.requiredField, "the document has no unique number")
        }
        uniqueID = unique
        parentID = try EntityIdentifier(segment.field(13))
        completionStatus = try segment.field(17).text()
        confidentiality = try segment.field(18).text()
        availability = try segment.field(19).text()
    }
}

/// RXA: a vaccine or drug that was given (HL7 v2.8, 4A.4.7).
package struct PharmacyAdministration: Hashable, Sendable {
    /// RXA-3.
    package let started: PartialDate?
    /// RXA-4.
    package let ended: PartialDate?
    /// RXA-5: mostly CVX.
    package let administered: CodedElement?
    /// RXA-6: `999` when it is not known.
    package let amount: String?
    /// RXA-7.
    package let units: CodedElement?
    /// RXA-15.
    package let lotNumbers: [String]
    /// RXA-20: `CP` complete, `RE` refused, `NA` not given, `PA` in part (HL7 table 0322).
    package let completionStatus: String?

    /// Reads RXA.
    package init(_ segment: HL7Segment) throws(HL7Error) {
        started = try DataTypes.time(segment.field(3))
        ended = try DataTypes.time(segment.field(4))
        administered = try CodedElement(segment.field(5))
        amount = try segment.field(6).text()
        units = try CodedElement(segment.field(7))
        lotNumbers = try DataTypes.all(segment.field(15)) { element throws(HL7Error) in try element.text() }
        completionStatus = try segment.field(20).text()
    }
}
