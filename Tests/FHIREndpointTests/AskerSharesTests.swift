import ExchangeCore
import HTTPTypes
import Testing

@testable import FHIREndpoint

@Suite struct AskerSharesTests {
    private let community = CommunityID("1.3.6.1.4.1.21367.2026.10")!

    private func context(_ user: String, door: AccessContext.Door = .client) -> AccessContext {
        AccessContext(
            door: door, user: user, role: nil, organization: "o", community: community, purpose: "TREAT",
            deadline: .seconds(30), traceID: "t")
    }

    private func refusal(_ shares: AskerShares, _ context: AccessContext) async -> String? {
        do throws(EdgeRefusal) {
            try await shares.during(context) { () async throws(EdgeRefusal) in }
            return nil
        } catch {
            guard case .exchange(let error) = error else { return "another refusal" }
            return OutcomeMapping.codeWord(of: error)
        }
    }

    @Test func `who floods is refused, others are not, and its places come back`() async throws {
        var limits = ExchangeLimits()
        limits.questionsPerAskerMax = 1
        let shares = AskerShares(.client, limits: limits)
        try await shares.during(context("flood")) { () async throws(EdgeRefusal) in
            #expect(await refusal(shares, context("flood")) == "XDSRegistryBusy")
            #expect(await refusal(shares, context("other")) == nil)
            // Another community is one asker, whoever of its users asks.
            #expect(await refusal(shares, context("flood", door: .peer)) == nil)
        }
        #expect(await refusal(shares, context("flood")) == nil)
        try await shares.during(context("a", door: .peer)) { () async throws(EdgeRefusal) in
            #expect(await refusal(shares, context("b", door: .peer)) == "XDSRegistryBusy")
        }
    }

    @Test func `one asker may have more or less than everybody, and what it holds and was refused can be seen`() async throws {
        var limits = ExchangeLimits()
        limits.questionsPerAskerMax = 1
        limits.askers = [
            AskerLimit(asker: .user("bulk"), questionsMax: 2, personsMax: nil),
            AskerLimit(asker: .community(community), questionsMax: 3, personsMax: 7),
        ]
        let shares = AskerShares(.client, limits: limits)
        try await shares.during(context("bulk")) { () async throws(EdgeRefusal) in
            try await shares.during(context("bulk")) { () async throws(EdgeRefusal) in
                #expect(await refusal(shares, context("bulk")) == "XDSRegistryBusy")
                #expect(shares.figures == [
                    AskerFigure(door: "client", asker: "bulk o", what: "questions", held: 2, most: 2, refused: 1)
                ])
                #expect(shares.totals == (2, 1))
            }
        }
        // A user of that name elsewhere is another, and a community is not its users.
        #expect(limits.questions(context("bulk", door: .peer)) == 3)
        #expect(limits.persons(context("x", door: .peer)) == 7)
        #expect(limits.persons(context("bulk")) == limits.personsPerCommunityMax)
        #expect(limits.questions(context("bulk ")) == 1)
        #expect(shares.figures.map(\.held) == [0], "who was refused is remembered")
    }

    @Test func `a question that fails leaves its place`() async {
        var limits = ExchangeLimits()
        limits.questionsPerAskerMax = 1
        let shares = AskerShares(.client, limits: limits)
        await #expect(throws: EdgeRefusal.self) {
            try await shares.during(context("a")) { () async throws(EdgeRefusal) in
                throw .exchange(ExchangeError(.notFound, "nothing"))
            }
        }
        #expect(await refusal(shares, context("a")) == nil)
    }

    @Test func `the answer says when to come again, and consent is never refused`() {
        let error = ExchangeError(.unavailable, "XDSRegistryBusy: too many")
        let answer = OutcomeMapping.answer(to: error)
        #expect(answer.status.code == 503)
        #expect(answer.headers[.retryAfter] == "1")
        #expect(!EdgeOperation.createConsent.isQuestion && !EdgeOperation.receiveStatement.isQuestion)
        #expect(EdgeOperation.searchDocuments.isQuestion && EdgeOperation.matchPatients.isQuestion)
    }
}
