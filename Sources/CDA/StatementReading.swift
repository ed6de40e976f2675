import ExchangeCore
import XML

/// One clinical statement from its element.
enum StatementReading {
    /// Whether an element of that name states something (CDA R2, clinicalStatement).
    static func isStatement(_ name: String) -> Bool {
        switch name {
        case "act", "observation", "substanceAdministration", "supply", "procedure", "encounter", "organizer": true
        default: false
        }
    }

    static func statement(_ element: XMLElement, at path: ElementPath) -> ClinicalStatement {
        var codes: [StatedCode] = []
        var units: [StatedUnit] = []
        add(element, "code", .code, path, &codes)
        add(element, "value", .value, path, &codes)
        add(element, "routeCode", .route, path, &codes)
        let product = ["manufacturedProduct", "manufacturedMaterial"]
        if let material = element.first("consumable")?.path(product[0], product[1])
            ?? element.first("product")?.path(product[0], product[1])
        {
            let way = path.appending(element.first("consumable") == nil ? "product" : "consumable")
            add(material, "code", .substance, way.appending(product[0]).appending(product[1]), &codes)
        }
        for (number, participant) in element.all("participant").enumerated() {
            guard let entity = participant.path("participantRole", "playingEntity") else { continue }
            let way = path.appending("participant", number).appending("participantRole").appending("playingEntity")
            add(entity, "code", .substance, way, &codes)
        }
        for name in ["value", "doseQuantity", "rateQuantity"] {
            for (number, quantity) in element.all(name).enumerated() {
                let below = path.appending(name, number)
                if let unit = quantity.attribute("unit").flatMap(ElementReading.filled) {
                    units.append(StatedUnit(unit: unit, path: below))
                }
                for case .element(let part) in quantity.children {
                    guard let unit = part.attribute("unit").flatMap(ElementReading.filled) else { continue }
                    units.append(StatedUnit(unit: unit, path: below.appending(part.name)))
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
        _ element: XMLElement, _ name: String, _ part: StatedCode.Part, _ path: ElementPath, _ codes: inout [StatedCode],
    ) {
        for (number, child) in element.all(name).enumerated() {
            let place = path.appending(name, number)
            if let code = ElementReading.code(child) { codes.append(StatedCode(part: part, value: code, path: place)) }
            for (index, translation) in child.all("translation").enumerated() {
                guard let code = ElementReading.code(translation) else { continue }
                codes.append(
                    StatedCode(part: .translation, value: code, path: place.appending("translation", index)))
            }
        }
    }
}
