import ExchangeCore
import Yams

/// Reads a YAML mapping by known keys and collects every problem, so that all are reported together.
struct YAMLReader {
    private let mapping: [String: Yams.Node]
    private let path: String
    private(set) var problems: [String] = []
    /// The names of the values that stand in the file, those of nested mappings with theirs before: `limits.nesting`.
    private(set) var stated: Set<String> = []
    private var known: Set<String> = []
    private let overlay: ConfigurationOverlay
    /// The keys that stand before the file, with theirs before as in `stated`, and where.
    private(set) var origins: [String: ConfigurationOverlay.Origin] = [:]

    init(_ text: String, overlay: ConfigurationOverlay = .none) throws(ExchangeError) {
        do {
            guard let root = try Yams.compose(yaml: text) else {
                throw ExchangeError(.badRequest, "the file is empty")
            }
            self.init(root, path: "", overlay: overlay)
        } catch let error as ExchangeError {
            throw error
        } catch let error as YamlError {
            throw ExchangeError(.badRequest, "not readable as YAML: \(error)")
        } catch {
            throw ExchangeError(.badRequest, "not readable as YAML")
        }
    }

    private init(_ node: Yams.Node, path: String, overlay: ConfigurationOverlay) {
        self.overlay = overlay
        var mapping: [String: Yams.Node] = [:]
        var problems: [String] = []
        var stated: Set<String> = []
        if let pairs = node.mapping {
            for (key, value) in pairs {
                guard let name = key.string else { continue }
                if mapping.updateValue(value, forKey: name) != nil { problems.append("\(path)\(name) stands twice") }
                stated.insert(path + name)
            }
        } else {
            problems.append("\(path.isEmpty ? "the file" : String(path.dropLast())) must be a mapping of names to values")
        }
        self.mapping = mapping
        self.path = path
        self.problems = problems
        self.stated = stated
    }

    /// Notes a problem with a key's value.
    mutating func refuse(_ key: String, _ why: String) {
        let source = switch origins[path + key] {
        case .environment: " (of \(ConfigurationOverlay.variable(path + key)))"
        case .flag: " (of --set)"
        case .file, .builtIn, nil: ""
        }
        problems.append("\(path)\(key)\(source) \(why)")
    }

    /// What stands before the file for a key.
    private mutating func laid(_ key: String) -> String? {
        known.insert(key)
        guard let (text, origin) = overlay.value(path + key) else { return nil }
        origins[path + key] = origin
        return text
    }

    mutating func text(_ key: String) -> String? {
        if let text = laid(key) { return text }
        guard let node = mapping[key] else { return nil }
        guard let text = node.scalar?.string else {
            refuse(key, "must be a text")
            return nil
        }
        return text
    }

    mutating func required(_ key: String) -> String {
        guard let text = text(key), !text.isEmpty else {
            if mapping[key] == nil || origins[path + key] != nil { refuse(key, "is missing") }
            return ""
        }
        return text
    }

    mutating func flag(_ key: String) -> Bool? {
        guard let node = laid(key).map({ Yams.Node($0) }) ?? mapping[key] else { return nil }
        guard let flag = node.bool else {
            refuse(key, "must be true or false")
            return nil
        }
        return flag
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = laid(key).map({ Yams.Node($0) }) ?? mapping[key] else { return nil }
        guard let number = node.int, range.contains(number) else {
            refuse(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func list(_ key: String) -> [String] {
        if let text = laid(key) {
            return text.split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }) }
        }
        guard let node = mapping[key] else { return [] }
        guard let items = node.sequence else {
            refuse(key, "must be a list")
            return []
        }
        return items.compactMap { $0.scalar?.string }
    }

    mutating func readers(_ key: String) -> [YAMLReader] {
        known.insert(key)
        guard let node = mapping[key] else { return [] }
        guard let items = node.sequence else {
            refuse(key, "must be a list")
            return []
        }
        return items.enumerated().map { YAMLReader($1, path: "\(path)\(key)[\($0)].", overlay: .none) }
    }

    mutating func reader(_ key: String) -> YAMLReader? {
        known.insert(key)
        let node = mapping[key] ?? (overlay.holds(below: path + key) ? Yams.Node([(Yams.Node, Yams.Node)]()) : nil)
        return node.map { YAMLReader($0, path: "\(path)\(key).", overlay: overlay) }
    }

    /// Takes over what a nested reader found, its unknown keys included.
    mutating func take(_ nested: YAMLReader) {
        problems += nested.problems
        problems += nested.unknown
        stated.formUnion(nested.stated)
        origins.merge(nested.origins) { $1 }
    }

    /// Flags nobody asked for, for the outermost reader: as below.
    var unknownFlags: [String] {
        overlay.flags.keys.filter { origins[$0] == nil }.sorted().map { key in
            let near = NearestWord.of(key, among: Set(ConfigurationSchema.keys.map(\.name))).map { "; did you mean \($0)?" } ?? ""
            return "\(key) (of --set) is not a key that a flag can state\(near)"
        }
    }

    /// Keys nobody asked for: a misspelt key must not be a silent default.
    var unknown: [String] {
        mapping.keys.filter { !known.contains($0) }.sorted().map { key in
            let near = NearestWord.of(key, among: known).map { "; did you mean \($0)?" } ?? ""
            return "\(path)\(key) is not a key of this file\(near)"
        }
    }
}
