import ExchangeCore
import Testing
import Trust

@testable import GossipDirectory

@Suite struct OverlayTests {
    private func members(_ count: Int, organizations: Int) throws -> [(community: CommunityID, organization: String)] {
        try (0..<count).map { number in
            (try #require(CommunityID("1.3.6.1.4.1.21367.2026.\(number + 10)")), "org \(number % organizations)")
        }.sorted { $0.0 < $1.0 }
    }

    @Test(arguments: [2, 5, 9, 25, 200])
    func `everybody is watched by as many distinct organisations as there can be`(count: Int) throws {
        let members = try members(count, organizations: count)
        let overlay = Overlay(members, day: 20_000)
        for member in members {
            let observers = overlay.observers(of: member.community)
            #expect(observers.count == min(8, count - 1))
            #expect(Set(observers).count == observers.count)
            #expect(!observers.contains(member.community))
            for observer in observers { #expect(overlay.watched(by: observer).contains(member.community)) }
        }
    }

    @Test func `no two observers are of one organisation, nor of the watched one's`() throws {
        let members = try members(60, organizations: 6)
        let organizations = Dictionary(uniqueKeysWithValues: members.map { ($0.community, $0.organization) })
        let overlay = Overlay(members, day: 20_001)
        for member in members {
            let seen = overlay.observers(of: member.community).map { organizations[$0] }
            #expect(Set(seen).count == seen.count)
            #expect(!seen.contains(member.organization))
            #expect(seen.count == 5)
        }
    }

    @Test func `a root is a sum: what is taken away again leaves no trace`() throws {
        var random = SeededRandom(7)
        var root = DirectoryRoot()
        var parts: [DirectoryRoot] = []
        for number in 0..<50 {
            var part = DirectoryRoot()
            part.add(Thumbprint(of: [UInt8(number)]))
            part.count(1)
            parts.append(part)
            root.add(part)
        }
        #expect(DirectoryRoot(count: root.count, sum: root.sum) == root)
        for part in parts.shuffled(using: &random) { root.remove(part) }
        #expect(root == DirectoryRoot())
    }
}
