/// Where an element is in a document: the names from the document down, a repeated one with its index from 0.
///
/// Kept for every coded element and written out for the few that something is said of: a path holds on to the one
/// above it and repeats nothing.
package struct ElementPath: Hashable, Sendable, CustomStringConvertible {
    private final class Step: Sendable {
        let above: Step?
        let name: String
        let index: Int

        init(_ name: String, _ index: Int, below above: Step?) {
            self.above = above
            self.name = name
            self.index = index
        }
    }

    private let last: Step

    private init(_ last: Step) { self.last = last }

    /// An element right below the document.
    init(_ name: String, _ index: Int = 0) { last = Step(name, index, below: nil) }

    /// An element within this one; `index` counts those of the name.
    func appending(_ name: String, _ index: Int = 0) -> ElementPath { ElementPath(Step(name, index, below: last)) }

    /// The path of the element that holds this one; nil right below the document.
    package var parent: ElementPath? { last.above.map(ElementPath.init) }

    /// `component/structuredBody/component[2]/section`.
    package var description: String {
        var names: [String] = []
        var step: Step? = last
        while let here = step {
            names.append(here.index == 0 ? here.name : "\(here.name)[\(here.index)]")
            step = here.above
        }
        return names.reversed().joined(separator: "/")
    }

    package static func == (left: ElementPath, right: ElementPath) -> Bool {
        left.last === right.last || left.description == right.description
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
