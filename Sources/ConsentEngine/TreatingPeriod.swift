/// For how long whoever a stay or visit names is taken to treat the patient.
package struct TreatingPeriod: Hashable, Sendable {
    /// Days after its end: for letters, results and questions.
    package var daysAfterEnd: Int
    /// Days that a stay lasts of which no end is heard.
    package var daysWithoutEnd: Int

    /// Where the facility says nothing: 30 and 400 days.
    package static let usual = TreatingPeriod(daysAfterEnd: 30, daysWithoutEnd: 400)

    /// A period from its days.
    package init(daysAfterEnd: Int, daysWithoutEnd: Int) {
        self.daysAfterEnd = daysAfterEnd
        self.daysWithoutEnd = daysWithoutEnd
    }

    var afterEnd: Duration { .seconds(daysAfterEnd * 86_400) }
    var withoutEnd: Duration { .seconds(daysWithoutEnd * 86_400) }
}
