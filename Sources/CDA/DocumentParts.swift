import ExchangeCore

/// An `II` of HL7 v3: an OID or UUID, and what it names within.
package struct InstanceIdentifier: Hashable, Sendable {
    /// An OID, or a UUID in lower case.
    package let root: String
    /// What the root's owner calls it; nil when the root says it all.
    package let `extension`: String?

    /// An identifier from its parts; UUIDs are lowered.
    package init(root: String, extension text: String? = nil) {
        self.root = LocalID<Void>(root).map(\.description) ?? root
        self.extension = text
    }

    /// `urn:oid:ROOT` or `urn:uuid:ROOT`; with an extension `urn:oid:ROOT^EXTENSION`, the form XDS gives the `uniqueId`
    /// of a CDA document (IHE PCC TF-2 4.1.1), blanks and what is not ASCII escaped by `%` so that it is a FHIR `uri`.
    package var uri: String {
        guard let text = self.extension, !text.isEmpty else { return rootURI }
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            if (0x21...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                escaped.append(byte)
            } else {
                escaped += Array("%".utf8) + Array(Hexadecimal.encode([byte]).utf8)
            }
        }
        return rootURI + "^" + String(decoding: escaped, as: UTF8.self)
    }

    /// The root alone as a URI.
    package var rootURI: String { (LocalID<Void>(root) == nil ? "urn:oid:" : "urn:uuid:") + root }

    /// As an identifier of a patient: the root is the assigning authority; nil when it is not printable ASCII.
    package var patientIdentifier: PatientIdentifier? {
        guard let text = self.extension, !text.isEmpty else {
            return PatientIdentifier(system: "urn:ietf:rfc:3986", value: rootURI)
        }
        return PatientIdentifier(system: rootURI, value: text)
    }
}

/// An earlier document this one refers to.
package struct RelatedDocument: Hashable, Sendable {
    /// `RPLC`, `APND` or `XFRM`.
    package let kind: String
    /// The earlier document's ids.
    package let identifiers: [InstanceIdentifier]
    /// The set it belongs to.
    package let setID: InstanceIdentifier?
    /// Its version.
    package let versionNumber: Int?
}

/// Whom a document is about. Printing one prints nothing.
package struct RecordTarget: Hashable, Sendable, CustomStringConvertible {
    /// Identifiers with an assigning authority, in order.
    package let identifiers: [PatientIdentifier]
    /// Name, birth date, sex, addresses, telephones.
    package let demographics: Demographics
    /// The organisation that knows the patient by these identifiers.
    package let provider: Organization?

    package var description: String { "<redacted>" }
}

/// An organisation named in a document.
package struct Organization: Hashable, Sendable {
    /// Its identifiers.
    package let identifiers: [InstanceIdentifier]
    /// Its name.
    package let name: String?
}

/// A person, an organisation or a device that had a part in a document.
package struct Participant: Hashable, Sendable {
    /// When they took part.
    package let time: PartialDate?
    /// The person's identifiers, such as an NPI (2.16.840.1.113883.4.6).
    package let identifiers: [InstanceIdentifier]
    /// The person.
    package let person: PersonName?
    /// The software or device, when it wrote the document.
    package let device: String?
    /// The organisation behind the person.
    package let organization: Organization?
    /// The role or specialty (`assignedAuthor/code`).
    package let role: CodedValue?
}

/// The stay or visit a document came from (`componentOf/encompassingEncounter`).
package struct Encounter: Hashable, Sendable {
    /// Its identifiers.
    package let identifiers: [InstanceIdentifier]
    /// What kind of encounter.
    package let code: CodedValue?
    /// When it began.
    package let start: PartialDate?
    /// When it ended.
    package let end: PartialDate?
    /// The kind of facility (`location/healthCareFacility/code`).
    package let facilityType: CodedValue?
    /// The facility's name.
    package let facilityName: String?
    /// The organisation that runs the facility.
    package let provider: Organization?
    /// Where the patient went (`dischargeDispositionCode`; NUBC or HL7 table 0112).
    package let disposition: CodedValue?
}

/// Care a document reports on (`documentationOf/serviceEvent`).
package struct ServiceEvent: Hashable, Sendable {
    /// What was done.
    package let code: CodedValue?
    /// When it began.
    package let start: PartialDate?
    /// When it ended.
    package let end: PartialDate?
}

/// One section of a structured body.
package struct DocumentSection: Hashable, Sendable {
    /// What the section is about, mostly LOINC.
    package let code: CodedValue?
    /// What people read above it.
    package let title: String?
    /// How many entries it has.
    package let entries: Int
}

/// What kind of body a document has.
package enum Body: Hashable, Sendable {
    /// Sections, nested ones after the one they are in.
    case structured([DocumentSection])
    /// Another format within (`nonXMLBody`): its media type, and whether the bytes are there or elsewhere.
    case unstructured(mediaType: String?, isEmbedded: Bool)
    /// None.
    case missing
}

/// A code within a document.
package struct CodedEntry: Hashable, Sendable {
    /// The code.
    package let code: String
    /// The code system's OID as written.
    package let systemOID: String
    /// The code's name as written; for rules that go by names, never shown.
    package let display: String?

    /// With the code system's URI.
    package var value: CodedValue { CodedValue(code: code, system: CodeSystemOIDs.uri(systemOID)) }
}

/// What is missing or doubtful in a document; never patient data.
package struct Problem: Hashable, Sendable {
    /// Whether it can be published all the same.
    package enum Severity: String, Sendable { case error, warning }

    /// Whether it can be published all the same.
    package let severity: Severity
    /// Where: element names from the document down.
    package let path: String
    /// One lower-case sentence that says what to do.
    package let message: String
}
