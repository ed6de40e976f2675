/// What can go wrong in the exchange: a code of a closed list and a sentence that says what to do.
///
/// A refusal is not an error: deny, no match and empty are return values. The message never holds patient data.
/// Two errors are equal when their codes are: callers decide by code, people read the message.
package struct ExchangeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The closed list; every edge maps it, without `default`, to its own wire form.
    package enum Code: String, Sendable, CaseIterable {
        /// The input is wrong; the sender must change it.
        case badRequest
        /// Nobody we can name is asking.
        case unauthenticated
        /// We know who asks, and the answer is no, whatever the patient.
        case forbidden
        /// There is no such thing, or policy hides it: the two are not told apart.
        case notFound
        /// The state of the node contradicts the request.
        case conflict
        /// It was there and is withdrawn.
        case gone
        /// A limit was crossed; the message names it.
        case tooLarge
        /// The node cannot answer now.
        case unavailable
        /// Time ran out.
        case timeout
        /// Stored data is damaged.
        case corrupted
        /// The patient named in a submission is not registered here.
        case unknownPatient
        /// A fault of ours.
        case `internal`
    }

    /// Which of the closed list.
    package let code: Code
    /// One lower-case sentence for the person who must act; no patient data, no period.
    package let message: String
    /// Where in the input, as a path or an offset: `Bundle.entry[1].resource.content`, `byte 1204`.
    package let location: String?

    /// An error with its code, what to do, and where.
    package init(_ code: Code, _ message: String, at location: String? = nil) {
        self.code = code
        self.message = message
        self.location = location
    }

    package static func == (left: Self, right: Self) -> Bool { left.code == right.code }

    package var description: String { location.map { "\(message) (\($0))" } ?? message }
}
