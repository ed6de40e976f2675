import ExchangeCore
import JSON
import Testing

@testable import AdminEndpoint

/// Arguments are foreign input, even from the administrator.
@Suite struct AdminCallTests {
    private func call(_ arguments: JSONObject) throws -> AdminCall {
        let community = try #require(CommunityID("1.2.3"))
        return AdminCall(
            arguments: arguments,
            context: AccessContext(
                door: .administration, user: "root", role: nil, organization: "A", community: community,
                purpose: "HOPERAT", deadline: .seconds(1), traceID: "0"))
    }

    private func refusal(_ work: () throws -> Void) -> ExchangeError? {
        do {
            try work()
            return nil
        } catch { return error as? ExchangeError }
    }

    static let badTexts: [JSONValue] = [
        5, true, [], [:], "", .string(String(repeating: "a", count: 4097)),
    ]

    @Test(arguments: badTexts) func `what is no text is refused by its name`(_ value: JSONValue) throws {
        let call = try call(["id": value])
        let refused = refusal { _ = try call.text("id") }
        #expect(refused?.code == .badRequest)
        #expect(refused?.location == "id")
    }

    @Test func `a missing text is refused, an optional one is nil`() throws {
        let call = try call(["note": .null])
        #expect(refusal { _ = try call.text("id") }?.code == .badRequest)
        #expect(try call.optionalText("id") == nil)
        #expect(try call.optionalText("note") == nil)
    }

    static let badIdentifiers: [JSONValue] = [
        "urn:oid:1.2.3|4711", ["system": "urn:oid:1.2.3"], ["value": "1"], ["system": "", "value": "1"],
        ["system": "urn:oid:1.2.3", "value": "with blank"], ["system": "urn:oid:1.2.3", "value": 4711],
    ]

    @Test(arguments: badIdentifiers) func `an identifier has a system and a value`(_ value: JSONValue) throws {
        let call = try call(["identifier": value])
        #expect(refusal { _ = try call.identifier() }?.code == .badRequest)
    }

    @Test func `refusals never repeat what was given`() throws {
        let secret = "Quintero Marisol"
        let call = try call([
            "community": .string(secret), "id": .string(secret),
            "identifier": ["system": .string(secret), "value": .string(secret)],
            "list": [.string(""), .string(secret)],
        ])
        for work in [
            { _ = try call.community() }, { _ = try call.directive() }, { _ = try call.identifier() },
            { _ = try call.texts("list", of: .object(call.arguments)) },
        ] as [() throws -> Void] {
            let refused = try #require(refusal(work))
            #expect(!refused.description.contains(secret))
        }
    }

    @Test func `lists have a limit`() throws {
        let many = JSONValue.array(Array(repeating: "a", count: 101))
        let call = try call(["list": many])
        #expect(refusal { _ = try call.texts("list", of: .object(call.arguments)) }?.code == .badRequest)
        #expect(try call.texts("absent", of: .object(call.arguments)).isEmpty)
    }
}
