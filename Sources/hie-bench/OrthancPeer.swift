import ExchangeCore
import ExchangeNode
import FoundationEssentials
import Glibc
import JSON
import PeerTransport
import Synchronization

/// Debian's Orthanc as a document server: one object a request, HTTP/1.1 in clear, its storage synced.
///
/// It reads DICOM; its figure carries no TLS, consent or proof.
final class OrthancPeer: Sendable {
    /// Where it is fastest: more requests at once make it slower.
    static let connectionCount = 8
    private let process: ChildProcess
    private let port: Int

    private init(_ process: ChildProcess, port: Int) {
        self.process = process
        self.port = port
    }

    /// Starts a server of its own; nil, and a word why, where none is installed.
    static func started(in parent: String, report: Report) async throws -> OrthancPeer? {
        let program = ["/usr/sbin/Orthanc", "/usr/bin/Orthanc"].first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let program else {
            report.words("Orthanc is left out: it is not installed")
            return nil
        }
        let folder = parent + "/orthanc"
        let port = try FreePort.find()
        let settings: JSONValue = [
            "Name": "bench", "StorageDirectory": .string(folder + "/store"), "IndexDirectory": .string(folder + "/store"),
            "HttpServerEnabled": true, "HttpPort": .number(String(port)), "RemoteAccessAllowed": false,
            "AuthenticationEnabled": false, "DicomServerEnabled": false, "Plugins": [], "SaveJobs": false, "KeepAlive": true,
            "TcpNoDelay": true, "HttpThreadsCount": 50, "HttpCompressionEnabled": false, "StorageCompression": false,
            "SyncStorageArea": true,
        ]
        guard mkdir(folder, 0o755) == 0,
            FileManager.default.createFile(atPath: folder + "/orthanc.json", contents: Data(JSONWriter.bytes(settings)))
        else { throw ExchangeError(.unavailable, "cannot make \(folder)") }
        let peer = OrthancPeer(
            try ChildProcess(program, [folder + "/orthanc.json"], log: folder + "/log"), port: port)
        let watch = Stopwatch()
        while watch.seconds < 10, !peer.process.hasEnded {
            if let connection = try? await HTTPConnection.connect(to: peer.destination) {
                let answer = try? await connection.send(ClientRequest(.get, "/system"), timeout: .seconds(2))
                connection.close()
                if answer?.status == 200 { return peer }
            }
            try await World.system.sleep(.milliseconds(50))
        }
        report.words("Orthanc is left out: it did not start; see \(folder)/log")
        peer.stop()
        return nil
    }

    private var destination: HTTPDestination { .host("127.0.0.1", port: port) }

    /// New connections to it.
    func connections(_ count: Int) async throws -> [HTTPConnection] {
        var made: [HTTPConnection] = []
        for _ in 0..<count { made.append(try await HTTPConnection.connect(to: destination)) }
        return made
    }

    /// What it has used.
    var usage: ProcessUsage? { ProcessUsage(of: process.id) }

    /// Ends the server.
    func stop() {
        process.signal(SIGTERM)
        process.wait()
    }
}

/// One new Encapsulated CDA object of a random patient in each request.
final class OrthancStoreWork: Workload {
    private let document: DICOMDocument
    private let patients: Int
    private let counter = Atomic<Int>(1_000_000_000)

    /// Storing for so many patients.
    init(document: DICOMDocument, patients: Int) {
        self.document = document
        self.patients = patients
    }

    func next(_ chance: inout Chance) -> (patient: Int, number: Int) {
        (1_000_000 + Int.random(in: 0..<patients, using: &chance), counter.add(1, ordering: .relaxed).newValue)
    }

    func request(_ item: (patient: Int, number: Int)) -> ClientRequest {
        ClientRequest(
            .post, "/instances", headers: [("Content-Type", "application/dicom")],
            body: document.object(item.number, of: item.patient))
    }

    func fault(_ answer: ClientResponse, to item: (patient: Int, number: Int)) -> String? {
        answer.body.has("\"Success\"") ? nil : "not stored"
    }
}
