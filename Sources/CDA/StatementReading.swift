import ExchangeCore
import XML

/// One clinical statement from its element.
enum StatementReading {
    /// The elements that state something (CDA R2, clinicalStatement).
    static let elements: Set<String> = [
        "act", "observation", "substanceAdministration", "supply", "procedure", "encounter", "organizer",
    ]

    static func statement(_ element: XMLElement, path: String) -> ClinicalStatement {
        var codes: [StatedCode] = []
        var units: [StatedUnit] = []
        add(element, "code", .code, path, &codes)
        add(element, "value", .value, path, &codes)
        add(element, "routeCode", .route, path, &codes)
        let product = ["manufacturedProduct", "manufacturedMaterial"]
        if let material = element.first("consumable")?.path(product[0], product[1])
            ?? element.first("product")?.path(product[0], product[1])
        {
            let way = (element.first("consumable") == nil ? "product" : "consumable") + "/" + product.joined(separator: "/")
            add(material, "code", .substance, path + "/" + way, &codes)
        }
        for (number, participant) in element.all("participant").enumerated() {
            guard let entity = participant.path("participantRole", "playingEntity") else { continue }
            let way = SectionReading.step("participant", number) + "/participantRole/playingEntity"
            add(entity, "code", .substance, path + "/" + way, &codes)
        }
        for name in ["value", "doseQuantity", "rateQuantity"] {
            for (number, quantity) in element.all(name).enumerated() {
                let below = path + "/" + SectionReading.step(name, number)
                for (unit, place) in [(quantity, below)] + quantity.elements.map({ ($0, below + "/" + $0.name) }) {
                    guard let text = unit.attribute("unit").flatMap(ElementReading.filled) else { continue }
                    units.append(StatedUnit(unit: text, path: place))
                }
            }
        }
        let (start, end) = ElementReading.interval(element.first("effectiveTime"))
        return ClinicalStatement(
            element: element.name, mood: element.attribute("moodCode"),
            isNegated: element.attribute("negationInd") == "true", codes: codes,
            status: element.first("statusCode")?.attribute("code"), start: start, end: end, units: units, path: path)
    }

    /// The codes of an element's children of that name, their translations behind each.
    private static func add(
        _ element: XMLElement, _ name: String, _ part: StatedCode.Part, _ path: String, _ codes: inout [StatedCode],
    ) {
        for (number, child) in element.all(name).enumerated() {
            let place = path + "/" + SectionReading.step(name, number)
            if let code = ElementReading.code(child) { codes.append(StatedCode(part: part, value: code, path: place)) }
            for (index, translation) in child.all("translation").enumerated() {
                guard let code = ElementReading.code(translation) else { continue }
                codes.append(
                    StatedCode(part: .translation, value: code, path: place + "/" + SectionReading.step("translation", index)))
            }
        }
    }
}
