import JSON
import Testing

/// Wrong usage is 2 and says what would have been right; help and version are results.
@Suite struct UsageTests {
    static let wrong: [[String]] = [
        ["no-such-command"], ["status", "--no-such-flag"], ["patient"], ["patient", "add"],
        ["patient", "add", "--file", "a.json", "--family", "Newman"],
        ["patient", "add", "--identifier", "no-bar", "--family", "Newman"],
        ["patient", "add", "--identifier", "urn:oid:1.2.3|4711", "--sex", "F"],
        ["patient", "add", "--identifier", "urn:oid:1.2.3|4711", "--birth-date", "01.05.1970"],
        ["patient", "show"], ["patient", "find"], ["patient", "match", "--family", "Newman", "--count", "0"],
        ["document", "find"], ["document", "find", "--patient", "a", "--identifier", "urn:oid:1.2.3|4711"],
        ["document", "find", "--patient", "a", "--from", "yesterday"], ["document", "check"], ["document", "get"],
        ["consent", "record", "--patient", "a"], ["consent", "record", "--patient", "a", "--deny", "--permit"],
        ["consent", "record", "--deny"], ["consent", "record", "--patient", "a", "--deny", "--from", "soon"],
        ["consent", "record", "--file", "c.json", "--deny"], ["consent", "list"], ["consent", "revoke"],
        ["audit", "patient"], ["audit", "patient", "--patient", "a", "--limit", "0"], ["certificate", "issue"],
        ["certificate", "issue", "--node", "a"], ["certificate", "issue", "--node", "a", "--client", "b"],
        ["certificate", "issue", "--client", "b", "--days", "1000"],
        ["certificate", "renew", "--client", "a", "--network", "b"], ["certificate", "renew", "--days", "0"],
        ["certificate", "forecast", "--days", "0"], ["certificate", "request"], ["certificate", "request", "--use", "x"],
        ["certificate", "sign", "a", "--network", "b", "--community", "c"], ["certificate", "import", "a"],
        ["certificate", "import", "a", "--use", "peers", "--authority", "b"], ["config", "show", "--set", "log"],
        ["status", "--times", "2"], ["status", "--watch", "--interval", "0"], ["debug"], ["debug", "bundle"], ["manual"],
        ["access", "explain", "--do", "fly"],
        ["token", "issue", "--client", "a", "--user", "b", "--minutes", "61"],
        ["init", "--name", "A", "--community", "not-an-oid", "--consent", "opt-in"],
        ["init", "--name", "A", "--community", "1.2.3", "--consent", "perhaps"],
        ["init", "--name", "A", "--community", "1.2.3", "--consent", "opt-in", "--clients", "nowhere"],
        ["init", "--name", "A", "--community", "1.2.3"], ["feed"], ["feed", "dead-letter", "show"],
        ["terminology", "import", "a.txt", "--release", "1"], ["terminology", "import", "a.txt", "--system", "loinc"],
        ["terminology", "validate", "a", "b", "--system", "loinc", "--display", "c"], ["terminology", "lookup", "a"],
        ["terminology", "lookup", "a", "--system", "loinc", "--below", "-1"],
        ["audit", "search", "--outcome", "7"], ["audit", "search", "--outcome", "banana"],
        ["audit", "search", "--from", "2026-13-01"], ["audit", "search", "--until", "yesterday"],
        ["audit", "search", "--patient", "xyz"],
        ["retention", "erase", "--document", "a", "--ground", "foo", "--yes"],
        ["retention", "erase", "--patient", "xyz", "--ground", "error", "--yes"],
        ["retention", "hold", "--patient", "a", "--reason", "case 1"],
        ["retention", "release", "--patient", "a", "--reason", "settled"],
    ]

    @Test(arguments: wrong) func `wrong usage exits 2, says so on stderr and prints no result`(_ arguments: [String])
        async throws
    {
        let transcript = try await Program().run(arguments)
        #expect(transcript.code == 2)
        #expect(transcript.out.isEmpty)
        #expect(!transcript.errors.isEmpty)
    }

    @Test func `version prints the version, as text and as JSON`() async throws {
        let text = try await Program().run("version")
        #expect(text.code == 0)
        #expect(text.text.hasPrefix("hie "))
        let json = try await Program().run("version", "--json")
        #expect(json.json?["version"]?.string.map { text.text.contains($0) } == true)
        let flag = try await Program().run("--version")
        #expect(flag.code == 0)
    }

    @Test func `nothing is coloured when nobody watches`() async throws {
        for arguments in [["--help"], ["document", "check", Repository.samples], ["status"]] {
            let transcript = try await Program().run(arguments)
            #expect(!transcript.out.contains(0x1B))
            #expect(!transcript.errors.utf8.contains(0x1B))
        }
    }
}
