import ExchangeCore
import FHIRModel
import Fixtures
import JSON
import Testing

/// FHIR's two forms say the same: every example that is read comes back from XML as it was.
@Suite(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
struct XMLFormTests {
    @Test(arguments: ["fhir/r4-examples", "ihe/MHD", "ihe/PCF", "ihe/PDQm", "ihe/mCSD"])
    func `an example written as XML and read again is the same resource`(_ folder: String) throws {
        var count = 0
        for path in SharedData.files(folder) where path.hasSuffix(".json") {
            guard let resource = try? FHIRResource.read(SharedData.bytes(path)) else { continue }
            let xml = try #require(FHIRXML.bytes(resource.json), "\(path)")
            let again = try FHIRXML.read(xml)
            #expect(FHIRXML.bytes(again.json) == xml, "\(path): the same markup")
            #expect(Self.sorted(.object(again.json)) == Self.sorted(.object(resource.json)), "\(path)")
            count += 1
        }
        #expect(count >= 5)
    }

    /// Members in one order, narratives left out: their markup may be spelled in more than one way.
    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            .object(
                JSONObject(
                    object.members.filter { $0.name != "div" }.map { .init($0.name, sorted($0.value)) }
                        .sorted { $0.name < $1.name }))
        case .array(let items): .array(items.map(sorted))
        case .null, .bool, .number, .string: value
        }
    }
}
