import JSON
import Testing

/// `hie config check`: every problem at once, exit 2.
@Suite struct ConfigurationTests {
    private static let sound = """
        name: Eastside Clinic
        community: 1.3.6.1.4.1.21367.2026.11
        clients: 127.0.0.1:0
        peers: 127.0.0.1:0
        consent: opt-in

        """

    /// A file, and what its refusal must name.
    struct Vector: Sendable, CustomStringConvertible {
        let description: String
        let text: String
        let named: [String]
    }

    static let vectors: [Vector] = [
        Vector(description: "an unknown key", text: sound + "colour: red\n", named: ["colour is not a key of this file\n"]),
        Vector(description: "a misspelt key", text: sound + "limts:\n  nesting: 12\n", named: ["limts is not a key of this file; did you mean limits?"]),
        Vector(
            description: "an unknown limit", text: sound + "limits:\n  request-byte: 2048\n",
            named: ["limits.request-byte is not a key of this file; did you mean request-bytes?"]),
        Vector(
            description: "a limit out of range", text: sound + "limits:\n  locate-seconds: 100000\n",
            named: ["limits.locate-seconds"]),
        Vector(
            description: "a limit that is no number", text: sound + "limits:\n  nesting: deep\n",
            named: ["limits.nesting"]),
        Vector(description: "no identity", text: "name: A\n", named: ["community", "clients", "peers", "consent"]),
        Vector(
            description: "everything wrong at once",
            text: "name: A\ncommunity: x\nclients: here\npeers: 127.0.0.1:0\nconsent: perhaps\nlog: loud\nextra: 1\n",
            named: ["community", "clients", "consent", "log", "extra"]),
        Vector(description: "an empty file", text: "", named: []),
        Vector(description: "no mapping", text: "- a\n- b\n", named: []),
        Vector(description: "no YAML", text: "name: [\n", named: []),
    ]

    @Test(arguments: vectors) func `a wrong file exits 2 and names every problem`(_ vector: Vector) async throws {
        let transcript = try await Program().run("config", "check", "-", input: Array(vector.text.utf8))
        #expect(transcript.code == 2)
        for name in vector.named { #expect(transcript.errors.contains(name), "\(transcript.errors)") }
        let json = try await Program().run("config", "check", "-", "--json", input: Array(vector.text.utf8))
        #expect(json.code == 2)
        #expect(json.json?["valid"] == false)
        #expect((json.json?["problems"]?.items.count ?? 0) >= max(1, vector.named.count))
    }

    @Test func `a sound file is fine`() async throws {
        let transcript = try await Program().run("config", "check", "-", input: Array(Self.sound.utf8))
        #expect(transcript.code == 0, "\(transcript.errors)")
        let json = try await Program().run("config", "check", "-", "--json", input: Array(Self.sound.utf8))
        #expect(json.json?["valid"] == true)
    }

    @Test func `a file that is not there exits 4`() async throws {
        let transcript = try await Program().run("config", "check", "/nowhere/node.yaml")
        #expect(transcript.code == 4)
    }
}
