import ExchangeCore
import JSON

/// What went wrong or is worth knowing, as FHIR says it (`OperationOutcome`).
package struct OperationOutcome: Hashable, Sendable {
    /// How bad it is.
    package enum Severity: String, Sendable, CaseIterable { case fatal, error, warning, information }

    /// An extension: an OID, such as a community's, or a text.
    package struct Tag: Hashable, Sendable {
        /// What an extension says here.
        package enum Value: Hashable, Sendable {
            /// `valueOid`, in `urn:oid:` form.
            case oid(String)
            /// `valueString`.
            case string(String)
        }

        /// The extension's URL.
        package var url: String
        /// What it says.
        package var value: Value

        /// `valueOid`, in `urn:oid:` form; nil when it says something else.
        package var valueOid: String? { if case .oid(let oid) = value { oid } else { nil } }
        /// `valueString`; nil when it says something else.
        package var valueString: String? { if case .string(let text) = value { text } else { nil } }

        /// An extension from its URL and value.
        package init(url: String, value: Value) {
            self.url = url
            self.value = value
        }

        fileprivate init?(json: JSONValue) {
            guard let url = json["url"]?.string else { return nil }
            if let oid = json["valueOid"]?.string {
                self.init(url: url, value: .oid(oid))
            } else if let text = json["valueString"]?.string {
                self.init(url: url, value: .string(text))
            } else {
                return nil
            }
        }

        fileprivate var json: JSONValue {
            switch value {
            case .oid(let oid): ["url": .string(url), "valueOid": .string(oid)]
            case .string(let text): ["url": .string(url), "valueString": .string(text)]
            }
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
    /// Extensions of the resource.
    package var extensions: [Tag] = []

    /// An outcome of issues.
    package init(_ issues: [Issue], id: String? = nil) {
        self.issues = issues
        self.id = id
    }

    /// The resource.
    package var json: JSONObject {
        var object: JSONObject = ["resourceType": "OperationOutcome"]
        if let id { object["id"] = .string(id) }
        if !extensions.isEmpty { object["extension"] = .array(extensions.map(\.json)) }
        object["issue"] = .array(issues.map { .object($0.json) })
        return object
    }

    /// Reads an outcome; issues with an unknown severity count as errors.
    package init(json: JSONObject) {
        id = json["id"]?.string
        extensions = (json["extension"]?.items ?? []).compactMap(Tag.init(json:))
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
            extensions: (json["extension"]?.items ?? []).compactMap(OperationOutcome.Tag.init(json:)))
    }

    fileprivate var json: JSONObject {
        var object = JSONObject()
        if !extensions.isEmpty { object["extension"] = .array(extensions.map(\.json)) }
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
