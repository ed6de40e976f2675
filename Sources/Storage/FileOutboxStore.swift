import ExchangeCore
import JSON
import Journal
import Transactions

/// How far an outbox has come, in a small file that is replaced as a whole: origin, entry, parcels refused and parcels
/// delivered, a line each, and a line of JSON for each that was not delivered.
package struct FileOutboxStore: OutboxStore {
    private static let bytesMax = 1 << 20

    private let name: String
    private let folder: DurableFolder
    private let threads = BlockingThreads(count: 1)

    /// The place in a folder, which is made when it is not there, under a name of its own.
    package init(_ folder: String, name: String) {
        self.folder = DurableFolder(folder)
        self.name = name
    }

    package func place() async throws(ExchangeError) -> OutboxPlace? {
        try await threads.run { [folder, name] () throws(ExchangeError) in
            try folder.create()
            guard let bytes = try folder.contents(name, bytesMax: Self.bytesMax) else { return nil }
            guard let place = Self.place(bytes) else {
                throw ExchangeError(
                    .corrupted, "nobody can say how far this outbox has come; remove the file to begin anew", at: folder.file(name))
            }
            return place
        }
    }

    package func keep(_ place: OutboxPlace) async throws(ExchangeError) {
        try await threads.run { [folder, name] () throws(ExchangeError) in
            try folder.create()
            try folder.replace(name, with: Self.bytes(place))
        }
    }

    /// Lets the place go: its outbox sends no more.
    package func forget() async throws(ExchangeError) {
        try await threads.run { [folder, name] () throws(ExchangeError) in
            try folder.remove(name)
            try folder.sync()
        }
    }

    private static func bytes(_ place: OutboxPlace) -> [UInt8] {
        var bytes = Array("\(place.origin)\n\(place.entry)\n\(place.refused)\n\(place.delivered)\n".utf8)
        for parcel in place.undelivered {
            let json: JSONValue = [
                "entry": .number(String(parcel.entry)), "part": .number(String(parcel.part)),
                "time": .number(String(parcel.time.milliseconds)), "asked": .bool(parcel.isAsked),
                "reason": .string(String(parcel.reason.prefix(400))),
            ]
            bytes += JSONWriter.bytes(json) + [0x0A]
        }
        return bytes
    }

    private static func place(_ bytes: [UInt8]) -> OutboxPlace? {
        let lines = bytes.split(separator: 0x0A).map(Array.init)
        func number(_ line: Int) -> UInt64? { UInt64(String(decoding: lines[line], as: UTF8.self)) }
        guard lines.count >= 3, let entry = number(1), let refused = number(2) else { return nil }
        var place = OutboxPlace(origin: String(decoding: lines[0], as: UTF8.self), entry: entry)
        place.refused = refused
        // Places of before deliveries were counted have three lines.
        guard lines.count > 3 else { return place }
        guard let delivered = number(3) else { return nil }
        place.delivered = delivered
        for line in lines.dropFirst(4) {
            guard let parcel = parcel(line) else { return nil }
            place.undelivered.append(parcel)
        }
        return place
    }

    private static func parcel(_ line: [UInt8]) -> UndeliveredParcel? {
        guard let json = try? JSONReader.read(line), let entry = json["entry"]?.integer, entry >= 0,
            let part = json["part"]?.integer, let time = json["time"]?.integer, let reason = json["reason"]?.string
        else { return nil }
        return UndeliveredParcel(
            entry: JournalPosition(entry), part: Int(part), time: Timestamp(milliseconds: Int64(time)), reason: reason,
            isAsked: json["asked"]?.bool ?? false)
    }
}
