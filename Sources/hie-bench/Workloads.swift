import ExchangeCore
import PeerTransport
import Synchronization

/// ITI-65: one new document of a random patient in each Bundle.
final class PublishWork: Workload {
    private let node: BenchNode
    private let patients: [String]
    private let document: BenchDocument
    private let counter = Atomic<Int>(0)

    /// Publishing for these patients.
    init(node: BenchNode, patients: [String], document: BenchDocument) {
        self.node = node
        self.patients = patients
        self.document = document
    }

    func next(_ chance: inout Chance) -> (patient: String, number: Int) {
        let patient = patients[Int.random(in: patients.indices, using: &chance)]
        return (patient, counter.add(1, ordering: .relaxed).newValue)
    }

    func request(_ item: (patient: String, number: Int)) -> ClientRequest {
        node.request(
            .post, "", type: "application/fhir+json",
            body: document.bundle(of: item.patient, first: item.number, count: 1))
    }

    func fault(_ answer: ClientResponse, to item: (patient: String, number: Int)) -> String? {
        answer.body.has("transaction-response") ? nil : "no transaction-response"
    }
}

/// ITI-65 with many documents in each Bundle: fills a node.
final class FillWork: Workload {
    /// A patient's documents as they were filled in.
    struct Filled: Sendable {
        /// The document's id at the node.
        let id: String
        /// The document's number.
        let number: Int
    }

    private let node: BenchNode
    private let document: BenchDocument
    private let count: Int
    private let kept = Mutex<[Filled]>([])

    /// Filling with so many documents a Bundle.
    init(node: BenchNode, document: BenchDocument, count: Int) {
        self.node = node
        self.document = document
        self.count = count
    }

    /// What was published.
    var filled: [Filled] { kept.withLock { $0 } }

    func next(_ chance: inout Chance) -> (patient: String, number: Int) { ("", 0) }

    func request(_ item: (patient: String, number: Int)) -> ClientRequest {
        node.request(
            .post, "", type: "application/fhir+json",
            body: document.bundle(of: item.patient, first: item.number, count: count))
    }

    func fault(_ answer: ClientResponse, to item: (patient: String, number: Int)) -> String? {
        var ids: [String] = []
        for part in String(decoding: answer.body, as: UTF8.self).split(separator: "Binary/").dropFirst() {
            if let id = part.split(separator: "/").first { ids.append(String(id)) }
        }
        guard ids.count == count else { return "\(ids.count) documents acknowledged of \(count)" }
        kept.withLock { kept in
            for (index, id) in ids.enumerated() { kept.append(Filled(id: id, number: item.number + index)) }
        }
        return nil
    }
}

/// ITI-67: every document of a random patient.
struct FindWork: Workload {
    let node: BenchNode
    let patients: [String]
    /// Entries each answer must have.
    let entries: Int

    func next(_ chance: inout Chance) -> String { patients[Int.random(in: patients.indices, using: &chance)] }

    func request(_ patient: String) -> ClientRequest {
        node.request(.get, "/DocumentReference?patient=Patient/\(patient)&status=current")
    }

    func fault(_ answer: ClientResponse, to patient: String) -> String? {
        let found = answer.body.count(of: #""search":{"mode":"match"}"#)
        return found == entries ? nil : "\(found) entries instead of \(entries)"
    }
}

/// ITI-68: a random document, checked byte for byte.
struct RetrieveWork: Workload {
    let node: BenchNode
    let documents: [FillWork.Filled]
    let document: BenchDocument

    func next(_ chance: inout Chance) -> FillWork.Filled {
        documents[Int.random(in: documents.indices, using: &chance)]
    }

    func request(_ item: FillWork.Filled) -> ClientRequest {
        var request = node.request(.get, "/Binary/\(item.id)")
        request.headers = request.headers.map { $0.name == "Accept" ? ("Accept", "*/*") : $0 }
        return request
    }

    func fault(_ answer: ClientResponse, to item: FillWork.Filled) -> String? {
        document.isContent(answer.body, of: item.number) ? nil : "not the bytes that were published"
    }
}

extension [UInt8] {
    /// Whether a text stands in it.
    func has(_ text: String) -> Bool { count(of: text) > 0 }

    /// How often a text stands in it (Horspool: most bytes are never looked at).
    func count(of text: String) -> Int {
        let wanted = Array(text.utf8)
        guard let last = wanted.last, wanted.count > 1 else { return 0 }
        var shift = [Int](repeating: wanted.count, count: 256)
        for (index, byte) in wanted.dropLast().enumerated() { shift[Int(byte)] = wanted.count - 1 - index }
        var found = 0
        var end = wanted.count - 1
        while end < count {
            let byte = self[end]
            if byte == last, self[(end - wanted.count + 1)...end].elementsEqual(wanted) {
                found += 1
                end += wanted.count
            } else {
                end += shift[Int(byte)]
            }
        }
        return found
    }
}
