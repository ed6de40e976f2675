import ConsentEngine
import Crypto
import ExchangeCore
import HTTPTypes
import JSON
import Journal
import NIOCore
import Testing
import Transactions

@testable import FHIREndpoint

/// `Accept: text/html` at ITI-68.
@Suite struct DocumentPageTests {
    private static let summary = """
        <ClinicalDocument xmlns="urn:hl7-org:v3"><title>Discharge &lt;b&gt; summary</title><recordTarget><patientRole>\
        <id root="1.2" extension="7"/></patientRole></recordTarget><component><structuredBody><component><section><title>Course</title>\
        <text><paragraph>Went home.</paragraph></text></section></component></structuredBody></component></ClinicalDocument>
        """
    private static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

    @Test func `T110 a browser gets a page that runs nothing, loads nothing and is framed by nobody`() async throws {
        let scene = try await EdgeScene()
        let id = try await scene.publish(Self.summary)
        let before = scene.exchange.journal.size
        for path in ["/fhir/Binary/\(id)", "/fhir/Binary/\(id)?_format=html"] {
            let answer = await scene.send(.get, path, path.contains("?") ? [:] : [.accept: Self.browser])
            #expect(answer.status.code == 200)
            #expect(answer.headers[.contentType] == "text/html; charset=utf-8")
            #expect(answer.headers[.xContentTypeOptions] == "nosniff")
            #expect(answer.headers[.cacheControl] == "no-store")
            let policy = answer.headers[.contentSecurityPolicy] ?? ""
            #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-") && policy.hasSuffix("frame-ancestors 'none'; sandbox"))
            let page = String(buffer: answer.body)
            #expect(page.contains("<h1>Discharge &lt;b&gt; summary</h1>"))
            #expect(page.contains("<p>Went home.</p>"))
            // The one style is the one that the policy names.
            let style = page.split(separator: "<style>")[1].split(separator: "</style>")[0]
            #expect(policy.contains("'sha256-\(Base64.encode(Array(SHA256.hash(data: Array(style.utf8)))))'"))
        }
        #expect(scene.exchange.journal.size == before + 2, "each is decided and written down like the bytes")
    }

    @Test func `T82 a page of a hidden document is the 404 of none, and one that cannot be made is 406`() async throws {
        let hiding = try await EdgeScene(default: .optIn)
        let hidden = try await hiding.publish(Self.summary)
        let answer = await hiding.send(.get, "/fhir/Binary/\(hidden)", [.accept: Self.browser])
        let unknown = await hiding.send(.get, "/fhir/Binary/0190aaaa-0000-7000-8000-000000000001", [.accept: Self.browser])
        #expect(answer.status.code == 404 && answer.body == unknown.body)
        let scene = try await EdgeScene()
        for (type, text) in [("application/pdf", "%PDF"), ("text/html", "<script>x</script>"), ("text/xml", "<other/>")] {
            let id = try await scene.publish(text, type: type)
            #expect(await scene.send(.get, "/fhir/Binary/\(id)?_format=html").status.code == 406)
            let bytes = await scene.send(.get, "/fhir/Binary/\(id)", [.accept: Self.browser])
            #expect(String(buffer: bytes.body) == text)
            #expect(bytes.headers[.contentDisposition] == "attachment")
        }
    }

    @Test func `who prefers the document's own type gets its bytes`() async throws {
        let scene = try await EdgeScene()
        let id = try await scene.publish(Self.summary)
        for accept in ["*/*", "text/xml", "application/xml, text/html;q=0.5", "text/xml, text/html"] {
            let answer = await scene.send(.get, "/fhir/Binary/\(id)", [.accept: accept])
            #expect(String(buffer: answer.body) == Self.summary, "\(accept)")
        }
        let text = try await scene.publish("plain <words>", type: "text/plain")
        let page = await scene.send(.get, "/fhir/Binary/\(text)", [.accept: "text/html"])
        #expect(String(buffer: page.body).contains("<pre>plain &lt;words&gt;</pre>"))
    }
}
