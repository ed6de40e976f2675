import ExchangeCore
import JSON

/// One entry of a `Bundle`, to be written or as read.
package struct BundleEntry: Hashable, Sendable {
    /// What to do with the resource, in a transaction.
    package struct Request: Hashable, Sendable {
        /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD`.
        package var method: String
        /// Relative to the server's base.
        package var url: String
        /// Condition for creating.
        package var ifNoneExist: String?
        /// Condition for changing: the version that is changed, as `W/"1"`.
        package var ifMatch: String?

        /// A request from its parts.
        package init(method: String, url: String, ifNoneExist: String? = nil) {
            self.method = method
            self.url = url
            self.ifNoneExist = ifNoneExist
        }
    }

    /// What was done, in a transaction's answer.
    package struct Response: Hashable, Sendable {
        /// Such as `201 Created`.
        package var status: String
        /// Such as `DocumentReference/41/_history/1`.
        package var location: String?
        /// Such as `W/"1"`.
        package var etag: String?
        /// When the resource was changed.
        package var lastModified: Timestamp?

        /// A response from its parts.
        package init(
            status: String, location: String? = nil, etag: String? = nil, lastModified: Timestamp? = nil,
        ) {
            self.status = status
            self.location = location
            self.etag = etag
            self.lastModified = lastModified
        }
    }

    /// Why an entry is in an answer.
    package struct Search: Hashable, Sendable {
        /// FHIR `SearchEntryMode`.
        package enum Mode: String, Sendable { case match, include, outcome }

        /// Why it is here.
        package var mode: Mode
        /// 0 to 1, with three decimals; for `$match`.
        package var score: Double?
        /// `certain`, `probable`, `possible`, `certainly-not`: the match-grade extension of `$match`.
        package var grade: String?
        /// Further extensions, beside the grade's.
        package var extensions: [JSONValue] = []

        /// A reason from its parts.
        package init(_ mode: Mode = .match, score: Double? = nil, grade: String? = nil, extensions: [JSONValue] = []) {
            self.extensions = extensions
            self.mode = mode
            self.score = score
            self.grade = grade
        }
    }

    /// The URI of the resource.
    package var fullUrl: String?
    /// The resource; nil for a request or response without one.
    package var resource: JSONObject?
    /// In a transaction.
    package var request: Request?
    /// In a transaction's answer.
    package var response: Response?
    /// In a search's answer.
    package var search: Search?

    /// An entry from its parts.
    package init(
        fullUrl: String? = nil, resource: JSONObject? = nil, request: Request? = nil, response: Response? = nil,
        search: Search? = nil,
    ) {
        self.fullUrl = fullUrl
        self.resource = resource
        self.request = request
        self.response = response
        self.search = search
    }

    /// `resourceType` of the resource.
    package var resourceType: String? { resource?["resourceType"]?.string }
}

/// Building and reading of `Bundle` resources.
package enum Bundle {
    /// One link of an answer: `self`, `next`, ...
    package struct Link: Hashable, Sendable {
        /// How the page relates to this one.
        package var relation: String
        /// Where it is.
        package var url: String

        /// A link from its parts.
        package init(_ relation: String, _ url: String) {
            self.relation = relation
            self.url = url
        }
    }

    /// The answer to a search; entries without a reason count as matches, `total` is left out when nil.
    package static func searchset(
        total: Int?, links: [Link] = [], entries: [BundleEntry], id: String? = nil, timestamp: Timestamp? = nil,
    ) -> JSONObject {
        let entries = entries.map { entry in
            var entry = entry
            entry.search = entry.search ?? .init(.match)
            return entry
        }
        return bundle(
            type: "searchset", total: total, links: links, entries: entries, id: id, timestamp: timestamp)
    }

    /// A Bundle of any type.
    package static func bundle(
        type: String, total: Int? = nil, links: [Link] = [], entries: [BundleEntry], id: String? = nil,
        timestamp: Timestamp? = nil,
    ) -> JSONObject {
        var bundle: JSONObject = ["resourceType": "Bundle"]
        if let id { bundle["id"] = .string(id) }
        bundle["type"] = .string(type)
        if let timestamp { bundle["timestamp"] = .string(timestamp.description) }
        if let total { bundle["total"] = .number(String(total)) }
        if !links.isEmpty {
            bundle["link"] = .array(links.map { ["relation": .string($0.relation), "url": .string($0.url)] })
        }
        if !entries.isEmpty { bundle["entry"] = .array(entries.map { .object($0.json) }) }
        return bundle
    }

    /// The entries of a Bundle in order; empty for anything else.
    package static func entries(_ bundle: JSONObject) -> [BundleEntry] {
        (bundle["entry"]?.items ?? []).map(BundleEntry.init(json:))
    }

    /// The URL of the link of a relation.
    package static func link(_ relation: String, of bundle: JSONObject) -> String? {
        (bundle["link"]?.items ?? []).first { $0["relation"]?.string == relation }?["url"]?.string
    }
}
