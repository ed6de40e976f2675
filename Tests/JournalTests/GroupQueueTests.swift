import ExchangeCore
import Journal
import Synchronization
import Testing

@Suite struct GroupQueueTests {
    private final class Log: Sendable {
        struct Seen {
            var first: [Int] = []
            var second: [Int] = []
            var groups = 0
            var sizes: [Int] = []
            var inFirst = 0
            var inSecond = 0
        }

        let state = Mutex(Seen())
    }

    @Test func `everyone gets their own outcome, in the order of the queue, and groups pass both stages one by one`()
        async
    {
        let queue = GroupQueue<Int, [Int], Int>(waitingMax: 1000, waitingCostMax: 1000, groupMax: 16, groupCostMax: 16)
        let log = Log()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let outcome = await queue.submit(number, cost: 1) { items in
                        log.state.withLock {
                            #expect($0.inFirst == 0 && items.count <= 16)
                            $0.inFirst += 1
                            $0.first += items
                            $0.groups += 1
                        }
                        await Task.yield()
                        log.state.withLock { $0.inFirst -= 1 }
                        return stride(from: 0, to: items.count, by: 3).map { Array(items[$0..<min($0 + 3, items.count)]) }
                    } second: { items in
                        log.state.withLock {
                            #expect($0.inSecond == 0)
                            $0.inSecond += 1
                            $0.second += items
                        }
                        await Task.yield()
                        log.state.withLock { $0.inSecond -= 1 }
                        return items.map { $0 * 2 }
                    }
                    #expect(outcome == number * 2)
                }
            }
        }
        let seen = log.state.withLock { $0 }
        #expect(seen.first.sorted() == Array(0..<500))
        #expect(seen.second == seen.first)
        #expect(seen.groups < 500)
    }

    @Test func `a caller whose part is done goes on while the others of its group still wait`() async {
        let queue = GroupQueue<Int, [Int], Int>(waitingMax: 100, waitingCostMax: 100, groupMax: 16, groupCostMax: 16)
        let done = Log()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    let outcome = await queue.submit(number, cost: 1) { items in
                        items.map { [$0] }
                    } second: { part in
                        for _ in 0..<50 { await Task.yield() }
                        done.state.withLock { $0.second += part }
                        return part
                    }
                    #expect(outcome == number)
                    done.state.withLock { $0.first.append($0.second.count) }
                }
            }
        }
        // How many were behind the second stage when each went on: not all of them for everybody.
        #expect(Set(done.state.withLock { $0.first }).count > 2)
    }

    @Test func `while a crowd is shown, the next group waits for half as many, or for the end`() async {
        let queue = GroupQueue<Int, [Int], Int>(waitingMax: 100, waitingCostMax: 100, groupMax: 64, groupCostMax: 64)
        let log = Log()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<33 {
                group.addTask {
                    for _ in 0..<20 {
                        _ = await queue.submit(number, cost: 1) { items in
                            log.state.withLock { $0.sizes.append(items.count) }
                            for _ in 0..<20 { await Task.yield() }
                            return items.map { [$0] }
                        } second: { part in
                            for _ in 0..<20 { await Task.yield() }
                            log.state.withLock { $0.groups += 1 }
                            return part
                        }
                    }
                }
            }
        }
        #expect(log.state.withLock { $0.groups } == 33 * 20)
        // A single one that missed the crowd no longer makes a group: but for the beginning and the end, hardly one is that
        // small. (When nobody is shown at the moment a group closes, it is as small as it is.)
        let middle = log.state.withLock { $0.sizes.dropFirst(3).dropLast(8) }
        #expect(!middle.isEmpty && middle.count { $0 < 4 } * 10 <= middle.count)
        // One alone waits for nobody.
        #expect(await queue.submit(7, cost: 1, first: { [$0] }, second: { $0 }) == 7)
    }

    @Test func `a full queue refuses, and works on`() async {
        let queue = GroupQueue<Int, [Int], Int>(waitingMax: 4, waitingCostMax: 100, groupMax: 2, groupCostMax: 100)
        let refused = Log()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let outcome = await queue.submit(number, cost: 1) { items in
                        for _ in 0..<20 { await Task.yield() }
                        return [items]
                    } second: {
                        $0
                    }
                    if outcome == nil { refused.state.withLock { $0.groups += 1 } } else { #expect(outcome == number) }
                }
            }
        }
        #expect(refused.state.withLock { $0.groups } > 0)
        #expect(await queue.submit(7, cost: 1, first: { [$0] }, second: { $0 }) == 7)
        #expect(await queue.submit(8, cost: 101, first: { [$0] }, second: { $0 }) == nil)
    }
}
