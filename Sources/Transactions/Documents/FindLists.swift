import ConsentEngine
import Crypto
import DocumentExchange
import ExchangeCore
import JSON
import XDSMetadata

/// One list on its way to who asked for it.
package struct FoundList: Sendable {
    /// Its id.
    package let id: String
    /// What kind it is.
    package let kind: ListKind
    /// Its `uniqueId`.
    package let uniqueID: String
    /// The community that holds it.
    package let home: CommunityID
    /// When it was submitted, or the last of the documents shown came.
    package let date: PartialDate
    /// The FHIR `List`, with the documents in it that the asker may see.
    package let resource: JSONObject
    /// These documents, in the order of the list; of another community's lists those that were asked for.
    package let documents: [FoundDocument]

    /// Its version as HTTP's entity tag: a digest of what this asker sees, and so silent about everything else.
    package var versionTag: String {
        EntityTag.weak(Hexadecimal.encode(Array(SHA256.hash(data: JSONWriter.bytes(.object(resource))).prefix(16))))
    }
}

/// Lists of one patient's documents, as one or several communities show them to one requester.
package struct FoundLists: Sendable {
    /// The lists, newest first, then by kind, `uniqueId` and community.
    package let rows: [FoundList]
    /// What each community said.
    package let receipt: CompletenessReceipt
    /// To be ended when the answer has left; nil when nothing about anybody is in it.
    package var ticket: AnswersUnderWay.Ticket?
    /// How to go on; nil where only one node was asked.
    package var search: FoundDocuments.Search?
}

extension Exchange {
    /// ITI-18 FindSubmissionSets and FindFolders, ITI-66 Find Document Lists, at this node.
    ///
    /// Consent is decided for each document, and journaled, as for a search that finds it. A list shows the documents that it
    /// may show; one without any is as if it did not exist, and so is an unknown patient's.
    package func findLists(of patient: PatientID, matching query: ListQuery, for context: AccessContext)
        async throws(ExchangeError) -> FoundLists
    {
        try await admit(context, to: Permissions.findDocuments)
        let started = world.uptime()
        var held = HeldLists()
        let disclosure = try await disclose(for: context, transaction: "ITI-66", records: \.consent.records) {
            let all = try await projection.lists(about: patient)
            held = self.held(all, matching: query, for: context)
            return held.facts(of: all)
        }
        let rows = found(held, showing: disclosure?.documents ?? [], matching: query).sorted(by: FoundList.comesBefore)
        return FoundLists(
            rows: rows, receipt: CompletenessReceipt([ownAnswer(count: rows.count, since: started)], about: .lists),
            ticket: disclosure?.ticket)
    }

    /// The lists of a snapshot that answer a query.
    func held(_ all: ListFacts, matching query: ListQuery, for context: AccessContext) -> HeldLists {
        HeldLists(lists: candidates(all, query, context), every: all.lists)
    }

    /// Those of them that show something to who may see these documents.
    func found(_ held: HeldLists, showing documents: [RegisteredDocument], matching query: ListQuery) -> [FoundList] {
        held.shown(documents).filter { $0.list.matchesDate(query, showing: $0.documents) }
            .compactMap { $0.found(home: settings.community) }
    }

    /// ITI-66 by id (FHIR read): one list held by this node. Unknown and hidden are the same `.notFound`.
    package func readList(_ id: String, for context: AccessContext) async throws(ExchangeError)
        -> (list: FoundList, ticket: AnswersUnderWay.Ticket)
    {
        try await admit(context, to: Permissions.findDocuments)
        let hidden = ExchangeError(.notFound, "there is no such list here")
        var query = ListQuery()
        query.ids = [id]
        var held = HeldLists()
        let disclosure = try await disclose(for: context, transaction: "ITI-66", records: { _ in held.lists.map(\.patient) }) {
            guard let all = try await projection.lists(aboutList: id) else { return nil }
            held = HeldLists(lists: all.lists.filter { $0.matches(query) }, every: all.lists)
            return held.facts(of: all)
        }
        guard let disclosure else { throw hidden }
        guard let found = held.shown(disclosure.documents).first?.found(home: settings.community) else {
            disclosure.ticket.end()
            throw hidden
        }
        return (found, disclosure.ticket)
    }

    /// The lists that answer a query. The date of a folder is that of what the requester may see in it, so that is decided
    /// first where it is asked for.
    private func candidates(_ all: ListFacts, _ query: ListQuery, _ context: AccessContext) -> [RegisteredList] {
        let matching = all.lists.filter { $0.matches(query) }
        guard !query.date.isEmpty else { return matching }
        let permitted = matching.contains { $0.kind == .folder }
            ? Set(decide(all.facts, for: context, now: world.now()).filter(\.1.isPermitted).map(\.0.facts.id)) : []
        return matching.filter { $0.matchesDate(query, showing: permitted) }
    }
}

extension FoundList {
    /// The order of lists: newest first, ties by kind, `uniqueId` and community.
    ///
    /// What decides is what the asker sees, and what sources said: an id of a node's could tell when a folder was made, which may be
    /// before anything in it that is shown.
    static func comesBefore(_ one: Self, _ other: Self) -> Bool {
        guard one.date.start == other.date.start else { return one.date.start > other.date.start }
        return (one.kind.rawValue, one.uniqueID, one.home) < (other.kind.rawValue, other.uniqueID, other.home)
    }
}

/// The lists of one snapshot that answer a query.
struct HeldLists {
    var lists: [RegisteredList] = []
    /// All lists of the snapshot.
    var every: [RegisteredList] = []

    /// The facts of the documents that are in any of them.
    func facts(of all: ListFacts) -> PatientFacts {
        let members = Set(lists.flatMap(\.members).map(\.document))
        return all.facts.with(all.facts.documents.filter { members.contains($0.facts.id) }, at: all.facts.position)
    }

    /// Those that show something, with what they show.
    ///
    /// A submission set names the folders that a document shown came into with it, and no others.
    fileprivate func shown(_ documents: [RegisteredDocument]) -> [ShownList] {
        let known = Dictionary(documents.map { ($0.facts.id, $0) }) { first, _ in first }
        var folders: [FolderID: Set<DocumentID>] = [:]
        for list in every {
            if case .folder(let folder) = list.content { folders[folder.id] = Set(list.members.map(\.document)) }
        }
        return lists.compactMap { list in
            let documents = list.members.compactMap { known[$0.document] }
            guard !documents.isEmpty else { return nil }
            guard case .submissionSet(let set) = list.content else {
                return ShownList(list: list, registered: documents, folders: [])
            }
            let named = set.folders.filter { !(folders[$0] ?? []).isDisjoint(with: documents.map(\.facts.id)) }
            return ShownList(list: list, registered: documents, folders: Set(named))
        }
    }
}

/// A list with those of its documents that are to be shown, at least one.
private struct ShownList {
    let list: RegisteredList
    let registered: [RegisteredDocument]
    let folders: Set<FolderID>

    var documents: Set<DocumentID> { Set(registered.map(\.facts.id)) }

    func found(home: CommunityID) -> FoundList? {
        let documents = documents
        guard let date = list.date(showing: documents) else { return nil }
        return FoundList(
            id: list.id, kind: list.kind, uniqueID: list.uniqueID, home: home, date: date,
            resource: DocumentListMapping.json(list, showing: documents, folders: folders, home: home),
            documents: registered.map { FoundDocument(registered: $0.registered, id: $0.facts.id, reference: $0.reference) })
    }
}
