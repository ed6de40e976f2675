import ExchangeCore
import RecordLocation
import Testing

@Suite struct CorrelationsTests {
    private let east = CommunityID("1.2.1")!
    private let west = CommunityID("1.2.2")!
    private let patient = PatientID(bytes: [UInt8](repeating: 1, count: 16))!
    private let other = PatientID(bytes: [UInt8](repeating: 2, count: 16))!

    @Test func `what a community said holds for the same question, for a while`() {
        var correlations = Correlations<Int>(age: .seconds(10))
        correlations.note(patient, at: east, is: "p7", for: 1, now: .zero)
        #expect(correlations.known(patient, at: east, for: 1, now: .seconds(9)) == "p7")
        #expect(correlations.known(patient, at: east, for: 1, now: .seconds(10)) == nil)
        #expect(correlations.known(patient, at: east, for: 2, now: .zero) == nil)
        #expect(correlations.known(patient, at: west, for: 1, now: .zero) == nil)
        #expect(correlations.known(other, at: east, for: 1, now: .zero) == nil)
        #expect(correlations.communities(knowing: patient, now: .zero) == [east])
    }

    @Test func `one is dropped at one community, or everywhere`() {
        var correlations = Correlations<Int>(age: .seconds(10))
        for community in [east, west] { correlations.note(patient, at: community, is: "p", for: 1, now: .zero) }
        correlations.note(other, at: east, is: "o", for: 1, now: .zero)
        correlations.drop(patient, at: east)
        #expect(correlations.communities(knowing: patient, now: .zero) == [west])
        correlations.drop(patient)
        #expect(correlations.communities(knowing: patient, now: .zero).isEmpty)
        #expect(correlations.known(other, at: east, for: 1, now: .zero) == "o")
    }
}
