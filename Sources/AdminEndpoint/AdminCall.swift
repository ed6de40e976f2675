import ExchangeCore
import JSON
import Transactions

/// One command as it arrived: its arguments, and who speaks.
struct AdminCall: Sendable {
    /// The body's members.
    let arguments: JSONObject
    /// Who asks.
    let context: AccessContext
    /// The user id the kernel names at the other end of the socket; nil where nobody can say.
    var account: UInt32?

    /// A command from its parts.
    init(arguments: JSONObject, context: AccessContext, account: UInt32? = nil) {
        self.arguments = arguments
        self.context = context
        self.account = account
    }

    /// A text that must be there.
    func text(_ name: String) throws(ExchangeError) -> String {
        guard let text = try optionalText(name) else {
            throw ExchangeError(.badRequest, "the argument is missing", at: name)
        }
        return text
    }

    /// A text that may be absent.
    func optionalText(_ name: String) throws(ExchangeError) -> String? {
        guard let value = arguments[name], value != .null else { return nil }
        guard let text = value.string, (1...4096).contains(text.utf8.count) else {
            throw ExchangeError(.badRequest, "the argument must be a text of 1 to 4,096 bytes", at: name)
        }
        return text
    }

    /// A list of texts; absent is empty.
    func texts(_ name: String, of object: JSONValue) throws(ExchangeError) -> [String] {
        guard let value = object[name], value != .null else { return [] }
        guard case .array(let items) = value, items.count <= 100 else {
            throw ExchangeError(.badRequest, "the argument must be a list of at most 100 texts", at: name)
        }
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            guard let text = item.string, (1...1024).contains(text.utf8.count) else {
                throw ExchangeError(.badRequest, "must be a text of 1 to 1,024 bytes", at: "\(name)[\(index)]")
            }
            texts.append(text)
        }
        return texts
    }

    /// A community that must be there, by its OID or URN.
    func community() throws(ExchangeError) -> CommunityID {
        guard let community = CommunityID(try text("community")) else {
            throw ExchangeError(
                .badRequest, "a community is an OID such as urn:oid:1.2.3; see hie directory list", at: "community")
        }
        return community
    }

    /// A position in the journal that must be there.
    func position(_ name: String) throws(ExchangeError) -> UInt64 {
        guard let number = arguments[name]?.integer, let position = UInt64(exactly: number) else {
            throw ExchangeError(.badRequest, "the argument is missing or no number", at: name)
        }
        return position
    }

    /// A patient's identifier, when one is given.
    func identifier() throws(ExchangeError) -> PatientIdentifier? {
        guard let value = arguments["identifier"] else { return nil }
        guard let system = value["system"]?.string, let text = value["value"]?.string,
            let identifier = PatientIdentifier(system: system, value: text)
        else { throw ExchangeError(.badRequest, "an identifier has a system and a value", at: "identifier") }
        return identifier
    }

    /// A directive's id that must be there.
    func directive() throws(ExchangeError) -> DirectiveID {
        guard let id = DirectiveID(try text("id")) else {
            throw ExchangeError(.badRequest, "this is no directive's id; see hie consent list", at: "id")
        }
        return id
    }
}

/// What a command answers, and the answers under way that end with it.
struct AdminAnswer: Sendable {
    /// The body.
    let json: JSONValue
    /// To be ended when the body has left.
    let tickets: [AnswersUnderWay.Ticket]

    /// An answer; patient data comes with its tickets.
    init(_ json: JSONValue, tickets: [AnswersUnderWay.Ticket] = []) {
        self.json = json
        self.tickets = tickets
    }
}
