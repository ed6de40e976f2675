import ConsentEngine
import ExchangeCore
import Testing

/// Codes that are kinds of others, and codes of systems that mean something else.
struct KindsOfCodesTests {
    @Test func `a deny takes kinds of its purpose, a permit wants the very purpose`() {
        let deny = [Cases.directive(.init(.deny, purposes: Cases.purposes("TREAT")))]
        #expect(!Cases.permits(deny, policy: .allNormal, Cases.request(purpose: "ETREAT")))
        #expect(Cases.permits(deny, policy: .allNormal, Cases.request(purpose: "BTG")))
        let permit = [Cases.directive(.init(.permit, purposes: Cases.purposes("TREAT")))]
        #expect(!Cases.permits(permit, policy: .allNormal, Cases.request(purpose: "ETREAT")))
    }

    @Test func `a purpose of another system is not the one of v3-ActReason`() {
        let foreign = CodedValue(code: "TREAT", system: "http://example.org/purposes")
        #expect(!Cases.permits([Cases.directive(.init(.permit, purposes: [foreign]))]))
        #expect(!Cases.permits([Cases.directive(.init(.deny, purposes: [foreign]))], policy: .optOut))
        let own = CodedValue(code: "FooBar", system: "http://example.org/purposes")
        #expect(Cases.permits([Cases.directive(.init(.permit, purposes: [own]))], Cases.request(purpose: "FooBar")))
    }

    @Test func `who withholds substance use withholds each kind of it, and who permits it permits each kind`() {
        let deny = [Cases.directive(.init(.permit), [.init(.deny, securityLabels: Cases.labels("ETH"))])]
        for code in ["ETH", "ETHUD", "OPIOIDUD", "SUD"] {
            #expect(!Cases.permits(deny, Cases.request(), Cases.document(.restricted, [code])), "\(code)")
        }
        #expect(Cases.permits(deny, Cases.request(), Cases.document(.restricted, ["HIV"])))
        let permit = [Cases.directive(.init(.permit, securityLabels: Cases.labels("ETH")))]
        #expect(Cases.permits(permit, Cases.request(), Cases.document(.restricted, ["OPIOIDUD"])))
        let narrow = [Cases.directive(.init(.permit, securityLabels: Cases.labels("OPIOIDUD")))]
        #expect(!Cases.permits(narrow, Cases.request(), Cases.document(.restricted, ["ETH"])))
        let psychiatry = [Cases.directive(.init(.permit, securityLabels: Cases.labels("PSY")))]
        #expect(!Cases.permits(psychiatry, Cases.request(), Cases.document(.restricted, ["PSYTHPN"])))
    }

    @Test func `an emergency opens what a policy or a directive lets it open, and no more`() {
        let glass = Cases.request(purpose: "BTG")
        let restricted = Cases.document(.restricted)
        let refusal = Cases.directive(.init(.deny))
        let open = Cases.directive(.init(.deny), [.init(.permit, purposes: Cases.purposes("BTG"))])
        let table: [([ConsentDirective], ConsentPolicyDefault, Bool)] = [
            ([], .deny, false), ([], .basicNormal, false), ([], .allNormal, false), ([], .breakGlassOnly, true),
            ([refusal], .breakGlassOnly, false), ([open], .deny, true), ([open], .breakGlassOnly, true),
            ([Cases.directive(.init(.permit, purposes: Cases.purposes("TREAT")))], .breakGlassOnly, false),
        ]
        for (directives, policy, permits) in table {
            #expect(Cases.permits(directives, policy: policy, glass, restricted) == permits, "\(policy)")
        }
        #expect(!Cases.permits([open], policy: .breakGlassOnly, Cases.request(), restricted))
    }

    @Test func `what is related to an encounter is told by its name, and in doubt withheld`() {
        let encounter = DocumentScope.related("Encounter/7")
        let deny = [Cases.directive(.init(.permit), [.init(.deny, data: [encounter])])]
        let permit = [Cases.directive(.init(.permit, data: [encounter]))]
        let table: [([String], Bool, Bool)] = [
            (["Encounter/7"], false, true), (["http://ehr.example/fhir/Encounter/7"], false, false),
            (["Encounter/8"], true, false), ([], false, false), (["urn:oid:1.2|7"], false, false),
        ]
        for (related, whenDenied, whenPermitted) in table {
            var document = Cases.document()
            document.related = related
            #expect(Cases.permits(deny, Cases.request(), document) == whenDenied, "\(related)")
            #expect(Cases.permits(permit, Cases.request(), document) == whenPermitted, "\(related)")
        }
    }
}
