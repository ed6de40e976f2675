import ConsentEngine
import ExchangeCore
import HTTPTypes
import XDSMetadata

/// What somebody who asks could know or guess: everything there is, hidden or not.
struct AskingGround: Sendable {
    /// The communities of the region.
    let communities: [CommunityID]
    /// The people's records, by node and person.
    let patients: [[PatientID?]]
    /// Every document there is, hidden ones included.
    let documents: [DocumentEntry]
}

/// Requests of every kind a door knows, and of some it does not.
struct RandomAsking {
    let ground: AskingGround
    /// Directives that somebody in another role may ask for; nil asks for none.
    var directives: [DirectiveID]?
    let requester: Requester
    var chance: Chance

    /// The next request.
    mutating func next() -> Asking {
        let home = ground.communities.firstIndex(of: requester.community) ?? 0
        let node = chance.oneIn(2) ? home : chance.number(0...(ground.communities.count - 1))
        var asking = Asking(
            node: node, door: node == home ? .client : .peer, requester: requester, path: "/fhir/metadata")
        switch chance.number(0...(directives == nil ? 19 : 22)) {
        case 0...9: search(&asking)
        case 10...13: retrieve(&asking)
        case 14, 15: patient(&asking)
        case 16, 17: match(&asking)
        case 20...22: consent(&asking)
        default: nonsense(&asking)
        }
        if chance.oneIn(12) { asking.headers[.accept] = chance.one(of: ["text/html", "*/*", "text/plain"]) }
        if chance.oneIn(3), let name = HTTPField.Name("X-Request-Id") {
            asking.headers[name] = "0af7651916cd43dd8448eb211c80319c"
        }
        return asking
    }

    private mutating func search(_ asking: inout Asking) {
        var fields = [whom(asking.node)]
        for _ in 0..<chance.number(0...3) { fields.append(criterion()) }
        if chance.oneIn(2) { fields.append("_count=\(chance.number(0...3))") }
        if chance.oneIn(4) { fields.append("_sort=" + chance.one(of: ["date", "-date", "title"], or: "date")) }
        if chance.oneIn(6) { fields.append("_summary=" + chance.one(of: ["count", "true", "no"], or: "count")) }
        if chance.oneIn(8) { fields.append("_total=accurate") }
        if chance.oneIn(8) { fields.append("_page=" + page()) }
        if chance.oneIn(10) { fields.append(malformed()) }
        if chance.oneIn(8), let name = HTTPField.Name("Prefer") { asking.headers[name] = "handling=strict" }
        let text = fields.joined(separator: "&")
        guard chance.oneIn(4) else {
            asking.path = "/fhir/DocumentReference?" + text
            return
        }
        asking.method = .post
        asking.path = "/fhir/DocumentReference/_search"
        asking.headers[.contentType] = "application/x-www-form-urlencoded"
        asking.body = Array(text.utf8)
    }

    private mutating func whom(_ node: Int) -> String {
        let person = chance.oneIn(4) ? chance.number(0...2) : 0
        switch chance.number(0...11) {
        case 0: return "patient=0190aaaa-0000-4000-8000-000000000001"
        case 1: return "patient.identifier=" + Self.encoded("urn:oid:1.2.3|none")
        case 2: return "status=current"
        case 3...6:
            guard let identifier = Region.identifier(of: person, at: node) else { return "patient=x" }
            return "patient.identifier=" + Self.encoded("\(identifier.system)|\(identifier.value)")
        default:
            guard let patient = ground.patients[node][person] else { return "patient=unknown" }
            return chance.oneIn(2) ? "patient=\(patient)" : "patient=Patient/\(patient)"
        }
    }

