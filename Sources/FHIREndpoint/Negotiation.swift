import ExchangeCore
import HTTPTypes

/// What a caller sends and what it wants back: FHIR JSON, and words for what we do not speak (R4, http.html 3.1.0.1.11).
enum Negotiation {
    /// FHIR JSON as every answer states it.
    static let fhirJSON = "application/fhir+json; fhirVersion=4.0; charset=utf-8"
    /// FHIR XML, where it was asked for.
    static let fhirXML = "application/fhir+xml; fhirVersion=4.0; charset=utf-8"
    /// What a search by POST sends.
    static let form = "application/x-www-form-urlencoded"

    /// What to send back after a creation (`Prefer: return=`).
    enum Return: Sendable { case minimal, representation, outcome }

    /// The two forms of a resource.
    enum Form: Sendable { case json, xml }

    /// The form a caller wants: `_format` before the header; JSON where either will do; of a caller who says nothing the
    /// form of what it sends (R4, http.html 3.1.0.1.11). Nil when neither is wanted.
    static func form(_ headers: HTTPFields, format: String?) -> Form? {
        if let format { return isJSON(format) ? .json : isXML(format) ? .xml : nil }
        guard let accept = headers[.accept], accept != "application/fhir+json", accept != "*/*" else {
            let isXMLBody = headers[.accept] == nil && headers[.contentType].flatMap { MediaRange($0) }.map(isXMLType) ?? false
            return isXMLBody ? .xml : .json
        }
        let ranges = MediaRange.list(accept)
        guard !ranges.isEmpty else { return .json }
        let json = ranges.filter(isAcceptable).map(\.quality).max()
        let xml = ranges.filter(isAcceptableXML).map(\.quality).max()
        if let json, json >= xml ?? 0 { return .json }
        return xml == nil ? nil : .xml
    }

    private static func isXMLType(_ type: MediaRange) -> Bool {
        type.essence == "application/fhir+xml" || type.essence == "application/xml"
    }

    private static func isAcceptableXML(_ range: MediaRange) -> Bool {
        range.quality > 0 && isOurVersion(range)
            && (range.covers("application/fhir+xml") || range.covers("application/xml"))
    }

    private static func isXML(_ format: String) -> Bool {
        if format == "xml" { return true }
        return MediaRange(format.replacingSpace()).map(isXMLType) ?? false
    }

    /// Refuses with 406 who accepts neither FHIR JSON nor XML; `_format` outranks the header.
    static func demandJSON(_ headers: HTTPFields, format: String?) throws(EdgeRefusal) {
        guard form(headers, format: format) != nil else { throw .notAcceptable }
    }

    /// The form of a body; refuses with 415 one that is neither FHIR JSON nor FHIR XML in UTF-8.
    static func bodyForm(_ headers: HTTPFields) throws(EdgeRefusal) -> Form {
        try demandIdentityCoding(headers)
        guard let header = headers[.contentType], header != "application/fhir+json" else {
            if headers[.contentType] == nil { throw .unsupportedMediaType }
            return .json
        }
        guard let type = MediaRange(header), isOurVersion(type), type["charset"].map({ $0.lowercased() == "utf-8" }) ?? true
        else { throw .unsupportedMediaType }
        if type.essence == "application/fhir+json" || type.essence == "application/json" { return .json }
        guard isXMLType(type) else { throw .unsupportedMediaType }
        return .xml
    }

    /// Refuses with 415 a search body that is no form; a search by POST without a body is a search too.
    static func demandForm(_ headers: HTTPFields) throws(EdgeRefusal) {
        try demandIdentityCoding(headers)
        guard let header = headers[.contentType] else { return }
        guard let type = MediaRange(header), type.essence == form,
            type["charset"].map({ $0.lowercased() == "utf-8" }) ?? true
        else { throw .unsupportedMediaType }
    }

    /// `Prefer: return=...`; FHIR's default is the representation.
    static func preferredReturn(_ headers: HTTPFields) -> Return {
        switch preference("return", headers) {
        case "minimal": .minimal
        case "OperationOutcome": .outcome
        default: .representation
        }
    }

    /// `Prefer: handling=strict`: parameters we do not know are refused instead of left out.
    static func isStrict(_ headers: HTTPFields) -> Bool { preference("handling", headers) == "strict" }

    static func preference(_ name: String, _ headers: HTTPFields) -> String? {
        guard let header = headers[.prefer] else { return nil }
        for part in header.split(whereSeparator: { $0 == "," || $0 == ";" }) {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].drop(while: { $0 == " " }) == name else { continue }
            return String(pair[1].filter { $0 != " " && $0 != "\"" })
        }
        return nil
    }

    private static func isAcceptable(_ range: MediaRange) -> Bool {
        range.quality > 0 && isOurVersion(range)
            && (range.covers("application/fhir+json") || range.covers("application/json"))
    }

    /// `fhirVersion=4.0`, or none (R4, versioning.html).
    private static func isOurVersion(_ type: MediaRange) -> Bool {
        guard let version = type["fhirversion"] else { return true }
        return version == "4.0" || version == "4.0.1"
    }

    /// `_format` may be a short name or a media type, its plus perhaps decoded to a space.
    private static func isJSON(_ format: String) -> Bool {
        if format == "json" { return true }
        let essence = MediaRange(format.replacingSpace())?.essence
        return essence == "application/fhir+json" || essence == "application/json"
    }

    private static func demandIdentityCoding(_ headers: HTTPFields) throws(EdgeRefusal) {
        guard let coding = headers[.contentEncoding], coding.lowercased() != "identity" else { return }
        throw .unsupportedMediaType
    }
}

extension String {
    fileprivate func replacingSpace() -> String {
        String(decoding: utf8.map { $0 == 0x20 ? UInt8(ascii: "+") : $0 }, as: UTF8.self)
    }
}

extension HTTPField.Name {
    static let ifNoneExist = ours("If-None-Exist")
    static let prefer = ours("Prefer")
    static let emergencyReason = ours("X-Emergency-Reason")
    static let referrerPolicy = ours("Referrer-Policy")
    static let requestID = ours("X-Request-Id")
    static let requestTimeout = ours("Request-Timeout")

    private static func ours(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("a header of ours has a name HTTP refuses") }
        return name
    }
}
