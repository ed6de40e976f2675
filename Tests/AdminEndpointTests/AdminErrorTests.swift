import AdminEndpoint
import ExchangeCore
import HTTPTypes
import JSON
import Testing

/// The socket's wire form of errors, and its list of commands.
@Suite struct AdminErrorTests {
    @Test(arguments: ExchangeError.Code.allCases)
    func `every error comes back as it was sent, under a status of failure`(_ code: ExchangeError.Code) throws {
        let sent = ExchangeError(code, "say what to do", at: "patient.name")
        let read = try JSONReader.read(JSONWriter.bytes(AdminError.json(sent)))
        let back = try #require(AdminError.error(read))
        #expect(back.code == code)
        #expect(back.message == sent.message)
        #expect(back.location == sent.location)
        #expect((400...599).contains(AdminError.status(code).code))
    }

    @Test func `an answer is not taken for an error`() {
        #expect(AdminError.error(["patient": ["id": "1"]]) == nil)
        #expect(AdminError.error(["error": ["code": "no such code"]]) == nil)
        #expect(AdminError.error(.null) == nil)
    }

    @Test func `every command has a route of its own: noun, verb`() {
        let paths = AdminCommand.allCases.map(\.path)
        #expect(Set(paths).count == paths.count)
        for path in paths {
            #expect(path.hasPrefix("/admin/"))
            #expect(path.split(separator: "/").count == 3)
        }
    }

    @Test func `a verdict says verified only when nothing is damaged`() {
        let root = [UInt8](repeating: 0xAB, count: 32)
        let sound = AdminService.json(JournalVerdict(entries: 7, root: root, checkpoint: 5, damage: []))
        #expect(sound["verified"] == true)
        #expect(sound["entries"]?.integer == 7)
        #expect(sound["checkpoint"]?.integer == 5)
        #expect(sound["root"]?.string == String(repeating: "ab", count: 32))
        let damaged = AdminService.json(
            JournalVerdict(entries: 3, root: root, checkpoint: nil, damage: ["segment 0, offset 12"]))
        #expect(damaged["verified"] == false)
        #expect(damaged["checkpoint"] == JSONValue.null)
        #expect(damaged["damage"]?[0]?.string == "segment 0, offset 12")
    }
}