    private mutating func criterion() -> String {
        let document = chance.one(of: ground.documents)
        switch chance.number(0...17) {
        case 0: return "status=" + chance.one(of: ["current", "superseded", "current,superseded"], or: "current")
        case 1: return "category=" + code(document?.classCode, SmallWorld.classes)
        case 2: return "type=" + code(document?.typeCode, SmallWorld.types)
        case 3: return "format=" + code(document?.formatCode, SmallWorld.formats)
        case 4: return "facility=" + code(document?.facilityType, SmallWorld.facilities)
        case 5: return "setting=" + code(document?.practiceSetting, SmallWorld.settings)
        case 6: return "event=" + code(document?.eventCodes.first, SmallWorld.events)
        case 7: return "security-label=" + code(document?.securityCodes.last, SmallWorld.sensitivities)
        case 8: return "identifier=" + Self.encoded("urn:ietf:rfc:3986|" + (document?.uniqueID ?? "urn:oid:1.2"))
        case 9: return "identifier=" + Self.encoded(document.map { "urn:uuid:\($0.id)" } ?? "urn:oid:1.2")
        case 10: return "_id=" + (document.map { $0.id.description } ?? "7")
        case 11: return "author.family=" + chance.one(of: ["Brat", "Oka", "str", "van"], or: "Brat")
        case 12: return "author.given=Ad"
        case 13: return "creation=" + date(document?.creationTime)
        case 14: return "date=" + chance.one(of: ["ge", "lt", "", "le"], or: "ge") + "2026-03-02"
        case 15: return "period=" + date(document?.serviceStart)
        case 16: return "related=DocumentReference/" + (document.map { $0.id.description } ?? "7")
        default:
            return "targetCommunityIdList="
                + chance.some(of: ground.communities.map(\.urn) + ["urn:oid:1.2.3"], atMost: 2).joined(separator: ",")
        }
    }

    private mutating func code(_ own: CodedValue?, _ pool: [CodedValue]) -> String {
        guard let code = chance.oneIn(3) ? chance.one(of: pool) : own ?? chance.one(of: pool) else { return "none" }
        return chance.oneIn(2) ? Self.encoded("\(code.system)|\(code.code)") : Self.encoded(code.code)
    }

    private mutating func date(_ own: PartialDate?) -> String {
        chance.one(of: ["", "ge", "lt", "gt", "le"], or: "")
            + Self.encoded(own?.text ?? chance.one(of: SmallWorld.days, or: "2026"))
    }

    /// A page that nobody was given, perhaps behind a document that nobody may see.
    private mutating func page() -> String {
        guard let document = chance.one(of: ground.documents), !chance.oneIn(4) else { return "bm9uc2Vuc2U" }
        return Base64.encode(Array("\(chance.number(0...4)) \(document.id)".utf8), .url)
    }

    private mutating func malformed() -> String {
        chance.one(
            of: ["colour=red", "type=%ZZ", "type=", "status:not=current", "creation=yesterday", "patient=a&patient=b", "%"],
            or: "colour=red")
    }

    private mutating func retrieve(_ asking: inout Asking) {
        guard let document = chance.one(of: ground.documents) else { return }
        let id = chance.oneIn(6) ? "0190aaaa-0000-7000-8000-000000000001" : document.id.description
        asking.path = "/fhir/Binary/\(chance.oneIn(15) ? "nonsense" : id)"
        if chance.oneIn(6) { asking.method = .head }
        if chance.oneIn(6) { asking.headers[.ifNoneMatch] = "\"\(Hexadecimal.encode(document.sha256))\"" }
        if chance.oneIn(5) { asking.headers[.accept] = "application/fhir+json" }
        guard document.home != ground.communities[asking.node], !chance.oneIn(3) else {
            if let holder = ground.communities.firstIndex(of: document.home), chance.oneIn(3) {
                asking.node = holder
                asking.door = document.home == asking.requester.community ? .client : .peer
            }
            return
        }
        let patient = ground.patients[asking.node].compactMap { $0 }.first
        asking.path += "?home=\(document.home.urn)" + (patient.map { "&patient=\($0)" } ?? "")
    }

    private mutating func patient(_ asking: inout Asking) {
        let person = chance.number(0...2)
        if let patient = ground.patients[asking.node][person], chance.oneIn(2) {
            asking.path = chance.oneIn(2) ? "/fhir/Patient/\(patient)" : "/fhir/Patient?_id=\(patient)"
        } else if let identifier = Region.identifier(of: person, at: asking.node) {
            asking.path = "/fhir/Patient?identifier=" + Self.encoded("\(identifier.system)|\(identifier.value)")
        }
    }

