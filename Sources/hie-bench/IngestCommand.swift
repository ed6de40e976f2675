import ArgumentParser
import CDA
import DocumentReview
import ExchangeCore
import ExchangeNode
import FoundationEssentials
import HL7v2
import JSON

/// `hie-bench ingest`.
struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Read HL7 v2, C-CDA and FHIR on one core, and apply a feed over MLLP.",
        discussion: """
            Beside it, in the same run and by turns, Python's hl7, lxml, json and orjson do the same
            where they are installed (--python names an interpreter that has them). The feed is a real
            node's, in clear on loopback: three updates of a patient to one registration, over 16
            connections, each answered when it is durable.

            EXAMPLE
              hie-bench ingest --quick
              hie-bench ingest --python ./venv/bin/python3
              hie-bench ingest --only ingest.mllp
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: ArgumentHelp("A Python with hl7 and lxml.", valueName: "file")) var python = "python3"
    @Option(help: ArgumentHelp("FHIR Bundles to read and write; left out where they are not.", valueName: "dir"))
    var bundles = "../shared/data/fhir/synthea"
    @Option(help: ArgumentHelp("Connections of the feed.", valueName: "n")) var senders = 16
    @Option(help: ArgumentHelp("Only the figures whose name begins so, as in ingest.mllp.", valueName: "name"))
    var only = "ingest"

    private static let figures = [
        "ingest.hl7v2_messages_per_s", "ingest.ccda_read_mb_per_s", "ingest.ccda_mb_per_s", "ingest.fhir_read_mb_per_s",
        "ingest.fhir_write_mb_per_s", "ingest.mllp_applied_per_s",
    ]

    func validate() throws {
        guard (1...64).contains(senders) else { throw ValidationError("--senders is 1 to 64.") }
        guard Self.figures.contains(where: wants) else {
            throw ValidationError("--only begins one of \(Self.figures.joined(separator: ", ")).")
        }
    }

    private func wants(_ figure: String) -> Bool { figure.hasPrefix(only) }

    func run() async throws {
        let bench = Bench(options)
        bench.preface()
        let folder = try BenchFolder(under: options.folder ?? "/var/tmp")
        defer { folder.remove() }
        try await measure(
            bench, folder, name: "ingest.hl7v2_messages_per_s", unit: "1/s", aim: 20_000, peer: .hl7,
            files: (0..<200).map { IngestMessages.admission($0, update: 0) }, perFile: { _ in 1 },
            parse: Self.readMessage)
        // Published: XML, header, codes. Checked: every section and every rule besides.
        for (name, parse) in [("ingest.ccda_read_mb_per_s", Self.readDocument), ("ingest.ccda_mb_per_s", Self.review)] {
            try await measure(
                bench, folder, name: name, unit: "MB/s", aim: 40, peer: .lxml,
                files: (0..<8).map { IngestDocument.summary(problems: 100 + $0) }, perFile: { Double($0) / 1e6 },
                parse: parse)
        }
        try await bundles(bench, folder)
        try await feed(bench)
        bench.report.end()
    }

    /// The strict JSON reader and the writer, on Bundles as an export has them.
    private func bundles(_ bench: Bench, _ folder: BenchFolder) async throws {
        guard wants("ingest.fhir_read_mb_per_s") || wants("ingest.fhir_write_mb_per_s") else { return }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: bundles)) ?? []
        var files: [[UInt8]] = []
        for name in names.sorted() where name.hasSuffix(".json") && files.reduce(0, { $0 + $1.count }) < 32 << 20 {
            if let data = FileManager.default.contents(atPath: bundles + "/" + name) { files.append(Array(data)) }
        }
        guard !files.isEmpty else { return bench.report.words("there are no Bundles in \(bundles): FHIR is left out") }
        let limits = JSONLimits(nodesMax: 50_000_000)
        for peer in [ParsePeer.json, .orjson] {
            try await measure(
                bench, folder, name: "ingest.fhir_read_mb_per_s", unit: "MB/s", aim: 100, peer: peer, files: files,
                perFile: { Double($0) / 1e6 }) { _ = try JSONReader.read($0, limits: limits) }
        }
        // Written as it is read: what is counted are the bytes that come out.
        let values = try files.map { try JSONReader.read($0, limits: limits) }
        let written = values.map { JSONWriter.bytes($0) }
        for peer in [ParsePeer.jsonWriting, .orjsonWriting] {
            var next = 0
            try await measure(
                bench, folder, name: "ingest.fhir_write_mb_per_s", unit: "MB/s", aim: 100, peer: peer, files: written,
                perFile: { Double($0) / 1e6 }
            ) { _ in
                guard !JSONWriter.bytes(values[next]).isEmpty else { throw ExchangeError(.internal, "nothing was written") }
                next = (next + 1) % values.count
            }
        }
    }

    /// What a feed does with a message before it asks the exchange.
    private static func readMessage(_ bytes: [UInt8]) throws {
        let message = try MessageReader.read(bytes)
        _ = try MessageHeader(message)
        guard let segment = message.first("PID") else { throw ExchangeError(.internal, "no PID") }
        _ = try PatientIdentification(segment)
    }

    /// What publishing reads of a document.
    private static func readDocument(_ bytes: [UInt8]) throws { _ = try ClinicalDocument.read(ClinicalDocument.root(bytes)) }

    /// `hie document check` without its printing.
    private static func review(_ bytes: [UInt8]) throws {
        let root = try ClinicalDocument.root(bytes)
        _ = try DocumentReviewer.review(root, header: ClinicalDocument.read(root), now: Timestamp(seconds: 1_796_000_000))
    }

    /// Rounds of ours and of the peer's over the same files; the peer's is left out with a word where it is not installed.
    private func measure(
        _ bench: Bench, _ folder: BenchFolder, name: String, unit: String, aim: Double, peer: ParsePeer, files: [[UInt8]],
        perFile: @escaping (Int) -> Double, parse: ([UInt8]) throws -> Void,
    ) async throws {
        guard wants(name) else { return }
        var peer: ParsePeer? = peer
        do throws(ExchangeError) { try peer?.prepare(files, in: folder.path, python: python) } catch {
            bench.report.words("without \(peer?.rawValue ?? ""): \(error.message)")
            peer = nil
        }
        var ours: [Double] = []
        var theirs: [Double] = []
        try await bench.alternate {
            let watch = Stopwatch()
            var done = 0.0
            while watch.seconds < bench.seconds {
                for file in files {
                    try parse(file)
                    done += perFile(file.count)
                }
            }
            ours.append(done / watch.seconds)
        } _: {
            guard let peer else { return }
            let rounds = try peer.round(in: folder.path, seconds: bench.seconds, python: python)
            theirs.append(rounds * files.reduce(0) { $0 + perFile($1.count) })
        }
        bench.report.add(
            Figure(name, ours.median, unit, aim: .atLeast(aim), against: peer?.rawValue, ratio: Ratio(ours, over: theirs)))
    }

    /// A node's feed, loaded over so many connections.
    private func feed(_ bench: Bench) async throws {
        let name = "ingest.mllp_applied_per_s"
        guard wants(name) else { return }
        let port = try FreePort.find()
        let feed = """
            feeds:
              - name: bench
                listen: 127.0.0.1:\(port)
                in-clear: true
                authorities: [{name: BENCH, system: 'urn:oid:1.3.6.1.4.1.21367.2026.99.1'}]

            """
        try await bench.withNode(configured: feed) { node in
            let (process, _) = try await node.start()
            defer { node.kill(process) }
            var rates: [Double] = []
            var cpu: [Double] = []
            for round in 0..<bench.rounds {
                let before = ProcessUsage(of: process.id)
                let load = try await MLLPLoad.run(
                    port: port, senders: senders, seconds: bench.seconds, first: round * 1_000_000)
                guard load.refused == 0, load.done > 0, let before, let after = ProcessUsage(of: process.id) else {
                    throw node.failure(process, "\(load.refused) messages refused, one was: \(load.fault ?? "")")
                }
                rates.append(Double(load.done) / load.seconds)
                cpu.append((after.cpuSeconds - before.cpuSeconds) / Double(load.done) * 1e6)
            }
            bench.report.add(Figure(name, rates.median, "1/s", aim: .atLeast(2000)))
            bench.report.add(Figure("ingest.mllp_cpu_us", cpu.median, "us"))
        }
    }
}
