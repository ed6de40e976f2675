import ExchangeCore
import FoundationEssentials
import Glibc

/// Debian's PostgreSQL as a document store: one statement a publish, `synchronous_commit=on`, on a Unix socket.
///
/// Its figure carries no HTTP, TLS, sealing, consent or proof, which favours it.
struct PostgresPeer: Sendable {
    private let folder: String
    private let programs: String

    private static let schema = """
        create table content(sha bytea primary key, body bytea);
        alter table content alter body set storage external;
        create table document(id bigserial primary key, uid uuid unique, patient bigint, registered timestamptz, sha bytea,
          reference jsonb);
        create index on document(patient, registered);
        create table entry(position bigserial primary key, patient bigint, leaf bytea);
        """
    private static let publish = """
        \\set p random(0, 999)
        with c as (insert into content values (sha256(convert_to(:client_id || '-' || random()::text, 'UTF8')),
        decode(repeat(md5(random()::text), 512), 'hex'))),
        d as (insert into document(uid, patient, registered, sha, reference) values (gen_random_uuid(), :p, now(),
        sha256(convert_to(random()::text, 'UTF8')), '{"resourceType":"DocumentReference","status":"current","type":
        {"coding":[{"system":"http://loinc.org","code":"18842-5"}]},"securityLabel":[{"coding":[{"code":"N"}]}],
        "content":[{"attachment":{"contentType":"application/xml","size":8192}}]}'))
        insert into entry(patient, leaf) values (:p, sha256(convert_to(random()::text, 'UTF8')));
        """

    /// Starts a server of its own; nil, and a word why, where none is installed.
    static func started(in folder: String, report: Report) throws(ExchangeError) -> PostgresPeer? {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        guard let version = versions.compactMap({ Int($0) }).max(), access("\(root)/\(version)/bin/postgres", X_OK) == 0
        else {
            report.words("PostgreSQL is left out: it is not installed")
            return nil
        }
        let peer = PostgresPeer(folder: folder + "/postgres", programs: "\(root)/\(version)/bin")
        guard mkdir(peer.folder, 0o755) == 0 else { throw ExchangeError(.unavailable, "cannot make \(peer.folder)") }
        if geteuid() == 0, let user = getpwnam("postgres") { chown(peer.folder, user.pointee.pw_uid, user.pointee.pw_gid) }
        let own = peer.folder
        let settings = "-c listen_addresses= -c unix_socket_directories=\(own) -c shared_buffers=256MB "
            + "-c max_connections=300 -c max_wal_size=8GB -c synchronous_commit=on"
        var isUp = try peer.run("initdb", ["-D", "\(own)/data", "-U", "postgres", "-A", "trust"])
        if isUp {
            let start = ["-D", "\(own)/data", "-l", "\(own)/server.log", "-w", "-o", settings, "start"]
            isUp = try peer.run("pg_ctl", start)
        }
        if isUp { isUp = try peer.run("psql", ["-h", own, "-U", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-c", schema]) }
        let script = Array(publish.split(separator: "\n").enumerated().map { $0 == 0 ? "\($1)\n" : "\($1) " }.joined().utf8)
        guard isUp, FileManager.default.createFile(atPath: folder + "/publish.sql", contents: Data(script)) else {
            report.words("PostgreSQL is left out: it did not start; see \(peer.folder)")
            peer.stop()
            return nil
        }
        chmod(folder + "/publish.sql", 0o644)
        return peer
    }

    /// One round; publishes a second.
    func publish(_ clients: Int, seconds: Double) throws(ExchangeError) -> Double {
        let log = folder + "/../pgbench.log"
        unlink(log)
        _ = try run(
            "pgbench",
            [
                "-h", folder, "-U", "postgres", "-n", "-M", "prepared", "-f", folder + "/../publish.sql", "-c",
                String(clients), "-j", "2", "-T", String(max(1, Int(seconds.rounded()))), "postgres",
            ], log: log)
        let text = ProcFile.text(log) ?? ""
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("tps = ") }),
            let rate = Double(line.dropFirst(6).prefix { $0 != " " })
        else { throw ExchangeError(.unavailable, "pgbench failed: \(text.prefix(300))") }
        return rate
    }

    /// Ends the server.
    func stop() { _ = try? run("pg_ctl", ["-D", "\(folder)/data", "-m", "immediate", "stop"]) }

    /// Runs one of its programs to its end, as its own user when this one is root, which it refuses.
    private func run(_ program: String, _ arguments: [String], log: String? = nil) throws(ExchangeError) -> Bool {
        let words = ["\(programs)/\(program)"] + arguments
        let asUser = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] + words
        let child = geteuid() == 0
            ? try ChildProcess("setpriv", asUser, log: log ?? folder + "/../peer.log")
            : try ChildProcess(words[0], arguments, log: log ?? folder + "/../peer.log")
        child.wait()
        return child.ending == "it exited with 0"
    }
}
