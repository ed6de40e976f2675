import ExchangeCore
import FHIRModel
import JSON

/// A list of documents with its completeness receipt, read from a searchset (ITI-67).
struct FoundRecord: Sendable {
    /// One document of the list.
    struct Document: Sendable {
        let id: String
        let title: String
        let type: String
        let date: String
        let home: String
        /// Other communities that hold the same document.
        let alsoHeldBy: [String]
        let url: String
        let mimeType: String
        let size: Int?
        let status: String
    }

    /// What one community said.
    struct Community: Sendable {
        let community: String
        let name: String
        let answer: String
        let sentence: String

        /// Whether documents may be missing because of it.
        let isGap: Bool
    }

    let documents: [Document]
    let communities: [Community]
    /// The receipt as the node signed it (JWS); nil when it signed none.
    let receipt: String?
    /// What the node says of every list: of parameters, or that records may be withheld.
    let notices: [String]

    /// Whether every community answered.
    var isComplete: Bool { !communities.contains(where: \.isGap) }

    /// Reads the pages of one search; the receipt is the same on each, and the first one counts.
    init(_ pages: [JSONObject]) {
        var documents: [Document] = []
        var communities: [Community] = []
        var notices: [String] = []
        var receipt: String?
        for entry in pages.flatMap({ $0["entry"]?.items ?? [] }) {
            guard let resource = entry["resource"]?.object else { continue }
            switch resource["resourceType"]?.string {
            case "DocumentReference": documents.append(Document(resource))
            case "OperationOutcome" where communities.isEmpty:
                let outcome = OperationOutcome(json: resource)
                receipt = outcome.extensions.first { $0.url.hasSuffix("/completeness-receipt") }?.valueString
                let issues = outcome.issues
                communities = issues.compactMap(Community.init)
                notices = issues.filter { Community($0) == nil }.compactMap(\.details)
            default: break
            }
        }
        self.documents = documents
        self.notices = notices
        self.receipt = receipt
        self.communities = communities.sorted { $0.community < $1.community }
    }

    /// The names of the communities that hold a document, as the receipt says them.
    func source(of document: Document) -> String {
        ([document.home] + document.alsoHeldBy).map { home in
            communities.first { $0.community == home }?.name ?? home
        }.joined(separator: ", ")
    }

    /// The form of `hie document find --json`.
    var json: JSONValue {
        var object: JSONObject = [
            "documents": .array(
                documents.map { document in
                    var object: JSONObject = [
                        "id": .string(document.id), "title": .string(document.title), "type": .string(document.type),
                        "date": .string(document.date), "home": .string(document.home),
                        "source": .string(source(of: document)), "url": .string(document.url),
                        "contentType": .string(document.mimeType), "status": .string(document.status),
                    ]
                    if !document.alsoHeldBy.isEmpty {
                        object["alsoHeldBy"] = .array(document.alsoHeldBy.map { .string($0) })
                    }
                    object["size"] = document.size.map { .number(String($0)) }
                    return .object(object)
                }),
            "communities": .array(
                communities.map {
                    [
                        "community": .string($0.community), "name": .string($0.name), "answer": .string($0.answer),
                        "sentence": .string($0.sentence),
                    ]
                }), "complete": .bool(isComplete), "notices": .array(notices.map { .string($0) }),
        ]
        object["receipt"] = receipt.map { .string($0) }
        return .object(object)
    }
}

extension FoundRecord.Document {
    private static let homeExtension = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-HomeCommunityId"

    init(_ reference: JSONObject) {
        let attachment = reference["content"]?[0]?["attachment"]
        id = reference["id"]?.string ?? ""
        title = attachment?["title"]?.string ?? ""
        let coding = reference["type"]?["coding"]?[0]
        type = reference["type"]?["text"]?.string ?? coding?["display"]?.string ?? coding?["code"]?.string ?? ""
        date = attachment?["creation"]?.string ?? reference["date"]?.string ?? ""
        alsoHeldBy = (reference["extension"]?.items ?? []).filter {
            $0["url"]?.string?.hasSuffix("/also-held-by") ?? false
        }.compactMap { $0["extension"]?.items.first { $0["url"]?.string == "community" }?["valueOid"]?.string }
        home =
            (reference["extension"]?.items ?? []).first { $0["url"]?.string == Self.homeExtension }
            .map { $0.text("valueOid") } ?? ""
        url = attachment?["url"]?.string ?? ""
        mimeType = attachment?["contentType"]?.string ?? ""
        size = attachment?["size"]?.integer
        status = reference["status"]?.string ?? ""
    }
}

extension FoundRecord.Community {
    /// A receipt's line; nil for an issue that is about no community.
    init?(_ issue: OperationOutcome.Issue) {
        guard
            let oid = issue.extensions.first(where: { $0.url.hasSuffix("/StructureDefinition/community") })?.valueOid,
            let answer = issue.codings.first(where: { $0.system.hasSuffix("/CodeSystem/community-answer") })?.code
        else { return nil }
        community = oid
        self.answer = answer
        // What nobody wanted asked is no gap: the node says of it that it is for information alone.
        isGap = issue.severity != .information
        sentence = issue.details ?? ""
        name = Self.name(in: sentence) ?? oid
    }

    /// The sentence begins with the community's name (`CommunityAnswer.sentence`).
    private static func name(in sentence: String) -> String? {
        for verb in [
            " answered: ", " refused the request", " cannot tell which", " did not answer", " could not be reached",
            " was not asked", " has not answered lately",
        ] {
            var start: String.Index?
            for index in sentence.indices where sentence[index...].hasPrefix(verb) { start = index }
            if let start, start > sentence.startIndex { return String(sentence[..<start]) }
        }
        return nil
    }
}
