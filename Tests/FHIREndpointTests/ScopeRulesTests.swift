import ExchangeCore
import Testing

@testable import FHIREndpoint

/// Which scopes cover which routes.
@Suite struct ScopeRulesTests {
    private func route(_ operation: EdgeOperation) throws -> Route {
        try #require(RouteTable.routes.first { $0.operation == operation })
    }

    @Test(arguments: [
        (EdgeOperation.searchDocuments, "system/DocumentReference.s", true), (.searchDocuments, "system/DocumentReference.r", false),
        (.searchDocuments, "system/DocumentReference.read", true), (.searchDocuments, "system/*.rs", true),
        (.searchDocuments, "system/Patient.rs", false), (.retrieveDocument, "system/Binary.r", true),
        (.provideBundle, "system/DocumentReference.c", true), (.provideBundle, "system/DocumentReference.rs", false),
        (.simplifiedPublish, "system/DocumentReference.write", true), (.matchPatients, "system/Patient.s", true),
        (.feedPatient, "system/Patient.u", true), (.feedPatient, "system/Patient.read", false),
        (.withdrawPatient, "system/Patient.d", true), (.createConsent, "system/Consent.cruds", true),
        (.createConsent, "system/Consent.*", true), (.searchDocuments, "user/DocumentReference.rs", false),
        (.searchDocuments, "system/documentreference.rs", false),
    ]) func `a scope covers what it names`(_ operation: EdgeOperation, _ scope: String, _ isCovered: Bool) throws {
        #expect(ScopeRules.permit(try route(operation), [scope]) == isCovered)
        #expect(!ScopeRules.permit(try route(operation), []))
    }

    @Test func `every route of a resource needs a letter, and capabilities need none`() throws {
        for route in RouteTable.routes(of: .client) where route.resourceType != nil {
            #expect(ScopeRules.need(route) != nil, "\(route.pattern)")
            #expect(ScopeRules.permit(route, ["system/*.cruds"]), "\(route.pattern)")
        }
        #expect(ScopeRules.permit(try route(.capabilities), []))
    }

    @Test func `only SMART's spelling of a system scope is known`() {
        for scope in ["system/Patient.rs", "system/*.cruds", "system/*.*", "system/Consent.write"] { #expect(ScopeRules.isKnown(scope)) }
        for scope in ["", "system/", "system/Patient", "system/Patient.", "system/Patient.sr", "system/Patient.rr", "patient/*.rs",
            "system/Pat1ent.rs", "openid", "system/Patient.rs?x=y"] { #expect(!ScopeRules.isKnown(scope), "\(scope)") }
    }
}
