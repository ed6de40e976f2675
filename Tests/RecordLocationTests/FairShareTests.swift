import ExchangeCore
import RecordLocation
import Testing

@Suite struct FairShareTests {
    @Test func `who floods is refused before who does not`() {
        var share = FairShare<String>(totalMax: 100, perAskerMax: 80)
        var admitted = 0
        for _ in 0..<1000 where share.enter("flood") { admitted += 1 }
        #expect(admitted == 80)
        // The places that are left are shared by whoever comes.
        for asker in ["a", "b"] {
            for _ in 0..<5 {
                let isIn = share.enter(asker)
                #expect(isIn)
            }
        }
        let said2 = share.enter("flood")
        #expect(!said2)
        for _ in 0..<50 { share.leave("flood") }
        let said3 = share.enter("flood")
        #expect(said3)
    }

    @Test func `past half of the places nobody holds more than an equal part`() {
        var share = FairShare<Int>(totalMax: 100, perAskerMax: 100)
        for asker in 0..<10 {
            for _ in 0..<6 {
                let isIn = share.enter(asker)
                #expect(isIn)
            }
        }
        for asker in 0..<10 {
            var more = 0
            while share.enter(asker) { more += 1 }
            #expect(more == 4)
        }
        let said5 = share.enter(11)
        #expect(!said5)
    }

    @Test(arguments: 1...20)
    func `places are never lost nor invented`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var share = FairShare<Int>(totalMax: 16, perAskerMax: 5)
        var held: [Int] = []
        for _ in 0..<2000 {
            if Bool.random(using: &random), !held.isEmpty {
                share.leave(held.remove(at: Int.random(in: held.indices, using: &random)))
            } else {
                let asker = Int.random(in: 0..<6, using: &random)
                if share.enter(asker) { held.append(asker) }
            }
            #expect(held.count <= 16)
        }
        for asker in held { share.leave(asker) }
        for asker in 0..<5 {
            let said6 = share.enter(asker)
            #expect(said6)
        }
    }

    @Test func `leaving without having entered changes nothing`() {
        var share = FairShare<Int>(totalMax: 1, perAskerMax: 1)
        share.leave(1)
        let said7 = share.enter(1)
        #expect(said7)
        let said8 = share.enter(2)
        #expect(!said8)
    }
}
