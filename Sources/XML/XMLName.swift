import CExpat

/// A namespace as one declaration brought it: names that share it need not compare its text.
final class XMLNamespace: Sendable {
    /// Its URI; empty for none.
    let uri: String

    init(_ uri: String) { self.uri = uri }

    static let none = XMLNamespace("")
}

/// A name in its namespace.
struct XMLName: Hashable, Sendable {
    fileprivate let space: XMLNamespace
    /// The local name.
    let local: String
    /// The namespace's URI; empty for none.
    var namespace: String { space.uri }

    /// Whether it is that name in a namespace.
    func `is`(_ name: String, in namespace: String) -> Bool { Self.same(local, name) && Self.same(space.uri, namespace) }

    /// Whether it is that name in the namespace of another.
    func `is`(_ name: String, beside other: XMLName) -> Bool {
        Self.same(local, name) && (space === other.space || Self.same(space.uri, other.space.uri))
    }

    /// Whether it is spelled so.
    func isSpelled(_ local: UnsafeRawBufferPointer, in space: XMLNamespace) -> Bool {
        self.local.isSpelled(local) && (self.space === space || namespace.isSpelled(like: space.uri))
    }

    /// Equality of bytes. Strings that are equal though spelled otherwise differ in length: a name asked for is ASCII.
    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left == right
    }

    static func == (left: XMLName, right: XMLName) -> Bool { left.local == right.local && left.namespace == right.namespace }

    func hash(into hasher: inout Hasher) {
        hasher.combine(local)
        hasher.combine(namespace)
    }
}

/// The names of a text, each once as a rule: documents say a few hundred, thousands of times.
///
/// Looked for in a few places only, so that names chosen to stand in each other's way cost memory for their own repetition and
/// no time.
struct XMLNames {
    private static let triesMax = 8

    private(set) var all: [XMLName] = []
    /// Where each stands in `all`, counted from 1; 0 where none does.
    private var places = [UInt32](repeating: 0, count: 512)

    /// Where the name of these bytes in a namespace stands.
    mutating func place(_ space: XMLNamespace, _ local: UnsafeRawBufferPointer) -> UInt32 {
        let start = Self.start(local)
        for step in 0..<Self.triesMax {
            let place = (start &+ step) & (places.count - 1)
            guard places[place] > 0 else {
                let made = add(space, local)
                places[place] = made + 1
                if all.count * 4 > places.count * 3 { spread() }
                return made
            }
            let known = Int(places[place]) - 1
            if all[known].isSpelled(local, in: space) { return UInt32(known) }
        }
        return add(space, local)
    }

    /// Where to look first, by its length and four of its bytes.
    private static func start(_ local: UnsafeRawBufferPointer) -> Int {
        guard let first = local.first, let last = local.last else { return 0 }
        let inner = Int(local[local.count / 2]) &* 37 &+ Int(local[local.count * 3 / 4])
        return (Int(first) &* 31 &+ Int(last)) &* 61 &+ inner &* 7 &+ local.count
    }

    private mutating func add(_ space: XMLNamespace, _ local: UnsafeRawBufferPointer) -> UInt32 {
        all.append(XMLName(space: space, local: String(decoding: local, as: UTF8.self)))
        return UInt32(all.count - 1)
    }

    /// Twice the places; who was found stays found, who has none is met again.
    private mutating func spread() {
        places = [UInt32](repeating: 0, count: places.count * 2)
        for (number, name) in all.enumerated() {
            var local = name.local
            let start = local.withUTF8 { Self.start(UnsafeRawBufferPointer($0)) }
            for step in 0..<Self.triesMax {
                let place = (start &+ step) & (places.count - 1)
                guard places[place] > 0 else {
                    places[place] = UInt32(number + 1)
                    break
                }
            }
        }
    }
}

extension String {
    /// Whether it is these bytes: `==` would take other spellings of the same letters for equal.
    func isSpelled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var text = self
        return text.withUTF8 { own in
            guard own.count == bytes.count else { return false }
            guard let left = own.baseAddress, let right = bytes.baseAddress else { return true }
            return memcmp(left, right, own.count) == 0
        }
    }

    /// Whether it is another text's bytes.
    func isSpelled(like other: String) -> Bool {
        var other = other
        return other.withUTF8 { isSpelled(UnsafeRawBufferPointer($0)) }
    }
}
