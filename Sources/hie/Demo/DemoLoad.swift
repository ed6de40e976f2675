import CDA
import ExchangeCore
import ExchangeNode
import Glibc

/// Many documents made of one, so that a node has something to do when it is killed.
struct DemoLoad: Sendable {
    /// Clients that publish at the same time.
    static let writers = 4
    /// Documents in all.
    static let count = 800
    /// So many acknowledged ones are enough to kill the node.
    static let enough = 60

    /// Whom the documents are about.
    let person: String
    /// The file they were made of.
    let name: String

    /// Writes the documents to `load/1` ... of the folder, made of one that was published: by the node itself and about
    /// somebody else than the scene's patient where there is one, and a small one.
    init(_ documents: [DemoPlan.Document], subject: String, node: DemoNode, folder: String) throws(CommandFailure) {
        func rank(_ document: DemoPlan.Document) -> (Int, Int, Int) {
            (document.facility == node.slug ? 0 : 1, document.person == subject ? 1 : 0, Self.size(document.path))
        }
        let ranked = documents.filter { $0.isNormal && !$0.isRelated }.sorted { rank($0) < rank($1) }
        for document in ranked {
            let bytes = try LocalFile.read(document.path)
            guard let person = document.person, let place = Self.idElement(bytes),
                Self.identifier(Self.copy(bytes, place, node, 0)) != nil
            else { continue }
            self.person = person
            name = document.name
            try LocalFile.makeFolder(folder + "/load")
            for writer in 1...Self.writers { try LocalFile.makeFolder("\(folder)/load/\(writer)") }
            for number in 1...Self.count {
                let path = "\(folder)/load/\(number % Self.writers + 1)/\(number).xml"
                guard Self.write(Self.copy(bytes, place, node, number), to: path) else {
                    throw CommandFailure(.failed, "cannot write \(path)", hint: "is the disk full?")
                }
            }
            return
        }
        throw CommandFailure(.failed, "\(node.slug) published no document that could be copied for the load")
    }

    /// The document with another id.
    private static func copy(_ bytes: [UInt8], _ place: Range<Int>, _ node: DemoNode, _ number: Int) -> [UInt8] {
        let root = node.facility.community.oid.dotted
        let id = "<id root=\"\(root).9\" extension=\"load-\(number)\"/>"
        return Array(bytes[..<place.lowerBound]) + Array(id.utf8) + Array(bytes[place.upperBound...])
    }

    /// The id of a copy, when it reads as it should.
    private static func identifier(_ bytes: [UInt8]) -> String? {
        guard let document = try? ClinicalDocument.read(bytes), document.idExtension == "load-0",
            !document.problems.contains(where: { $0.severity == .error })
        else { return nil }
        return document.uniqueID
    }

    /// Where the document's own `id` element stands: the first of that name.
    private static func idElement(_ bytes: [UInt8]) -> Range<Int>? {
        let open = Array("<id".utf8)
        let close = Array("</id>".utf8)
        for start in bytes.indices where bytes[start...].starts(with: open) {
            guard start + 3 < bytes.count,
                bytes[start + 3] == 0x20 || bytes[start + 3] == 0x0A || bytes[start + 3] == 0x09,
                let end = bytes[start...].firstIndex(of: UInt8(ascii: ">"))
            else { continue }
            if bytes[end - 1] == UInt8(ascii: "/") { return start..<end + 1 }
            for index in end..<bytes.count where bytes[index...].starts(with: close) {
                return start..<index + close.count
            }
        }
        return nil
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Writes without a sync for each: nothing depends on these files.
    private static func write(_ bytes: [UInt8], to path: String) -> Bool {
        guard let file = fopen(path, "w") else { return false }
        let count = fwrite(bytes, 1, bytes.count, file)
        return fclose(file) == 0 && count == bytes.count
    }
}
