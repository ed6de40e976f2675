import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import NIOCore
import Testing
import Transactions

@testable import FHIREndpoint

@Suite struct OutcomeMappingTests {
    private func issue(_ answer: Answer) throws -> JSONValue {
        let outcome = try JSONReader.read(Array(answer.body.readableBytesView))
        #expect(outcome["resourceType"]?.string == "OperationOutcome")
        return try #require(outcome["issue"]?[0])
    }

    @Test func `every code has its status and its issue, and a body`() throws {
        let statuses: [ExchangeError.Code: Int] = [
            .badRequest: 400, .unauthenticated: 401, .forbidden: 403, .notFound: 404, .conflict: 409, .gone: 410,
            .tooLarge: 413, .unavailable: 503, .timeout: 504, .corrupted: 500, .unknownPatient: 422, .internal: 500,
        ]
        for code in ExchangeError.Code.allCases {
            let answer = OutcomeMapping.answer(to: .exchange(ExchangeError(code, "what to do", at: "Bundle.entry[1]")))
            #expect(answer.status.code == statuses[code])
            #expect(try issue(answer)["severity"]?.string == "error")
            #expect(answer.closesConnection == (code == .tooLarge))
            #expect((answer.headers[.retryAfter] != nil) == (code == .unavailable))
        }
    }

    @Test func `an error says what to do and where`() throws {
        let path = try issue(OutcomeMapping.answer(to: ExchangeError(.badRequest, "fix it", at: "Bundle.entry[1]")))
        #expect(path["details"]?["text"]?.string == "fix it")
        #expect(path["expression"]?[0]?.string == "Bundle.entry[1]")
        let offset = try issue(OutcomeMapping.answer(to: ExchangeError(.badRequest, "fix it", at: "byte 12")))
        #expect(offset["diagnostics"]?.string == "byte 12")
        #expect(offset["expression"] == nil)
    }

    @Test func `IHE's code word is more exact than the code`() throws {
        let answer = OutcomeMapping.answer(
            to: ExchangeError(.conflict, "XDSPatientIdDoesNotMatch: different patients"))
        #expect(answer.status.code == 422)
        #expect(try issue(answer)["code"]?.string == "business-rule")
        #expect(try issue(answer)["details"]?["coding"]?[0]?["code"]?.string == "XDSPatientIdDoesNotMatch")
        #expect(OutcomeMapping.map(ExchangeError(.conflict, "XDSNothing: x")).status.code == 409)
        #expect(OutcomeMapping.map(ExchangeError(.badRequest, "not JSON: x")).status.code == 400)
    }

    @Test func `T34 the caller learns nothing of why a credential was refused`() throws {
        let first = OutcomeMapping.answer(to: .unauthenticated(reason: "token expired"))
        let second = OutcomeMapping.answer(to: .exchange(ExchangeError(.unauthenticated, "bad signature")))
        #expect(first.body == second.body)
        #expect(first.headers == second.headers)
        #expect(first.headers[.wwwAuthenticate] == "Bearer")
        #expect(!String(buffer: first.body).contains("expired"))
    }

    @Test func `every refusal of the edge has a body`() throws {
        let refusals: [(EdgeRefusal, Int)] = [
            (.unknownRoute, 404), (.otherMethod([.get]), 405), (.notSupported, 501), (.notAcceptable, 406),
            (.unsupportedMediaType, 415), (.slowBody, 408), (.bodyTooLarge(1), 413),
        ]
        for (refusal, status) in refusals {
            let answer = OutcomeMapping.answer(to: refusal)
            #expect(answer.status.code == status)
            _ = try issue(answer)
        }
        #expect(OutcomeMapping.answer(to: .otherMethod([.get, .post])).headers[.allow] == "GET, POST")
    }

    @Test func `each community has its issue`() throws {
        let states: [(CommunityAnswer.State, String, String)] = [
            (.answered(2), "information", "informational"), (.none, "information", "informational"),
            (.denied, "warning", "suppressed"), (.ambiguous(needs: ["gender"]), "warning", "multiple-matches"),
            (.timedOut, "warning", "incomplete"), (.unreachable, "warning", "incomplete"),
            (.breakerOpen, "warning", "incomplete"), (.incomplete(1), "warning", "incomplete"),
            (.skipped(.notNamed), "information", "informational"),
            (.skipped(.outOfScope), "information", "informational"), (.skipped(.noTime), "warning", "incomplete"),
            (.skipped(.busy), "warning", "incomplete"),
        ]
        for (state, severity, code) in states {
            let community = try #require(CommunityID("1.3.6.1.4.1.21367.2026.10"))
            let receipt = CompletenessReceipt([
                CommunityAnswer(community: community, name: "Eastside", state: state, elapsed: .milliseconds(12))
            ])
            let outcome = OperationOutcome(
                CompletenessOutcome.issues(receipt) + [CompletenessOutcome.leftOut("_include")])
            #expect(outcome.issues.count == 2)
            #expect(outcome.issues[0].severity.rawValue == severity)
            #expect(outcome.issues[0].code == code)
            #expect(outcome.issues[0].extensions.first?.valueOid == community.urn)
            #expect(outcome.issues[0].codings.first?.code == receipt.communities[0].word)
            #expect(outcome.issues[1].code == "not-supported")
            _ = try FHIRResource(validating: outcome.json)
        }
    }
}
