import ExchangeCore
import JSON

extension BundleEntry {
    /// The extension that grades a match (FHIR R4, Patient `$match`).
    package static let matchGrade = "http://hl7.org/fhir/StructureDefinition/match-grade"

    /// Reads one entry; what is missing is nil.
    package init(json: JSONValue) {
        self.init(fullUrl: json["fullUrl"]?.string, resource: json["resource"]?.object)
        if let method = json["request"]?["method"]?.string, let url = json["request"]?["url"]?.string {
            request = Request(method: method, url: url, ifNoneExist: json["request"]?["ifNoneExist"]?.string)
            request?.ifMatch = json["request"]?["ifMatch"]?.string
        }
        if let status = json["response"]?["status"]?.string {
            response = Response(
                status: status, location: json["response"]?["location"]?.string,
                etag: json["response"]?["etag"]?.string,
                lastModified: json["response"]?["lastModified"]?.string.flatMap { PartialDate($0)?.start })
        }
        if let why = json["search"]?.object {
            // FHIR lets the mode be left out; what stands beside it, such as the grade of a match, counts all the same.
            let mode = why["mode"]?.string.flatMap(Search.Mode.init(rawValue:)) ?? .match
            var score: Double?
            if case .number(let text)? = json["search"]?["score"] { score = Double(text) }
            let grades = (json["search"]?["extension"]?.items ?? []).filter { $0["url"]?.string == Self.matchGrade }
            search = Search(mode, score: score, grade: grades.first?["valueCode"]?.string)
        }
    }

    /// As an entry of a Bundle.
    package var json: JSONObject {
        var object = JSONObject()
        if let fullUrl { object["fullUrl"] = .string(fullUrl) }
        if let resource { object["resource"] = .object(resource) }
        if let search { object["search"] = .object(search.json) }
        if let request {
            var item: JSONObject = ["method": .string(request.method), "url": .string(request.url)]
            if let condition = request.ifNoneExist { item["ifNoneExist"] = .string(condition) }
            if let condition = request.ifMatch { item["ifMatch"] = .string(condition) }
            object["request"] = .object(item)
        }
        if let response {
            var item: JSONObject = ["status": .string(response.status)]
            if let location = response.location { item["location"] = .string(location) }
            if let etag = response.etag { item["etag"] = .string(etag) }
            if let time = response.lastModified { item["lastModified"] = .string(time.description) }
            object["response"] = .object(item)
        }
        return object
    }
}

extension BundleEntry.Search {
    fileprivate var json: JSONObject {
        var object = JSONObject()
        let graded = grade.map { [["url": .string(BundleEntry.matchGrade), "valueCode": .string($0)] as JSONValue] } ?? []
        if !graded.isEmpty || !extensions.isEmpty { object["extension"] = .array(graded + extensions) }
        object["mode"] = .string(mode.rawValue)
        if let score { object["score"] = .number(Self.decimal(score)) }
        return object
    }

    /// Three decimals, within 0 and 1.
    private static func decimal(_ score: Double) -> String {
        let thousandths = score > 0 ? Int((min(score, 1) * 1000).rounded()) : 0
        if thousandths == 1000 { return "1.000" }
        let digits = String(thousandths)
        return "0." + String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }
}
