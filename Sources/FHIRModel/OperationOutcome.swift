import ExchangeCore
import JSON

/// What went wrong or is worth knowing, as FHIR says it (`OperationOutcome`).
package struct OperationOutcome: Hashable, Sendable {
    /// How bad it is.
    package enum Severity: String, Sendable, CaseIterable { case fatal, error, warning, information }

    /// An extension with an OID as its value, such as a community's.
    package struct Tag: Hashable, Sendable {
        /// The extension's URL.
        package var url: String
        /// `valueOid`, in `urn:oid:` form.
        package var valueOid: String

        /// An extension from its URL and value.
        package init(url: String, valueOid: String) {
            self.url = url
            self.valueOid = valueOid
        }
    }

    /// One thing to know.
    package struct Issue: Hashable, Sendable {
        /// How bad it is.
        package var severity: Severity
        /// FHIR `IssueType`: `invalid`, `required`, `not-found`, `incomplete`, `suppressed`, ...
        package var code: String
        /// What a person reads.
        package var details: String?
        /// What a program reads.
        package var codings: [CodedValue]
        /// For whoever must find the cause.
        package var diagnostics: String?
        /// FHIRPath of the elements meant.
        package var expression: [String]
        /// Extensions of the issue.
        package var extensions: [Tag]

        /// An issue from its parts.
        package init(
            _ severity: Severity, _ code: String, details: String? = nil, codings: [CodedValue] = [],
            diagnostics: String? = nil, expression: [String] = [], extensions: [Tag] = [],
        ) {
            self.severity = severity
            self.code = code
            self.details = details
            self.codings = codings
            self.diagnostics = diagnostics
            self.expression = expression
            self.extensions = extensions
        }
    }

    /// What there is to know; FHIR asks for one at least.
    package var issues: [Issue]
    /// The resource's id, where it has one.
    package var id: String?

    /// An outcome of issues.
    package init(_ issues: [Issue], id: String? = nil) {
        self.issues = issues
        self.id = id
    }

    /// The resource.
    package var json: JSONObject {
        var object: JSONObject = ["resourceType": "OperationOutcome"]
        if let id { object["id"] = .string(id) }
        object["issue"] = .array(issues.map { .object($0.json) })
        return object
    }

    /// Reads an outcome; issues with an unknown severity count as errors.
    package init(json: JSONObject) {
        id = json["id"]?.string
        issues = (json["issue"]?.items ?? []).map(Issue.init(json:))
    }
}

extension OperationOutcome.Issue {
    /// Reads one issue.
    fileprivate init(json: JSONValue) {
        self.init(
            json["severity"]?.string.flatMap(OperationOutcome.Severity.init(rawValue:)) ?? .error,
            json["code"]?.string ?? "processing",
            details: json["details"]?["text"]?.string,
            codings: CodedValue.codings(inConcept: json["details"]),
            diagnostics: json["diagnostics"]?.string,
            expression: (json["expression"]?.items ?? []).compactMap(\.string),
            extensions: (json["extension"]?.items ?? []).compactMap { item in
                guard let url = item["url"]?.string, let oid = item["valueOid"]?.string else { return nil }
                return OperationOutcome.Tag(url: url, valueOid: oid)
            })
    }

    fileprivate var json: JSONObject {
        var object = JSONObject()
        if !extensions.isEmpty {
            object["extension"] = .array(
                extensions.map { ["url": .string($0.url), "valueOid": .string($0.valueOid)] })
        }
        object["severity"] = .string(severity.rawValue)
        object["code"] = .string(code)
        if details != nil || !codings.isEmpty {
            var concept = JSONObject()
            if !codings.isEmpty { concept["coding"] = .array(codings.map(\.coding)) }
            if let details { concept["text"] = .string(details) }
            object["details"] = .object(concept)
        }
        if let diagnostics { object["diagnostics"] = .string(diagnostics) }
        if !expression.isEmpty { object["expression"] = .array(expression.map(JSONValue.string)) }
        return object
    }
}
