import ExchangeCore
import FoundationEssentials

/// What others parse the same files with, in Python.
enum ParsePeer: String, Sendable {
    case hl7 = "python-hl7"
    case lxml

    /// Parses every file of a folder again and again for so many seconds; prints how often all of them a second.
    private var program: String {
        let parse = self == .hl7 ? "hl7.parse(t.decode('utf-8'))" : "lxml.etree.fromstring(t)"
        let module = self == .hl7 ? "hl7" : "lxml.etree"
        return """
            import sys, time, glob, \(module)
            texts = [open(f, 'rb').read() for f in sorted(glob.glob(sys.argv[1] + '/*.in'))]
            done, start = 0, time.perf_counter()
            while True:
                for t in texts: \(parse)
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
            throw ExchangeError(.unavailable, "\(python) has no \(rawValue); install it, or name another with --python")
        }
        return rate
    }

    private func place(in folder: String) -> String { folder + "/" + rawValue }
}
