import Foundation
import JSON
import Testing

/// `hie certificate`: each command against the folders of a network and a node, and with openssl as the authority elsewhere.
@Suite struct CertificateCommandTests {
    private static let community = "1.3.6.1.4.1.21367.2026.11"

    private static func openssl(_ arguments: String..., in folder: Folder) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }

    private static func node(in folder: Folder) async throws -> Program {
        let program = Program(environment: ["HIE_HOME": folder.path + "/node"])
        for arguments in [
            ["certificate", "init", "--network", folder.path + "/network"],
            [
                "init", "--name", "Eastside Clinic", "--community", community, "--consent", "opt-out", "--clients",
                "127.0.0.1:0", "--peers", "127.0.0.1:0", "--network", folder.path + "/network",
            ], ["certificate", "issue", "--client", "laptop", "--days", "20"],
        ] {
            let made = try await program.run(arguments)
            try #require(made.code == 0, "\(arguments): \(made.errors)")
        }
        return program
    }

    @Test func `a forecast names what ends and what renews it; renewing moves the end`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let program = try await Self.node(in: folder)
        let forecast = try await program.run("certificate", "forecast", "--json")
        #expect(forecast.code == 0, "\(forecast.errors)")
        let ending = forecast.json?["ending"]?.items ?? []
        #expect(ending.map { $0["use"]?.string } == ["peers", "client"], "\(forecast.text)")
        #expect(ending.last?["next"] == "hie certificate renew --client laptop")
        let later = try await program.run("certificate", "forecast", "--days", "400")
        #expect(later.text.contains("admission"), "\(later.text)")
        #expect(later.text.contains("hie certificate renew --network DIR"))
        let due = try await program.run("certificate", "renew", "--network", folder.path + "/network", "--due")
        #expect(due.code == 0 && due.out.isEmpty, "\(due.text)")
        #expect(due.errors.contains("nothing ends soon"))
        let renewed = try await program.run(
            "certificate", "renew", "--network", folder.path + "/network", "--days", "200", "--json")
        #expect(renewed.json?["renewed"]?.items.map { $0["use"]?.string } == ["peers", "clients"], "\(renewed.errors)")
        #expect(renewed.json?["inUse"] == false)
        let client = try await program.run("certificate", "renew", "--client", "laptop", "--days", "80")
        #expect(client.text.contains("laptop"))
        #expect(client.errors.contains("hie token issue --client laptop"))
        let after = try await program.run("certificate", "forecast", "--json")
        #expect(after.json?["ending"]?.items.map { $0["name"]?.string } == ["laptop"], "\(after.text)")
        let nobody = try await program.run("certificate", "renew", "--client", "nobody")
        #expect(nobody.code == 4, "\(nobody.errors)")
        let stranger = try await program.run("certificate", "renew", "--network", folder.path + "/nowhere")
        #expect(stranger.code == 4, "\(stranger.errors)")
    }

    @Test func `a request is signed by the network's authority on another machine, for the community it names alone`()
        async throws
    {
        let folder = try Folder()
        defer { folder.remove() }
        let program = try await Self.node(in: folder)
        let (csr, pem) = (folder.path + "/node.csr", folder.path + "/node.pem")
        let request = try await program.run("certificate", "request", "--use", "peers", "--out", csr)
        #expect(request.code == 0, "\(request.errors)")
        try await Self.openssl("req", "-in", csr, "-verify", "-noout", in: folder)
        let other = try await program.run(
            "certificate", "sign", csr, "--network", folder.path + "/network", "--community", "1.2.3")
        #expect(other.code == 5, "\(other.errors)")
        let signed = try await program.run(
            "certificate", "sign", csr, "--network", folder.path + "/network", "--community", Self.community, "--days", "99",
            "--out", pem)
        #expect(signed.code == 0, "\(signed.errors)")
        let taken = try await program.run("certificate", "import", pem, "--use", "peers", "--json")
        #expect(taken.code == 0, "\(taken.errors)")
        let listed = try await program.run("certificate", "list", "--json")
        #expect(listed.json?["certificates"]?.items.contains { $0["thumbprint"] == taken.json?["thumbprint"] } == true)
        // The same file at the other port, another network's signature, and no certificate at all are refused; nothing changes.
        #expect(try await program.run("certificate", "import", pem, "--use", "clients").code == 8)
        _ = try await program.run("certificate", "init", "--network", folder.path + "/stranger")
        let forged = try await program.run(
            "certificate", "sign", csr, "--network", folder.path + "/stranger", "--community", Self.community, "--out", pem)
        #expect(forged.code == 0)
        #expect(try await program.run("certificate", "import", pem, "--use", "peers").code == 1)
        #expect(try await program.run("certificate", "import", csr, "--use", "peers").code == 1)
        #expect(try await program.run("certificate", "sign", pem, "--network", folder.path + "/network", "--community", Self.community).code == 1)
        let after = try await program.run("certificate", "list", "--json")
        #expect(after.json == listed.json)
    }

    @Test func `a PKCS 12 file of another authority is taken in for the client port, and new clients know that authority`()
        async throws
    {
        let folder = try Folder()
        defer { folder.remove() }
        let program = try await Self.node(in: folder)
        let extensions = try folder.file(
            "extensions", text: "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n")
        let pass = try folder.file("pass", text: "a quiet word\n")
        try await Self.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out",
            "ca.pem", "-subj", "/CN=Hospital CA", "-days", "900", in: folder)
        func make(_ curve: String) async throws {
            try await Self.openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:\(curve)", "-nodes", "-keyout", "hie.key", "-out",
                "hie.csr", "-subj", "/CN=hie", in: folder)
            try await Self.openssl(
                "x509", "-req", "-in", "hie.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "300",
                "-extfile", extensions, "-out", "hie.pem", in: folder)
            try await Self.openssl(
                "pkcs12", "-export", "-inkey", "hie.key", "-in", "hie.pem", "-certfile", "ca.pem", "-passout", "file:\(pass)",
                "-out", "hie.p12", in: folder)
        }
        let file = folder.path + "/hie.p12"
        try await make("P-384")
        let curve = try await program.run("certificate", "import", file, "--use", "clients", "--passphrase-file", pass)
        #expect(curve.code == 1 && curve.errors.contains("P-256"), "\(curve.errors)")
        try await make("P-256")
        let wrong = try folder.file("wrong", text: "another word")
        let closed = try await program.run("certificate", "import", file, "--use", "clients", "--passphrase-file", wrong)
        #expect(closed.code == 6, "\(closed.errors)")
        let unknown = try await program.run("certificate", "import", file, "--use", "clients", "--passphrase-file", pass)
        #expect(unknown.code == 1 && unknown.errors.contains("--authority"), "\(unknown.errors)")
        let taken = try await program.run(
            "certificate", "import", file, "--use", "clients", "--passphrase-file", pass, "--authority",
            folder.path + "/ca.pem", "--json")
        #expect(taken.code == 0, "\(taken.errors)")
        #expect(try folder.mode("node/keys/listener.key") == 0o600)
        #expect(try await program.run("certificate", "issue", "--client", "second").code == 0)
        let authority = try String(contentsOfFile: folder.path + "/node/clients/second/authority.pem", encoding: .utf8)
        #expect(authority.contains(try String(contentsOfFile: folder.path + "/ca.pem", encoding: .utf8)))
        let renewal = try await program.run("certificate", "renew")
        #expect(renewal.code == 8 && renewal.errors.contains("hie certificate request"), "\(renewal.errors)")
        #expect(!closed.errors.contains("another word") && !wrong.isEmpty)
    }
}
