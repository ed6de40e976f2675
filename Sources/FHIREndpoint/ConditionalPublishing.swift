import DocumentExchange
import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import Transactions
import XDSMetadata

extension FHIRService {
    /// ITI-105 with `If-None-Exist: identifier=...` (R4, http.html 3.1.0.8.1): 201 when it was published, 200 with what was there,
    /// 412 when several were.
    func publishUnlessFound(_ condition: String, _ request: ProvideRequest, for context: AccessContext, _ exchanged: EdgeRequest)
        async throws(EdgeRefusal) -> Answer
    {
        // A form of the search may begin with a question mark.
        let target = condition.utf8.first == UInt8(ascii: "?") ? condition : "?" + condition
        let search = try exchanged.reading { () throws(ExchangeError) in
            let fields = try RequestTarget("/" + target).fields
            let search = try DocumentSearch(fields, isStrict: true, asked: exchange.world.now(), namesPatient: false)
            guard !search.query.isEverything, search.communities == nil, search.cursor == nil else {
                throw ExchangeError(
                    .badRequest, "If-None-Exist takes a search that means one document, such as identifier=urn:oid:...",
                    at: "If-None-Exist")
            }
            return search
        }
        var named: PatientID?
        if search.patient != nil || search.patientIdentifier != nil {
            named = try await patient(given: search.patientIdentifier, search.patient)
        }
        let (query, patient) = (search.query, named)
        let outcome = try await asking { () throws(ExchangeError) in
            try await exchange.provideUnlessFound(request, matching: query, of: patient, for: context)
        }
        switch outcome {
        case .published(let submission): return try published(submission, exchanged)
        case .several(let ticket):
            ticket?.end()
            throw .preconditionFailed("several documents answer If-None-Exist; name one by its identifier")
        case .found(let row, let ticket):
            var answer: Answer
            switch Negotiation.preferredReturn(exchanged.request.headers) {
            case .minimal: answer = Answer(empty: .ok)
            case .representation: answer = Answer(.ok, json: ByteBuffer(bytes: row.reference))
            case .outcome:
                answer = Answer(.ok, outcome: .init([.init(.information, "informational", details: "it is there already")]))
            }
            answer.tickets = ticket.map { [$0] } ?? []
            let version = Self.version(of: row.reference)
            answer.headers[.location] = "\(base)/DocumentReference/\(row.id)/_history/\(version)"
            answer.headers[.eTag] = "W/\"\(version)\""
            return answer
        }
    }

    /// The version of a rendered resource, as its `meta` says.
    static func version(of rendered: [UInt8]) -> String {
        (try? JSONReader.read(rendered))?["meta"]?["versionId"]?.string ?? "1"
    }
}
