import ExchangeCore
import FoundationEssentials

/// What others parse the same files with, in Python.
enum ParsePeer: String, Sendable {
    case hl7 = "python-hl7"
    case lxml
    case json
    case orjson
    case jsonWriting = "json, writing"
    case orjsonWriting = "orjson, writing"

    private var module: String {
        switch self {
        case .hl7: "hl7"
        case .lxml: "lxml.etree"
        case .json, .jsonWriting: "json"
        case .orjson, .orjsonWriting: "orjson"
        }
    }

    /// What is done with each text again and again, and what is made of it once before.
    private var deed: (before: String, again: String) {
        switch self {
        case .hl7: ("t", "hl7.parse(t.decode('utf-8'))")
        case .lxml: ("t", "lxml.etree.fromstring(t)")
        case .json, .orjson: ("t", "\(module).loads(t)")
        case .jsonWriting: ("json.loads(t)", "json.dumps(t, ensure_ascii=False, separators=(',', ':')).encode('utf-8')")
        case .orjsonWriting: ("orjson.loads(t)", "orjson.dumps(t)")
        }
    }

    /// Does it with every file of a folder again and again for so many seconds; prints how often all of them a second.
    private var program: String {
        let deed = deed
        return """
            import sys, time, glob, \(module)
            texts = [open(f, 'rb').read() for f in sorted(glob.glob(sys.argv[1] + '/*.in'))]
            texts = [\(deed.before) for t in texts]
            done, start = 0, time.perf_counter()
            while True:
                for t in texts: \(deed.again)
                done += 1
                took = time.perf_counter() - start
                if took >= float(sys.argv[2]): break
            print(done / took)
            """
    }

    /// Writes the files and asks whether the peer is there. Throws `.unavailable` where it is not.
    func prepare(_ files: [[UInt8]], in folder: String, python: String) throws(ExchangeError) {
        do {
            try FileManager.default.createDirectory(atPath: place(in: folder), withIntermediateDirectories: true)
            for (number, bytes) in files.enumerated() {
                try Data(bytes).write(to: URL(fileURLWithPath: place(in: folder) + "/\(1000 + number).in"))
            }
        } catch {
            throw ExchangeError(.unavailable, "cannot write the files into \(folder)")
        }
        _ = try round(in: folder, seconds: 0, python: python)
    }

    /// One round; how often it parsed all files a second.
    func round(in folder: String, seconds: Double, python: String) throws(ExchangeError) -> Double {
        let log = place(in: folder) + "/log"
        try? FileManager.default.removeItem(atPath: log)
        let child = try ChildProcess(python, ["-c", program, place(in: folder), String(seconds)], log: log)
        child.wait()
        guard let rate = ProcFile.text(log).flatMap({ Double($0.split(separator: "\n").last.map(String.init) ?? "") }) else {
            throw ExchangeError(.unavailable, "\(python) has no \(module); install it, or name another with --python")
        }
        return rate
    }

    private func place(in folder: String) -> String { folder + "/" + rawValue }
}
