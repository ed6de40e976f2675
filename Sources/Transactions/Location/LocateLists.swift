import DocumentExchange
import ExchangeCore
import JSON
import XDSMetadata

extension Exchange {
    /// ITI-66 across communities: this node's submission sets and folders and those every other community shows.
    ///
    /// Asked as documents are (`locate`), and decided where they are held: of each document by the consent there. What a peer
    /// asks is answered by this node alone.
    /// - Parameter withDocuments: whether the documents in the lists are wanted as well (`_include=List:item`).
    package func locateLists(
        of patient: PatientID, matching query: ListQuery, withDocuments: Bool = false, _ locating: Locating = Locating(),
        for context: AccessContext,
    ) async throws(ExchangeError) -> FoundLists {
        try Permissions.findDocuments.demand(context)
        guard context.door != .peer else { return try await findLists(of: patient, matching: query, for: context) }
        let started = world.uptime()
        var held = HeldLists()
        let asked = RecordSearch.Asked.lists(query, withDocuments: withDocuments)
        let located = try await locate(asked, of: patient, locating, transaction: "ITI-66", for: context) {
            let all = try await projection.lists(about: patient)
            held = self.held(all, matching: query, for: context)
            return held.facts(of: all)
        }
        guard let located else {
            return FoundLists(rows: [], receipt: CompletenessReceipt([ownAnswer(count: 0, since: started)], about: .lists))
        }
        let own = found(held, showing: located.disclosure.documents, matching: query)
        let others = located.answers.flatMap { answer in
            answer.lists.compactMap { list in
                FoundList(
                    list, with: answer.documents, home: answer.line.community, base: settings.clientBase, patient: patient)
            }
        }
        let rows = (own + others).sorted(by: FoundList.comesBefore)
        return FoundLists(
            rows: rows,
            receipt: try receipt(
                of: located, own: own.count, over: rows.map { JSONWriter.bytes(.object($0.resource)) }, .lists, for: context),
            ticket: located.disclosure.ticket, search: located.going)
    }
}

extension FoundList {
    /// Another community's list as this node shows it: about its own patient, and documents fetched through it. Nil for a folder
    /// without documents, which has no date.
    fileprivate init?(
        _ list: RegisteredList, with documents: [DocumentEntry], home: CommunityID, base: String, patient: PatientID,
    ) {
        let members = Set(list.members.map(\.document))
        guard let date = list.date(showing: members) else { return nil }
        var folders: Set<FolderID> = []
        if case .submissionSet(let set) = list.content { folders = Set(set.folders) }
        var resource = DocumentListMapping.json(list, showing: members, folders: folders, home: home)
        resource["subject"] = ["reference": .string("Patient/\(patient)")]
        self.init(
            id: list.id, kind: list.kind, uniqueID: list.uniqueID, home: home, date: date, resource: resource,
            documents: documents.filter { members.contains($0.id) }.map { entry in
                FoundDocument(
                    registered: entry.registered, id: entry.id,
                    reference: JSONWriter.bytes(.object(MergedRecord.reference(entry, base: base, patient: patient))))
            })
    }
}
