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
        var isGap: Bool { !["answered", "none", "skipped"].contains(answer) }
    }

    let documents: [Document]
    let communities: [Community]
    /// What the node says of every list: of parameters, or that records may be withheld.
    let notices: [String]

    /// Whether every community answered.
    var isComplete: Bool { !communities.contains(where: \.isGap) }

    /// Reads the pages of one search; the receipt is the same on each, and the first one counts.
    init(_ pages: [JSONObject]) {
        var documents: [Document] = []
        var communities: [Community] = []
        var notices: [String] = []
        for entry in pages.flatMap({ $0["entry"]?.items ?? [] }) {
            guard let resource = entry["resource"]?.object else { continue }
            switch resource["resourceType"]?.string {
            case "DocumentReference": documents.append(Document(resource))
            case "OperationOutcome" where communities.isEmpty:
                let issues = OperationOutcome(json: resource).issues
                communities = issues.compactMap(Community.init)
                notices = issues.filter { Community($0) == nil }.compactMap(\.details)
            default: break
            }
        }
        self.documents = documents
        self.notices = notices
        self.communities = communities.sorted { $0.community < $1.community }
    }

    /// The name of the community that holds a document, as the receipt says it.
    func source(of document: Document) -> String {
        communities.first { $0.community == document.home }?.name ?? document.home
    }

    /// The form of `hie document find --json`.
    var json: JSONValue {
        [
            "documents": .array(
                documents.map { document in
                    var object: JSONObject = [
                        "id": .string(document.id), "title": .string(document.title), "type": .string(document.type),
                        "date": .string(document.date), "home": .string(document.home),
                        "source": .string(source(of: document)), "url": .string(document.url),
                        "contentType": .string(document.mimeType), "status": .string(document.status),
                    ]
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
        guard let tag = issue.extensions.first(where: { $0.url.hasSuffix("/StructureDefinition/community") }),
            let answer = issue.codings.first(where: { $0.system.hasSuffix("/CodeSystem/community-answer") })?.code
        else { return nil }
        community = tag.valueOid
        self.answer = answer
        sentence = issue.details ?? ""
        name = Self.name(in: sentence) ?? tag.valueOid
    }

    /// The sentence begins with the community's name (`CommunityAnswer.sentence`).
    private static func name(in sentence: String) -> String? {
        for verb in [
            " answered: ", " refused the request", " cannot tell which", " did not answer", " could not be reached",
            " was not asked",
        ] {
            var start: String.Index?
            for index in sentence.indices where sentence[index...].hasPrefix(verb) { start = index }
            if let start, start > sentence.startIndex { return String(sentence[..<start]) }
        }
        return nil
    }
}
