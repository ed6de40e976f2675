import Foundation

/// Numbered cases, each drawn from its own number: any case, and any range of cases, can be played again alone.
///
///     HIE_FUZZ_CASES  how many (10,000,000 by hand); a few without it
///     HIE_FUZZ_FIRST  the number of the first (0)
///     HIE_FUZZ_LOG    a file: a line every 100,000 cases; FILE.case has the number of the case under way, so that one that
///                     ends the process, or does not end within a minute (which ends the process, too), can be told; of a
///                     run of one case FILE.input has what was decoded
///
/// `Deploy/fuzz` builds what is needed in release and runs ranges.
package struct FuzzRun {
    private let name: String
    private let first: UInt64
    private let count: UInt64
    private let log: String?
    private let memoryTimesMax: Double

    /// A run of `few` cases, unless the environment says how many; decoders may take so many times their input's bytes.
    package init(_ name: String, few: UInt64 = 1600, memoryTimesMax: Double = 20) {
        self.memoryTimesMax = memoryTimesMax
        let environment = ProcessInfo.processInfo.environment
        self.name = name
        first = environment["HIE_FUZZ_FIRST"].flatMap { UInt64($0) } ?? 0
        count = environment["HIE_FUZZ_CASES"].flatMap { UInt64($0) } ?? few
        log = environment["HIE_FUZZ_LOG"]
    }

    /// Runs the cases; `body` gets a case's own generator and a meter for the work that is judged, and says what was wrong.
    ///
    /// What it returns, and what the meter found, comes back with the numbers of the cases, twenty at the most.
    package func faults(_ body: (inout FuzzRandom, inout FuzzMeter) -> String?) -> [String] {
        var faults: [String] = []
        var meter = FuzzMeter(timesMax: memoryTimesMax, keeping: count == 1 ? log.map { $0 + ".input" } : nil)
        let current = log.map { open($0 + ".case", O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        defer {
            alarm(0)
            if let current { close(current) }
        }
        for number in first..<first + count {
            if let current { Self.note(number, in: current) }
            alarm(60)
            var random = FuzzRandom(seed: number)
            meter.number = number
            for fault in [body(&random, &meter), meter.fault()].compactMap(\.self) {
                faults.append("\(name), case \(number): \(fault)")
                say(faults[faults.count - 1])
            }
            if faults.count >= 20 { break }
            let done = number - first + 1
            if done % 100_000 == 0 || done == count { say("\(name): \(done) of \(count) from \(first), \(meter)") }
        }
        return faults
    }

    private static func note(_ number: UInt64, in file: Int32) {
        var line = Array(String(number).utf8)
        line += repeatElement(0x20, count: 20 - line.count) + [0x0A]
        _ = line.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
    }

    private func say(_ line: String) {
        guard let log, let file = fopen(log, "a") else { return }
        fputs(line + "\n", file)
        fclose(file)
    }
}

/// Watches what decoders cost: a second of the processor is a hang, and more than so many times the input is too much memory (judged
/// where the heap is counted).
package struct FuzzMeter: CustomStringConvertible {
    /// What any decoder may hold however short its input: expat's parser and its buffers.
    static let heldAlways: UInt64 = 32 << 10
    private static let secondsMax = 1.0

    fileprivate let timesMax: Double
    private let inputFile: String?
    fileprivate var number: UInt64 = 0
    private let heap = HeapUse()
    private var found: String?
    private var bytes = 0
    private var slowest = (seconds: 0.0, number: UInt64(0))
    private var fattest = (times: 0.0, number: UInt64(0))

    fileprivate init(timesMax: Double, keeping input: String?) {
        self.timesMax = timesMax
        inputFile = input
    }

    /// Decodes an input of so many bytes; returns and throws as the work does.
    package mutating func decode<Value, Failure: Error>(
        _ input: [UInt8], _ work: ([UInt8]) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        if let inputFile { try? Data(input).write(to: URL(fileURLWithPath: inputFile)) }
        let before = heap?.begin() ?? 0
        let start = Self.seconds
        defer { judge(input.count, seconds: Self.seconds - start, used: heap?.most() ?? 0, before) }
        return try work(input)
    }

    private mutating func judge(_ size: Int, seconds: Double, used most: UInt64, _ before: UInt64) {
        bytes += size
        if seconds > slowest.seconds { slowest = (seconds, number) }
        if seconds > Self.secondsMax { found = "\(size) bytes took \(seconds) s" }
        let used = most > before ? most - before : 0
        guard used > Self.heldAlways else { return }
        let times = Double(used - Self.heldAlways) / Double(max(1, size))
        if times > fattest.times { fattest = (times, number) }
        if times > timesMax { found = "\(size) bytes took \(used) bytes of memory" }
    }

    fileprivate mutating func fault() -> String? {
        defer { found = nil }
        return found
    }

    package var description: String {
        let memory = heap == nil ? "not counted" : String(format: "%.1f times the input (case %llu)", fattest.times, fattest.number)
        return String(
            format: "%.0f s, %.0f MB; slowest %.1f ms (case %llu); memory beyond %llu KiB %@", Self.seconds, Double(bytes) / 1e6,
            slowest.seconds * 1000, slowest.number, Self.heldAlways >> 10, memory)
    }

    /// The time this thread has had a processor.
    private static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
