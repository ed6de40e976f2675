/// A name in its namespace, shared by all that have it: an element of a tree is a third as large by it.
final class XMLName: Hashable, Sendable {
    /// The namespace's URI; empty for none.
    let namespace: String
    /// The local name.
    let local: String

    init(namespace: String, local: String) {
        self.namespace = namespace
        self.local = local
    }

    static func == (left: XMLName, right: XMLName) -> Bool {
        left === right || left.local == right.local && left.namespace == right.namespace
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(local)
        hasher.combine(namespace)
    }
}

/// The names met lately, so that most are made once: documents say a few dozen, thousands of times.
struct XMLNameCache {
    private static let places = 256

    private var names = [XMLName?](repeating: nil, count: places)

    /// The shared name of these bytes in a namespace.
    mutating func name(_ namespace: String, _ local: UnsafeRawBufferPointer) -> XMLName {
        var place = local.count
        for byte in local { place = (place &* 31 &+ Int(byte)) & (Self.places - 1) }
        if let known = names[place], known.local.isSpelled(local), known.namespace.isSpelled(like: namespace) { return known }
        let made = XMLName(namespace: namespace, local: String(decoding: local, as: UTF8.self))
        names[place] = made
        return made
    }
}