    private mutating func match(_ asking: inout Asking) {
        asking.method = .post
        asking.path = "/fhir/Patient/$match"
        asking.headers[.contentType] = "application/fhir+json"
        let person = Region.demographics(chance.number(0...2))
        let name = person.names.first
        let birth = chance.oneIn(3) ? "" : #","birthDate":"\#(person.birthDate?.text ?? "")""#
        let patient =
            #"{"resourceType":"Patient","name":[{"family":"\#(name?.family ?? "")","given":["\#(name?.given.first ?? "")"]}],"#
            + #""gender":"female"\#(birth)\#(chance.oneIn(3) ? "" : Self.home(of: person))}"#
        let certain = chance.oneIn(2) ? "true" : "false"
        asking.body = Array(
            #"{"resourceType":"Parameters","parameter":[{"name":"resource","resource":\#(patient)},"#.utf8)
            + Array(#"{"name":"onlyCertainMatches","valueBoolean":\#(certain)}]}"#.utf8)
    }

    /// Address and telephone, without which another community says too little to be answered.
    static func home(of person: Demographics) -> String {
        let address = person.addresses.first
        return #","telecom":[{"system":"phone","value":"\#(person.phones.first ?? "")"}],"address":[{"line":["\#(address?.lines.first ?? "")"],"#
            + #""city":"\#(address?.city ?? "")","state":"VT","postalCode":"\#(address?.postalCode ?? "")"}]"#
    }

    /// ITI-108 in a role that may and in one that may not, and a draft at the peer door, which treats nobody's question.
    private mutating func consent(_ asking: inout Asking) {
        if !chance.oneIn(4) {
            let own = asking.requester
            asking.requester = Requester(
                user: own.user, role: "consent-officer", organization: own.organization, community: own.community,
                purpose: own.purpose)
        }
        let id = chance.one(of: directives ?? []).map(\.description) ?? "0190aaaa-0000-7000-8000-000000000001"
        switch chance.number(0...6) {
        case 0: asking.path = "/fhir/Consent/\(id)"
        case 1: asking.path = "/fhir/Consent/\(id)/_history"
        case 2: asking.path = "/fhir/Consent/\(id)/_history/\(chance.number(0...2))"
        case 3, 4: asking.path = "/fhir/Consent?\(whom(asking.node))&status=active,inactive"
        case 5:
            asking.method = .post
            asking.path = "/fhir/Consent/_search"
            asking.headers[.contentType] = "application/x-www-form-urlencoded"
            asking.body = Array("\(whom(asking.node))&_count=\(chance.number(0...2))".utf8)
        default:
            asking.method = .post
            asking.path = "/consent-statements/preview"
            asking.headers[.contentType] = "application/json"
            asking.body = Array(#"{"consent":{},"subject":{},"askers":[]}"#.utf8)
        }
    }

    private mutating func nonsense(_ asking: inout Asking) {
        let document = chance.one(of: ground.documents).map { $0.id.description } ?? "7"
        asking.path = chance.one(
            of: [
                "/fhir/DocumentReference/\(document)", "/fhir/DocumentReference/\(document)/_history/1",
                "/fhir/DocumentReference/\(document)/_history", "/fhir/DocumentReference/$docref",
                "/fhir/Binary", "/fhir/List", "/fhir/metadata", "/fhir/AuditEvent?entity=\(document)", "/nothing", "/fhir/Binary/%00",
                "/fhir/DocumentReference?patient=7&_include=DocumentReference:relatesto",
            ], or: "/fhir")
        if chance.oneIn(4) { asking.method = chance.one(of: [.delete, .put, .post, .head], or: .delete) }
    }

    /// Everything but unreserved characters percent-encoded.
    static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default: bytes += Array("%\(Hexadecimal.encode([byte]).uppercased())".utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
