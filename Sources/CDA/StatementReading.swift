import ExchangeCore
import XML

/// One clinical statement from its element.
enum StatementReading {
    static func statement(_ element: XMLElement, at path: ElementPath, _ names: ElementNames) -> ClinicalStatement {
        var reading = Parts()
        var previous = -1
        var index = 0
        element.forEachElement { child in
            guard names.areOfOneNamespace(child, element) else { return }
            // CDA's schema puts elements of one name next to each other.
            let local = names.local(of: child)
            index = local == previous ? index + 1 : 0
            previous = local
            reading.take(child, names.kind(of: child), index, of: path)
        }
        return ClinicalStatement(
            element: element.name, mood: element.attribute("moodCode"),
            isNegated: element.attribute("negationInd") == "true", codes: reading.codes, status: reading.status,
            start: reading.start, end: reading.end, units: reading.units, path: path)
    }

    /// What the children of a statement say, in their order.
    private struct Parts {
        var codes: [StatedCode] = []
        var units: [StatedUnit] = []
        var status: String?
        var start: PartialDate?
        var end: PartialDate?

        mutating func take(_ child: XMLElement, _ kind: ElementNames.Kind, _ index: Int, of path: ElementPath) {
            switch kind {
            case .code: add(child, .code, path.appending("code", index))
            case .value:
                add(child, .value, path.appending("value", index))
                measure(child, path.appending("value", index))
            case .route: add(child, .route, path.appending("routeCode", index))
            case .quantity: measure(child, path.appending(child.name, index))
            case .product:
                guard let code = child.path("manufacturedProduct", "manufacturedMaterial", "code") else { return }
                let place = path.appending(child.name, index).appending("manufacturedProduct").appending("manufacturedMaterial")
                add(code, .substance, place.appending("code"))
            case .participant:
                guard let code = child.path("participantRole", "playingEntity", "code") else { return }
                let place = path.appending("participant", index).appending("participantRole").appending("playingEntity")
                add(code, .substance, place.appending("code"))
            case .status where status == nil: status = child.attribute("code")
            case .time where index == 0: (start, end) = ElementReading.interval(child)
            default: break
            }
        }

        /// A code, its translations behind it.
        private mutating func add(_ element: XMLElement, _ part: StatedCode.Part, _ place: ElementPath) {
            if let code = ElementReading.code(element) { codes.append(StatedCode(part: part, value: code, path: place)) }
            for (index, translation) in element.all("translation").enumerated() {
                guard let code = ElementReading.code(translation) else { continue }
                codes.append(StatedCode(part: .translation, value: code, path: place.appending("translation", index)))
            }
        }

        /// The units of a quantity, or of a range's ends.
        private mutating func measure(_ quantity: XMLElement, _ place: ElementPath) {
            if let unit = quantity.attribute("unit").flatMap(ElementReading.filled) {
                units.append(StatedUnit(unit: unit, path: place))
            }
            for part in quantity.elements {
                guard let unit = part.attribute("unit").flatMap(ElementReading.filled) else { continue }
                units.append(StatedUnit(unit: unit, path: place.appending(part.name)))
            }
        }
    }
}
