import Crypto
import ExchangeCore
import FHIRModel
import Foundation
import Glibc
import JSON

/// A file of FHIR resources of any size: a Bundle, or resources one behind the other. Only where things lie is kept.
struct BundleFile {
    /// Bytes of one entry at the most.
    static let entryBytesMax = 128 << 20

    private typealias Place = JSONEntryScanner.Place

    /// A document in it.
    struct Item: Sendable {
        fileprivate let place: JSONEntryScanner.Place
        /// Which resource of the file it is, from 1.
        let number: Int
    }

    private let file: FileHandle
    private let path: String
    /// The DocumentReferences, in order.
    private(set) var documents: [Item] = []
    /// How many resources of each other type there are.
    private(set) var others: [String: Int] = [:]
    /// Resources that cannot be read, with why.
    private(set) var unreadable: [(number: Int, reason: String)] = []
    private var named: [String: Place] = [:]

    /// Looks through a file once.
    init(_ path: String, _ note: (UInt64) -> Void = { _ in }) throws(CommandFailure) {
        guard path != "-", let file = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(.notFound, "cannot read \(path)", hint: "name a file; stdin cannot be looked through twice")
        }
        (self.file, self.path) = (file, path)
        var scanner = JSONEntryScanner()
        var places: [Place] = []
        do {
            try LocalFile.pieces(path, atMost: .max) { piece throws(CommandFailure) in
                do throws(JSONError) {
                    try scanner.take(piece) { places.append($0) }
                } catch { throw Self.broken(path, error) }
                note(scanner.offset)
            }
            do throws(JSONError) { try scanner.end() } catch { throw Self.broken(path, error) }
        }
        for (number, place) in places.enumerated() { look(place, number + 1) }
    }

    private static func broken(_ path: String, _ error: JSONError) -> CommandFailure {
        CommandFailure(
            .failed, "\(path) is no FHIR JSON: \(error.message) at byte \(error.offset)",
            hint: "give a Bundle, or resources one behind the other (NDJSON); nothing was published")
    }

    private mutating func look(_ place: Place, _ number: Int) {
        guard place.length <= Self.entryBytesMax else {
            return unreadable.append((number, "larger than \(Self.entryBytesMax) bytes"))
        }
        let read: (name: String?, resource: JSONObject)
        do throws(CommandFailure) { read = try self.read(place) } catch { return unreadable.append((number, error.line)) }
        let type = read.resource["resourceType"]?.string ?? "nothing"
        if type == "DocumentReference" {
            documents.append(Item(place: place, number: number))
        } else {
            others[type, default: 0] += 1
            guard type == "Binary" || type == "Patient" else { return }
            if let name = read.name { named[name] = place }
            if let id = read.resource["id"]?.string { named["\(type)/\(id)"] = place }
        }
    }

    private func read(_ place: Place) throws(CommandFailure) -> (name: String?, resource: JSONObject) {
        var bytes = [UInt8](repeating: 0, count: Int(place.length))
        var filled = 0
        while filled < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                pread(file.fileDescriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled, off_t(place.offset) + off_t(filled))
            }
            guard got > 0 else { throw CommandFailure(.failed, "\(path) changed while it was read", hint: "try again") }
            filled += got
        }
        guard let object = (try? JSONReader.read(bytes))?.object else {
            throw CommandFailure(.failed, "it is no JSON as RFC 8259 has it")
        }
        guard place.isEntry else { return (nil, object) }
        guard let resource = object["resource"]?.object else { throw CommandFailure(.failed, "the entry has no resource") }
        return (object["fullUrl"]?.string, resource)
    }

    /// A document as ITI-105 takes it: its bytes inside, its patient beside it, and a name by which a second run knows it.
    func document(_ item: Item) throws(CommandFailure) -> JSONObject {
        var reference = try read(item.place).resource
        reference["id"] = nil
        try putBytesInside(&reference)
        try putPatientInside(&reference)
        if reference["masterIdentifier"] == nil {
            reference["masterIdentifier"] = ["system": "urn:ietf:rfc:3986", "value": .string(Self.name(of: reference))]
        }
        return reference
    }

    private func putBytesInside(_ reference: inout JSONObject) throws(CommandFailure) {
        guard var contents = reference["content"]?.items, var content = contents.first?.object,
            var attachment = content["attachment"]?.object, attachment["data"] == nil, let url = attachment["url"]?.string
        else { return }
        guard let place = named[url] else {
            throw CommandFailure(.failed, "its bytes are not in the file")
        }
        attachment["data"] = try read(place).resource["data"]
        attachment["url"] = nil
        content["attachment"] = .object(attachment)
        contents[0] = .object(content)
        reference["content"] = .array(contents)
    }

    /// What a Patient of the file says is what its documents are told apart by; a reference into the file says nothing at the node.
    private func putPatientInside(_ reference: inout JSONObject) throws(CommandFailure) {
        guard let target = reference["subject"]?["reference"]?.string, let place = named[target] else { return }
        let patient = try read(place).resource
        var stated: JSONObject = ["resourceType": "Patient", "id": "subject"]
        for member in ["identifier", "name", "gender", "birthDate"] { stated[member] = patient[member] }
        reference["contained"] = .array((reference["contained"]?.items ?? []) + [.object(stated)])
        reference["subject"] = ["reference": "#subject"]
    }

    /// A name made of what the document is and whose (RFC 9562 section 5.8): the same in every run.
    private static func name(of reference: JSONObject) -> String {
        let told = ["content", "subject", "contained"].map { reference[$0] ?? .null }
        var bytes = Array(SHA256.hash(data: JSONWriter.bytes(.array(told))).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Array(Hexadecimal.encode(bytes))
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }
        return "urn:uuid:" + parts.joined(separator: "-")
    }
}
