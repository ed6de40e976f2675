import CExpat

/// Which namespace each prefix means, from element to element (Namespaces in XML 1.0).
///
/// Expat could say, but it copies and hashes a namespace for every attribute in it before anybody may refuse it: 280 KB of XML
/// took it 21 s (security.md L6).
struct NamespaceScope {
    /// Why names are refused.
    enum Fault: String, Error {
        case unbound = "not well-formed: unbound prefix"
        case colon = "not well-formed: a colon where a name has none"
        case reserved = "not well-formed: a prefix or a namespace that is reserved"
        case undeclared = "not well-formed: a prefix cannot be bound to nothing"
        case duplicate = "not well-formed: duplicate attribute"
        case tooLong = "a name or a namespace that is too long"
        case tooMany = "too many namespaces in scope"
    }

    /// Declarations in force at the same time; one that says again what holds already is none.
    static let declarationsMax = 256

    private struct Declaration {
        let prefix: [UInt8]
        let namespace: XMLNamespace
        let depth: Int
    }

    private static let xml = "http://www.w3.org/XML/1998/namespace"
    private static let xmlns = "http://www.w3.org/2000/xmlns/"

    private let nameBytesMax: Int
    private var depth = 0
    private var declarations = [
        Declaration(prefix: [], namespace: .none, depth: 0),
        Declaration(prefix: Array("xml".utf8), namespace: XMLNamespace(xml), depth: 0),
    ]

    init(nameBytesMax: Int) { self.nameBytesMax = nameBytesMax }

    /// An element begins: takes the declarations among its attributes.
    mutating func open(_ attributes: [XMLTree.Written]) throws(Fault) {
        depth += 1
        for (name, value) in attributes {
            guard let prefix = Self.declared(name) else { continue }
            guard prefix.count <= nameBytesMax, value.count <= nameBytesMax else { throw .tooLong }
            guard !prefix.contains(Self.colon), name.count != 6 else { throw .colon }
            if value.isEmpty, !prefix.isEmpty { throw .undeclared }
            let isXML = prefix.elementsEqual("xml".utf8)
            guard !prefix.elementsEqual("xmlns".utf8), isXML == value.elementsEqual(Self.xml.utf8), !value.elementsEqual(Self.xmlns.utf8)
            else { throw .reserved }
            if let known = namespace(of: prefix), known.uri.utf8.elementsEqual(value) { continue }
            guard declarations.count < Self.declarationsMax else { throw .tooMany }
            declarations.append(
                Declaration(
                    prefix: Array(prefix), namespace: XMLNamespace(String(decoding: value, as: UTF8.self)), depth: depth))
        }
    }

    /// The element ends, and with it what it declared.
    mutating func close() {
        while let last = declarations.last, last.depth == depth, depth > 0 { declarations.removeLast() }
        depth -= 1
    }

    /// The namespace and the local part of an element's name.
    func element(_ name: UnsafeRawBufferPointer) throws(Fault) -> (namespace: XMLNamespace, local: UnsafeRawBufferPointer) {
        let (prefix, local) = try split(name)
        guard let namespace = namespace(of: prefix) else {
            throw prefix.elementsEqual("xmlns".utf8) ? .reserved : .unbound
        }
        return (namespace, local)
    }

    /// The same of an attribute's, which has no namespace without a prefix; nil for a declaration.
    func attribute(_ name: UnsafeRawBufferPointer) throws(Fault) -> (namespace: XMLNamespace, local: UnsafeRawBufferPointer)? {
        if Self.declared(name) != nil { return nil }
        let (prefix, local) = try split(name)
        guard !prefix.isEmpty else { return (.none, local) }
        return try element(name)
    }

    private static let colon = UInt8(ascii: ":")

    /// The prefix that an attribute declares, empty for the default; nil for any other attribute.
    private static func declared(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard name.count >= 5, name[0] == UInt8(ascii: "x"), name.prefix(5).elementsEqual("xmlns".utf8) else { return nil }
        if name.count == 5 { return UnsafeRawBufferPointer(rebasing: name[5...]) }
        return name[5] == colon ? UnsafeRawBufferPointer(rebasing: name[6...]) : nil
    }

    private func split(_ name: UnsafeRawBufferPointer) throws(Fault) -> (prefix: UnsafeRawBufferPointer, local: UnsafeRawBufferPointer) {
        guard let start = name.baseAddress, let colon = memchr(start, Int32(Self.colon), name.count) else {
            guard name.count <= nameBytesMax else { throw .tooLong }
            return (UnsafeRawBufferPointer(rebasing: name[..<0]), name)
        }
        let cut = UnsafeRawPointer(colon) - start
        let prefix = UnsafeRawBufferPointer(rebasing: name[..<cut])
        let local = UnsafeRawBufferPointer(rebasing: name[(cut + 1)...])
        guard !prefix.isEmpty, !local.isEmpty, !local.contains(Self.colon), !(0x30...0x39).contains(local[0]),
            local[0] != UInt8(ascii: "-"), local[0] != UInt8(ascii: ".")
        else { throw .colon }
        guard prefix.count <= nameBytesMax, local.count <= nameBytesMax else { throw .tooLong }
        return (prefix, local)
    }

    private func namespace(of prefix: UnsafeRawBufferPointer) -> XMLNamespace? {
        for declaration in declarations.reversed() where declaration.prefix.count == prefix.count {
            if prefix.elementsEqual(declaration.prefix) { return declaration.namespace }
        }
        return nil
    }
}
