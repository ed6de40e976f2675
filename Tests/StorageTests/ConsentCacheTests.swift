import ConsentEngine
import ExchangeCore
import Simulation
import Testing

@testable import Storage

struct ConsentCacheTests {
    private func ids(_ count: Int) -> [PatientID] {
        var random = SplitMix64(seed: 5)
        return (0..<count).map { _ in PatientID.random(using: &random) }
    }

    @Test func `what was read is not read again, until a version changes`() throws {
        let cache = ConsentCache()
        var random = SplitMix64(seed: 6)
        let patient = ids(1)[0]
        let directive = DirectiveID.random(using: &random)
        var reads = 0
        func ask(_ number: Int, of patient: PatientID = patient, care: [Int64] = []) -> PatientConsent {
            cache.consent(of: patient, [.init(directive: directive, number: number)], care: care) {
                reads += 1
                return PatientConsent([])
            }
        }
        let first = ask(1)
        #expect(ask(1) === first)
        #expect(reads == 1)
        #expect(ask(2) !== first)
        #expect(reads == 2)
        #expect(ask(2, of: ids(2)[1]) !== ask(2))
        #expect(reads == 3)
        #expect(ask(2, care: [7]) !== ask(2), "who treats is another")
        #expect(reads == 4)
    }

    @Test func `it holds two generations and no more`() {
        let cache = ConsentCache()
        var random = SplitMix64(seed: 7)
        let directive = DirectiveID.random(using: &random)
        var reads = 0
        func ask(_ patient: PatientID) {
            _ = cache.consent(of: patient, [.init(directive: directive, number: 1)], care: []) {
                reads += 1
                return PatientConsent([])
            }
        }
        let patients = ids(3 * ConsentCache.generationMax)
        patients.forEach(ask)
        #expect(reads == patients.count)
        ask(patients[patients.count - 1])
        #expect(reads == patients.count, "the newest are there")
        ask(patients[0])
        #expect(reads == patients.count + 1, "the oldest are gone")
    }
}
