import ExchangeCore
import JSON
import Journal
import Transactions

extension AdminService {
    func feedStatus() -> AdminAnswer {
        let letters = vitals.feeds.letters()
        return AdminAnswer([
            "feeds": .array(
                vitals.feeds.status().map { feed in
                    var object: JSONObject = ["name": .string(feed.name)]
                    object["address"] = feed.address.map { .string($0) }
                    for (name, count) in [
                        ("connections", feed.connections), ("connectionsRefused", feed.connectionsRefused),
                        ("received", feed.received), ("accepted", feed.accepted), ("takenInPart", feed.takenInPart), ("repeated", feed.repeated),
                        ("refused", feed.refused), ("badFrames", feed.badFrames), ("lost", feed.lost),
                        ("deadLetters", letters.count { $0.feed == feed.name }),
                    ] { object[name] = .number(String(count)) }
                    object["last"] = feed.last.map { .string($0.description) }
                    object["lastRefusal"] = feed.lastRefusal.map {
                        ["time": .string($0.time.description), "reason": .string($0.reason)]
                    }
                    object["lastOmission"] = feed.lastOmission.map {
                        ["time": .string($0.time.description), "reason": .string($0.reason)]
                    }
                    return .object(object)
                }), "receivers": receivers,
        ])
    }

    func feedLetters(_ call: AdminCall) throws -> AdminAnswer {
        let feed = try call.optionalText("feed")
        if let feed, !vitals.feeds.status().contains(where: { $0.name == feed }) {
            throw ExchangeError(.notFound, "no feed of that name is configured; see hie feed status", at: "feed")
        }
        let letters = vitals.feeds.letters().filter { feed == nil || $0.feed == feed }
        return AdminAnswer(["letters": .array(letters.map(Self.json))])
    }

    /// The text of a message is patient data: that it is shown stands in the journal before it is.
    func feedLetter(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try call.text("id")
        guard let letter = vitals.feeds.letters().first(where: { $0.id == id }) else { throw FeedDesk.unknown }
        guard call.arguments["message"]?.bool == true else { return AdminAnswer(["letter": Self.json(letter)]) }
        let payload: JSONValue = [
            "act": "feed/dead-letter", "user": .string(call.context.user), "letter": .string(id), "feed": .string(letter.feed),
        ]
        _ = try await exchange.journal.append(
            EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
        guard let message = try await vitals.feeds.message(id) else { throw FeedDesk.unknown }
        return AdminAnswer(["letter": Self.json(letter), "message": .string(Base64.encode(message))])
    }

    func retryLetter(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try call.text("id")
        let refusal = try await vitals.feeds.retry(id)
        var object: JSONObject = ["id": .string(id), "taken": .bool(refusal == nil)]
        object["reason"] = refusal.map { .string($0) }
        return AdminAnswer(.object(object))
    }

    private static func json(_ letter: DeadLetter) -> JSONValue {
        var object: JSONObject = [
            "id": .string(letter.id), "feed": .string(letter.feed), "kind": .string(letter.kind),
            "sender": .string(letter.sender), "controlId": .string(letter.controlID), "bytes": .number(String(letter.size)),
            "first": .string(letter.first.description), "last": .string(letter.last.description),
            "times": .number(String(letter.times)), "condition": .number(String(letter.condition)),
            "reason": .string(letter.reason),
        ]
        object["place"] = letter.place.map { .string($0) }
        return .object(object)
    }
}
