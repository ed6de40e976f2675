import ExchangeCore
import ExchangeNode
import Glibc

/// Questions in a row or at a pace, and what came of them.
struct LocateRounds: Sendable {
    private let asker: LocateAsker

    /// Rounds of an asking node.
    init(_ asker: LocateAsker) { self.asker = asker }

    /// What a question is asked with.
    struct Question: Sendable {
        /// Asked by the node without hedges and breakers.
        var isPlain = false
        /// By which the responders count it.
        var letter: Character { isPlain ? "b" : "a" }
        /// Until when.
        var deadline: Duration
        /// Whom.
        var only: Set<CommunityID>?
    }

    /// Asks at a pace, whatever the answers do (an open loop): a slow answer makes no later question wait.
    func paced(_ count: Int, every gap: Double, _ question: @escaping @Sendable (Int) -> Question) async -> [LocateAsker.Sample] {
        await withTaskGroup(of: (Int, LocateAsker.Sample).self) { group in
            let watch = Stopwatch()
            for number in 0..<count {
                let early = Double(number) * gap - watch.milliseconds
                if early > 0 { try? await World.system.sleep(.microseconds(Int64(early * 1000))) }
                group.addTask { (number, await ask(number, question(number))) }
            }
            var samples: [(Int, LocateAsker.Sample)] = []
            for await sample in group { samples.append(sample) }
            return samples.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Keeps so many questions under way for some seconds (a closed loop).
    func closed(_ lanes: Int, seconds: Double, _ question: Question) async -> (samples: [LocateAsker.Sample], seconds: Double) {
        let watch = Stopwatch()
        let samples = await withTaskGroup(of: [LocateAsker.Sample].self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var samples: [LocateAsker.Sample] = []
                    while watch.seconds < seconds {
                        samples.append(await ask(lane + samples.count * lanes, question))
                    }
                    return samples
                }
            }
            var all: [LocateAsker.Sample] = []
            for await samples in group { all += samples }
            return all
        }
        return (samples, watch.seconds)
    }

    private func ask(_ number: Int, _ question: Question) async -> LocateAsker.Sample {
        await asker.ask(
            number, by: question.isPlain ? asker.plain : asker.exchange, letter: question.letter,
            within: question.deadline, only: question.only)
    }

    /// CPU seconds of this process so far, user and system, all threads.
    static var cpuSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

extension [LocateAsker.Sample] {
    /// Milliseconds at a share of the questions, 0 to 1: the nearest rank.
    func milliseconds(at share: Double) -> Double {
        let sorted = map(\.milliseconds).sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[Swift.min(count - 1, Int((share * Double(count)).rounded(.up)) - 1)]
    }

    /// The share that was complete within so many milliseconds, in percent.
    func complete(within milliseconds: Double) -> Double {
        isEmpty ? 0 : Double(self.count { $0.isComplete && $0.milliseconds <= milliseconds }) / Double(count) * 100
    }

    /// What kept one of them from being answered at all.
    var fault: String? { lazy.compactMap(\.fault).first }
}
