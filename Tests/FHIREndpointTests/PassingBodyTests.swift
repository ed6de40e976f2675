import ExchangeCore
import JSON
import Testing
import Transactions

@testable import FHIREndpoint

@Suite struct PassingBodyTests {
    @Test(arguments: [0, 1, 2, 3, 4, 5, 1000, 65_535, 65_536, 65_537, 200_001])
    func `a document passed on as a Binary resource is the same bytes, and as long as announced`(count: Int) async throws {
        let document = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let body = PassingBody(
            binary: "0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f", mimeType: "text/x-\"odd\"", of: DocumentStream(document),
            length: count)
        var bytes: [UInt8] = []
        for try await piece in body.stream { bytes += piece }
        #expect(bytes.count == body.length)
        let json = try JSONReader.read(bytes)
        #expect(json["resourceType"] == "Binary")
        #expect(json["contentType"]?.string == "text/x-\"odd\"")
        #expect(json["data"]?.string.flatMap { Base64.decode($0) } == document)
    }
}
