import ExchangeCore
import Simulation
import Testing
import Transactions
import Trust

/// The schedule by which directives are offered, and the memory of who was asked: pure, so every moment can be played.
@Suite struct DeliveryAgendaTests {
    private let one = CommunityID("1.3.6.1.4.1.21367.2026.11")!
    private let two = CommunityID("1.3.6.1.4.1.21367.2026.12")!

    private static func item(_ step: DeliveryAgenda.Step?) -> DeliveryAgenda.Item? {
        if case .offer(let item)? = step { item } else { nil }
    }

    private func ids(_ count: Int) -> [DirectiveID] {
        var random = SplitMix64(seed: 3)
        return (0..<count).map { _ in DirectiveID.random(using: &random) }
    }

    @Test func `a community is offered what it lacks, once at a time, and rests when it has all`() throws {
        var agenda = DeliveryAgenda(rescanInterval: .seconds(3600))
        let directives = ids(2)
        agenda.meet([one])
        let taken1 = agenda.take([one, two], now: .zero)
        #expect(taken1 == [one])
        let taken2 = agenda.take([one], now: .zero)
        #expect(taken2.isEmpty, "somebody is at it")
        #expect(agenda.step(one) == .scan)
        #expect(agenda.waiting(for: one, limit: 9) == nil)
        agenda.scanned(one, found: directives, isWhole: true, now: .zero)
        for directive in directives {
            let item = try #require(Self.item(agenda.step(one)))
            #expect(item.directive == directive)
            agenda.done(item, at: one)
        }
        #expect(agenda.step(one) == nil)
        agenda.rest(one)
        let taken3 = agenda.take([one], now: .seconds(3599))
        #expect(taken3.isEmpty)
        let taken4 = agenda.take([one], now: .seconds(3600))
        #expect(taken4 == [one], "looks anew from time to time")
    }

    @Test func `what changes while it is offered is offered again`() throws {
        var agenda = DeliveryAgenda(rescanInterval: .seconds(3600))
        let directive = ids(1)[0]
        agenda.meet([one])
        agenda.scanned(one, found: [directive], isWhole: true, now: .zero)
        let first = try #require(Self.item(agenda.step(one)))
        agenda.recorded(directive)
        agenda.done(first, at: one)
        let second = try #require(Self.item(agenda.step(one)), "the change is lost")
        #expect(second.directive == directive && second != first)
    }

    @Test func `attempts come apart to half a minute, and at once when the community is heard of`() {
        var agenda = DeliveryAgenda(rescanInterval: .seconds(3600))
        var random = SplitMix64(seed: 9)
        agenda.meet([one])
        var now = Duration.zero
        var pauses: [Duration] = []
        for _ in 0..<12 {
            let taken5 = agenda.take([one], now: now)
            #expect(taken5 == [one])
            pauses.append(agenda.failed(one, because: "it cannot be reached", now: now, using: &random))
            let taken6 = agenda.take([one], now: now)
            #expect(taken6.isEmpty)
            now += pauses.last ?? .zero
        }
        #expect(pauses[0] <= DeliveryAgenda.pauseMin * 6 / 5)
        #expect(pauses.allSatisfy { $0 <= DeliveryAgenda.pauseMax * 6 / 5 })
        #expect(pauses[11] >= DeliveryAgenda.pauseMax * 4 / 5)
        #expect(agenda.reason(one) == "it cannot be reached")
        _ = agenda.failed(one, because: "it cannot be reached", now: now, using: &random)
        agenda.contacted(one)
        let taken7 = agenda.take([one], now: now)
        #expect(taken7 == [one])
    }

    @Test func `a list that is full is completed from the projection`() {
        var agenda = DeliveryAgenda(rescanInterval: .seconds(3600))
        agenda.meet([one])
        agenda.scanned(one, found: ids(DeliveryAgenda.queueMax), isWhole: true, now: .zero)
        var random = SplitMix64(seed: 4)
        agenda.recorded(.random(using: &random))
        while case .offer(let item)? = agenda.step(one) { agenda.done(item, at: one) }
        #expect(agenda.step(one) == .scan)
    }

    @Test func `receipts are matched by the hash of what was offered`() throws {
        var agenda = DeliveryAgenda(rescanInterval: .seconds(3600))
        agenda.meet([one])
        agenda.scanned(one, found: ids(1), isWhole: true, now: .zero)
        let item = try #require(agenda.waiting(for: one, limit: 1)?.first)
        let hash = Thumbprint(of: [1])
        agenda.offered(.init(item: item, version: 1), as: hash, to: one)
        #expect(agenda.offer(behind: hash, at: one)?.version == 1)
        #expect(agenda.offer(behind: hash, at: two) == nil)
        #expect(agenda.offer(behind: Thumbprint(of: [2]), at: one) == nil)
        agenda.done(item, at: one)
        #expect(agenda.offer(behind: hash, at: one) == nil)
    }

    @Test func `who was not asked, or not lately, is due; who did not answer is left alone for a second`() {
        var contacts = PeerContacts(ageMax: .seconds(30))
        #expect(contacts.due([one, two], now: .zero) == [one, two])
        let begun8 = contacts.begin(one)
        #expect(begun8)
        let begun9 = contacts.begin(one)
        #expect(!begun9, "somebody is asking")
        contacts.current(one, at: .zero)
        contacts.failed(two, at: .zero)
        #expect(contacts.due([one, two], now: .milliseconds(999)).isEmpty)
        #expect(contacts.quiet([one, two], now: .milliseconds(999)) == .seconds(1))
        #expect(contacts.due([one, two], now: .seconds(1)) == [two])
        #expect(contacts.due([one], now: .seconds(29)).isEmpty)
        #expect(contacts.due([one], now: .seconds(30)) == [one])
        #expect(contacts.aging([one], now: .seconds(20)) == [one])
        contacts.current(one, at: .seconds(31))
        contacts.lost(one)
        #expect(contacts.due([one], now: .seconds(31)) == [one], "contact lost is contact to be made anew")
        let wasLost10 = contacts.heard(two)
        #expect(wasLost10)
        let wasLost11 = contacts.heard(two)
        #expect(!wasLost11)
        #expect(contacts.due([two], now: .milliseconds(1)) == [two])
    }
}
