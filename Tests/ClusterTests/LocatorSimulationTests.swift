import ConsentEngine
import ExchangeCore
import RecordLocation
import Simulation
import Testing
import Transactions
import XDSMetadata

@testable import hie_sim

/// The record locator among communities that fail, on one thread, from a seed.
@Suite struct LocatorSimulationTests {
    @Test(arguments: 1...25 as ClosedRange<UInt64>)
    func `every answer says what it covers, whatever fails`(seed: UInt64) throws {
        let outcome = try LocatorGame(trace: nil).run(seed: seed)
        #expect(outcome.violations.isEmpty)
        #expect(outcome.answers > 0)
    }

    /// A scene in which nothing fails unless the test says so, with searches conducted beside it.
    private func play(_ body: @escaping @Sendable (LocatorScene) async throws -> Void) throws {
        let scheduler = SeededScheduler(seed: 7)
        let world = scheduler.world
        try scheduler.run {
            let scene = try await LocatorScene(world)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await scene.node.exchange.conductSearches() }
                defer { group.cancelAll() }
                try await body(scene)
            }
        }
    }

    private func ask(
        _ scene: LocatorScene, within time: Duration = .seconds(20), _ locating: Locating = Locating(),
    ) async throws -> FoundDocuments {
        let found = try await scene.node.exchange.locateDocuments(
            of: scene.people[0], matching: DocumentQuery(), Self.everywhere(locating),
            for: LocatorScene.context(scene.node, within: time, scene.world))
        found.ticket?.end()
        return found
    }

    private static func everywhere(_ locating: Locating) -> Locating {
        var locating = locating
        locating.scope = .exhaustive
        return locating
    }

    private func state(_ found: FoundDocuments, _ community: CommunityID) -> CommunityAnswer.State? {
        found.receipt.communities.first { $0.community == community }?.state
    }

    /// One that is listed with two addresses at least.
    private func twofold(_ scene: LocatorScene) throws -> LocatorScene.Other {
        try #require(scene.others.first { $0.isListed && $0.bases.count > 1 })
    }

    @Test func `a slow address is joined by another one, which answers`() throws {
        try play { scene in
            let other = try twofold(scene)
            for _ in 0..<12 { _ = try await ask(scene) }
            scene.peers.set(.silent, at: other.bases[0])
            let before = scene.node.exchange.searches.tally
            let asked = scene.world.uptime()
            let found = try await ask(scene)
            #expect(state(found, other.community)?.isGap == false)
            #expect(scene.node.exchange.searches.tally.hedged > before.hedged)
            #expect(scene.world.uptime() - asked < .seconds(1))
        }
    }

    @Test func `a refused connection is tried at the next address, once`() throws {
        try play { scene in
            let other = try twofold(scene)
            scene.peers.set(.down, at: other.bases[0])
            let found = try await ask(scene)
            #expect(state(found, other.community)?.isGap == false)
            #expect(scene.node.exchange.searches.tally.repeated >= 1)
        }
    }

    @Test func `one that keeps failing is left alone, said to be, and asked again later`() throws {
        try play { scene in
            let other = try twofold(scene)
            for base in other.bases { scene.peers.set(.down, at: base) }
            for _ in 0..<12 { _ = try await ask(scene) }
            #expect(state(try await ask(scene), other.community) == .breakerOpen)
            for base in other.bases { scene.peers.set(.none, at: base) }
            try await scene.world.sleep(.seconds(70))
            #expect(state(try await ask(scene), other.community)?.isGap == false)
        }
    }

    @Test func `what comes late is there for whoever goes on, until others were told it may be passed on`() throws {
        try play { scene in
            let whole = try await ask(scene)
            let hasty = try await ask(scene, within: .microseconds(100))
            #expect(hasty.rows.isEmpty && !hasty.receipt.isComplete)
            let search = try #require(hasty.search)
            var locating = Locating()
            locating.resuming = .init(token: search.token, seen: whole.search?.seen ?? 0, isPaging: false)
            let first = scene.node.exchange.searches.tally.first
            let late = try await ask(scene, locating)
            #expect(late.rows.map(\.id) == whole.rows.map(\.id))
            #expect(late.search?.token == search.token)
            #expect(scene.node.exchange.searches.tally.first == first, "nobody was asked again")
            try await scene.world.sleep(.seconds(11))
            let after = try await ask(scene, locating)
            #expect(after.search?.token != search.token)
            #expect(scene.node.exchange.searches.tally.first > first, "all were asked again")
        }
    }

    @Test func `who floods is refused at once, and leaves places to others`() throws {
        try play { scene in
            let exchange = scene.node.exchange
            let places = exchange.settings.limits.searchesMax / 2
            for other in scene.others { for base in other.bases { scene.peers.set(.silent, at: base) } }
            @Sendable func question(_ user: String) async -> ExchangeError? {
                let context = LocatorScene.context(scene.node, user: user, within: .seconds(2), scene.world)
                do throws(ExchangeError) {
                    let found = try await exchange.locateDocuments(
                        of: scene.people[0], matching: DocumentQuery(), Self.everywhere(Locating()), for: context)
                    found.ticket?.end()
                    return nil
                } catch {
                    return error
                }
            }
            await withTaskGroup(of: ExchangeError?.self) { group in
                for _ in 0..<(places + 5) { group.addTask { await question("flood") } }
                try? await scene.world.sleep(.milliseconds(500))
                #expect(await question("other") == nil)
                var refused = 0
                for await error in group { if error?.message.hasPrefix("XDSRegistryBusy") ?? false { refused += 1 } }
                #expect(refused == 5)
            }
            #expect(await question("flood") == nil)
        }
    }

    @Test func `documents whose bytes nobody vouches for are never taken for the same`() throws {
        try play { scene in
            var random = scene.world.random
            let listed = scene.others.filter(\.isListed).prefix(2)
            try #require(listed.count == 2)
            for other in scene.others { scene.peers.set(nil, of: scene.people[0], at: other.community) }
            for digest in [[], [UInt8](repeating: 7, count: 20)] as [[UInt8]] {
                for other in listed {
                    let id = PatientID.random(using: &random)
                    let entry = DocumentEntry(
                        id: .random(using: &random), uniqueID: "urn:oid:1.2.3.0.1", patient: id, home: other.community,
                        mimeType: "text/xml", sha1: digest, sha256: [], size: -1, registered: scene.world.now())
                    scene.peers.set(.init(id: id, documents: [entry]), of: scene.people[0], at: other.community)
                }
                let found = try await ask(scene)
                #expect(found.rows.count == (digest.isEmpty ? 2 : 1))
            }
        }
    }

    @Test func `a change of consent voids what was found before it`() throws {
        try play { scene in
            let found = try await ask(scene)
            let search = try #require(found.search)
            var random = scene.world.random
            let refusal = ConsentDirective(
                id: .ordered(at: scene.world.now(), using: &random), patient: scene.people[0], base: ConsentRule(.deny),
                recorded: scene.world.now())
            try await scene.node.exchange.recordConsent(
                refusal, for: LocatorScene.context(scene.node, door: .administration, within: .seconds(30), scene.world))
            var locating = Locating()
            locating.resuming = .init(token: search.token, seen: search.seen, isPaging: true)
            let first = scene.node.exchange.searches.tally.first
            let after = try await ask(scene, locating)
            #expect(after.search?.token != search.token)
            #expect(scene.node.exchange.searches.tally.first > first, "all were asked again")
        }
    }

    @Test func `a question whose deadline has passed is not answered, and not written down`() throws {
        try play { scene in
            let exchange = scene.node.exchange
            let before = try await exchange.projection.accesses(to: scene.people[0], limit: 10).count
            let late = LocatorScene.context(scene.node, door: .peer, within: .zero, scene.world)
            await #expect(throws: ExchangeError.self) {
                try await exchange.findDocuments(of: scene.people[0], matching: DocumentQuery(), for: late)
            }
            #expect(try await exchange.projection.accesses(to: scene.people[0], limit: 10).count == before)
        }
    }
}

extension CommunityAnswer.State {
    fileprivate var isGap: Bool {
        switch self {
        case .answered, .none: false
        case .incomplete, .denied, .ambiguous, .timedOut, .unreachable, .breakerOpen, .skipped: true
        }
    }
}
