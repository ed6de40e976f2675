import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Transactions
import XDSMetadata

/// What a peer's answers mean; anything that breaks the protocol, or speaks of another community or patient, voids it.
enum PeerAnswer {
    /// The error of a status other than 200; redirects are not followed, ever (T23).
    static func check(_ status: Int) throws(ExchangeError) {
        switch status {
        case 200: return
        case 401, 403: throw ExchangeError(.forbidden, "the peer refused the request")
        case 404, 410: throw ExchangeError(.notFound, "the peer shows no such thing")
        case 408, 504: throw ExchangeError(.timeout, "the peer ran out of time")
        case 413: throw ExchangeError(.tooLarge, "the question is too large for the peer")
        case 300..<400: throw ExchangeError(.badRequest, "the peer redirects, which is never followed")
        case 400..<500: throw ExchangeError(.badRequest, "the peer does not understand the question")
        default: throw ExchangeError(.unavailable, "the peer cannot answer now")
        }
    }

    /// The searchset of an answer; by its own account JSON, whatever its bytes look like.
    static func bundle(_ response: ClientResponse, limits: ExchangeLimits) throws(ExchangeError) -> JSONObject {
        let type = response.header("Content-Type").map(mediaType)
        guard let type, type == "application/fhir+json" || type == "application/json" else {
            throw ExchangeError(.badRequest, "the peer's answer is not FHIR JSON by its content type")
        }
        guard let value = try? JSONReader.read(response.body, limits: JSONLimits(depthMax: limits.nestingMax)),
            case .object(let bundle) = value, bundle["resourceType"]?.string == "Bundle",
            bundle["type"]?.string == "searchset"
        else { throw ExchangeError(.badRequest, "the peer's answer is no searchset") }
        return bundle
    }

    /// A media type without its parameters, in lower case.
    static func mediaType(_ text: String) -> String {
        let bare = text.utf8.prefix { $0 != UInt8(ascii: ";") }
        return (String(bare) ?? "").lowercased().filter { $0 != " " && $0 != "\t" }
    }

    /// ITI-119 with `onlyCertainMatches`: nobody, one patient, or a word that more is needed.
    static func match(_ bundle: JSONObject) throws(ExchangeError) -> PeerMatch {
        var patients: [String] = []
        var needs: [String]?
        for entry in Bundle.entries(bundle) {
            guard let resource = entry.resource else { continue }
            switch resource["resourceType"]?.string {
            case "Patient":
                guard let id = resource["id"]?.string, isID(id) else {
                    throw ExchangeError(.badRequest, "the peer's match has no id")
                }
                let grade = entry.search?.grade
                if grade == nil || grade == "certain" { patients.append(id) }
            case "OperationOutcome":
                for issue in OperationOutcome(json: resource).issues where issue.code == "multiple-matches" {
                    needs = (needs ?? []) + issue.expression.prefix(16).map(attribute)
                }
            default: continue
            }
        }
        if let needs { return .ambiguous(needs: needs) }
        // Several, though only certain ones were asked for: whose documents to show would be a guess.
        if patients.count > 1 { return .ambiguous(needs: []) }
        return patients.first.map { .one(patient: $0) } ?? .none
    }

    /// ITI-67: the entries of a page; each of the patient asked for, at the community asked (T9, T10), and none that was
    /// in `seen` already, which takes them in.
    static func documents(_ bundle: JSONObject, of patient: String, at peer: PeerNode, seen: inout Set<DocumentID>)
        throws(ExchangeError) -> [DocumentEntry]
    {
        var found: [DocumentEntry] = []
        for entry in Bundle.entries(bundle) {
            guard let resource = entry.resource, resource["resourceType"]?.string == "DocumentReference",
                var document = try ForeignReferenceMapping.entry(resource, of: patient, at: peer.community)
            else { continue }
            document.entry.location = try PeerPlace.ofDocument(
                document.url, id: document.id, bases: [peer.fhirBase] + peer.alternates)
            guard seen.insert(document.entry.id).inserted else {
                throw ExchangeError(.badRequest, "the peer names one document several times in one answer")
            }
            found.append(document.entry)
        }
        return found
    }

    /// ITI-66: the lists of a page; each of the patient asked for, at the community asked, and none that was in `seen` already,
    /// which takes their ids in.
    static func lists(_ bundle: JSONObject, of patient: String, at peer: PeerNode, seen: inout Set<String>)
        throws(ExchangeError) -> [RegisteredList]
    {
        var found: [RegisteredList] = []
        for entry in Bundle.entries(bundle) {
            guard let resource = entry.resource, resource["resourceType"]?.string == "List",
                let list = try ForeignListMapping.list(resource, of: patient, at: peer.community)
            else { continue }
            guard seen.insert(list.id).inserted else {
                throw ExchangeError(.badRequest, "the peer names one list several times in one answer")
            }
            found.append(list)
        }
        return found
    }

    /// Whether a peer says of its own answer that something is missing: an issue that is more than information (ihe.md 9.2).
    ///
    /// What it withholds by consent is no gap, and `suppressed` not a word that says more than that.
    static func admitsGaps(_ bundle: JSONObject) -> Bool {
        let gaps: Set<String> = ["incomplete", "timeout", "transient", "exception", "throttled", "too-costly", "no-store"]
        return Bundle.entries(bundle).contains { entry in
            guard let resource = entry.resource, resource["resourceType"]?.string == "OperationOutcome" else { return false }
            return OperationOutcome(json: resource).issues.contains {
                $0.severity != .information && gaps.contains($0.code)
            }
        }
    }

    /// How the next page of an answer is asked for.
    enum Page: Hashable {
        /// The same form again, with this `_page`: of the link nothing else is taken, no address.
        case token(String)
        /// A path and query below the peer's own base.
        case place(String)
    }

    /// Where the next page is; nil when this one is the last.
    static func nextPage(_ bundle: JSONObject, base: String) throws(ExchangeError) -> Page? {
        guard let link = Bundle.link("next", of: bundle) else { return nil }
        let bytes = Array(link.utf8)
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { throw unreadable }
        for field in bytes[(mark + 1)...].split(separator: UInt8(ascii: "&")) where field.starts(with: "_page=".utf8) {
            let value = field.dropFirst(6)
            let isPlain = value.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            }
            guard (1...256).contains(value.count), isPlain else { throw unreadable }
            return .token(String(decoding: value, as: UTF8.self))
        }
        guard let place = PeerPlace.below(base, link) else { throw unreadable }
        return .place(place)
    }

    private static var unreadable: ExchangeError {
        ExchangeError(.badRequest, "the peer's answer has more pages, and its link to them cannot be followed")
    }

    /// `Patient.birthDate` as `birthDate`; nothing but letters and dots, since people read it.
    private static func attribute(_ expression: String) -> String {
        let bare = expression.utf8.starts(with: "Patient.".utf8) ? expression.dropFirst(8) : expression[...]
        return String(bare.prefix(32).filter { $0.isASCII && ($0.isLetter || $0 == ".") })
    }

    private static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == 0x2D || byte == 0x2E
            }
    }
}
