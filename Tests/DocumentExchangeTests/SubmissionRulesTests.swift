import DocumentExchange
import ExchangeCore
import Testing
import XDSMetadata

struct SubmissionRulesTests {
    private static let patient = Entries.patient()

    private static func document(_ number: UInt64, _ text: String = "one", relations: [DocumentRelation] = [])
        -> SubmittedDocument
    {
        var random = Seeded(seed: number)
        let bytes = Array(text.utf8)
        var draft = DocumentDraft(mimeType: "text/plain")
        draft.relations = []
        var entry = draft.entry(
            id: .ordered(at: Entries.now, using: &random), uniqueID: "urn:oid:1.2.\(number)", patient: patient,
            home: Entries.home, bytes: bytes, registered: Entries.now)
        entry.relations = relations
        return SubmittedDocument(entry: entry, bytes: bytes)
    }

    private static func submission(
        _ documents: [SubmittedDocument], superseded: [DocumentID] = [], of owner: PatientID = patient
    )
        -> Submission
    {
        var random = Seeded(seed: 77)
        return Submission(
            set: SubmissionSet(
                id: .ordered(at: Entries.now, using: &random), uniqueID: "urn:oid:1.9", patient: owner,
                submissionTime: PartialDate(Entries.now), documents: documents.map(\.entry.id)),
            documents: documents, superseded: superseded)
    }

    private static func word(_ submission: Submission, _ facts: RegistryFacts = RegistryFacts()) -> String? {
        do {
            try SubmissionRules.check(submission, against: facts)
            return nil
        } catch {
            return error.message.split(separator: ":").first.map(String.init)
        }
    }

    @Test func `a sound submission passes, also with bytes that are known already`() {
        let document = Self.document(1)
        #expect(Self.word(Self.submission([document])) == nil)
        let again = RegistryFacts(sameUniqueID: [document.entry])
        #expect(Self.word(Self.submission([document]), again) == nil)
    }

    @Test func `each rule has its word`() {
        let known = Self.document(1, "two").entry
        let longer = Self.document(1, "three").entry
        let same = Self.submission([Self.document(1)])
        #expect(Self.word(same, RegistryFacts(sameUniqueID: [known])) == "XDSNonIdenticalHash")
        #expect(Self.word(same, RegistryFacts(sameUniqueID: [longer])) == "XDSNonIdenticalSize")
        #expect(Self.word(same, RegistryFacts(isSetKnown: true)) == "XDSDuplicateUniqueIdInRegistry")
        #expect(Self.word(Self.submission([])) == "XDSMissingDocument")
        let twice = Self.submission([Self.document(1), Self.document(1)])
        #expect(Self.word(twice) == "XDSRegistryDuplicateUniqueIdInMessage")
        let foreign = Self.submission([Self.document(1)], of: Entries.patient(2))
        #expect(Self.word(foreign) == "XDSPatientIdDoesNotMatch")
        var backwards = Self.document(1).entry
        (backwards.serviceStart, backwards.serviceStop) = (PartialDate("2026-03-02"), PartialDate("2026-03-01"))
        let period = Self.submission([SubmittedDocument(entry: backwards, bytes: Array("one".utf8))])
        #expect(Self.word(period) == "XDSRegistryMetadataError")
        let short = Self.submission([SubmittedDocument(entry: Self.document(1).entry, bytes: [])])
        #expect(Self.word(short) == "XDSRepositoryMetadataError")
    }

    @Test func `what is replaced must be here, current and of the same patient`() {
        var target = Self.document(5, "old").entry
        let replacing = Self.submission(
            [Self.document(1, relations: [DocumentRelation(.replaces, target.id)])], superseded: [target.id])
        #expect(Self.word(replacing) == "UnresolvedReferenceException")
        #expect(Self.word(replacing, RegistryFacts(targets: [target])) == nil)
        target.status = .superseded
        #expect(Self.word(replacing, RegistryFacts(targets: [target])) == "XDSRegistryDeprecatedDocumentError")
        let foreign = Entries.any(5, patient: Entries.patient(9))
        let other = Self.submission([Self.document(1, relations: [DocumentRelation(.appends, foreign.id)])])
        #expect(Self.word(other, RegistryFacts(targets: [foreign])) == "UnresolvedReferenceException")
        let signing = Self.submission([Self.document(1, relations: [DocumentRelation(.signs, target.id)])])
        #expect(Self.word(signing, RegistryFacts(targets: [target])) == nil)
    }

    @Test func `a replacement takes along what transforms or appends to the replaced`() {
        let target = Self.document(5, "old").entry
        let replacing = Self.submission(
            [Self.document(1, relations: [DocumentRelation(.replaces, target.id)])], superseded: [target.id])
        let child = Self.document(6, relations: [DocumentRelation(.appends, target.id)]).entry
        let signature = Self.document(7, relations: [DocumentRelation(.signs, target.id)]).entry
        let facts = RegistryFacts(targets: [target], dependents: [child, signature])
        #expect(SubmissionRules.superseded(by: replacing, facts) == [target.id, child.id])
    }
}
