import ExchangeCore

/// What one community said to a question, or why it said nothing (promise 3).
package struct CommunityAnswer: Hashable, Sendable {
    /// The states a community can be in; each has its FHIR issue (ihe.md 9.2).
    package enum State: Hashable, Sendable {
        /// It answered with so many documents, at least one.
        case answered(Int)
        /// It answered with so many documents, and said itself that others are missing: a gateway passes its gaps up.
        case incomplete(Int)
        /// It answered: nothing. What a patient's consent hides reads the same.
        case none
        /// It refused the requester or the purpose before it looked anybody up.
        case denied
        /// It cannot tell which of its patients is meant; these attributes would help.
        case ambiguous(needs: [String])
        /// It did not answer before the deadline.
        case timedOut
        /// No connection came about, it broke, or what came over it was not an answer to the question.
        case unreachable
        /// It failed so often lately that it was left alone for this question.
        case breakerOpen
        /// It was not asked; why.
        case skipped(Reason)
    }

    /// Why a community was not asked.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The requester named the communities to ask, and it is none of them.
        case notNamed = "the question named others"
        /// The question's scope does not reach it.
        case outOfScope = "outside the scope of the question"
        /// The time was up before its turn came.
        case noTime = "the time was up before its turn came"
        /// As many questions to it as there may be are under way.
        case busy = "too many questions to it are under way"
        /// Its node has no such question.
        case notOffered = "its node does not answer such questions"
        /// Its node shows documents, and no lists of them.
        case noLists = "its node does not answer questions about lists"

        /// Whether the requester wanted it asked.
        package var isGap: Bool {
            switch self {
            case .notNamed, .outOfScope, .notOffered: false
            case .noTime, .busy, .noLists: true
            }
        }
    }

    /// What was asked for, by its plural.
    package enum Subject: String, Hashable, Sendable {
        case documents
        /// Submission sets and folders.
        case lists
    }

    /// The community asked.
    package let community: CommunityID
    /// Its name, for people.
    package let name: String
    /// What it said.
    package let state: State
    /// How long its answer took.
    package let elapsed: Duration
    /// What it was asked for.
    package var subject = Subject.documents

    /// One community's answer.
    package init(community: CommunityID, name: String, state: State, elapsed: Duration) {
        self.community = community
        self.name = name
        self.state = state
        self.elapsed = elapsed
    }

    /// Whether documents may be missing because of it.
    package var isGap: Bool {
        switch state {
        case .answered, .none: false
        case .skipped(let reason): reason.isGap
        case .incomplete, .denied, .ambiguous, .timedOut, .unreachable, .breakerOpen: true
        }
    }

    /// The state's stable word: `answered`, `incomplete`, `none`, `denied`, `ambiguous`, `timed-out`, `unreachable`, `breaker-open`,
    /// `skipped`.
    package var word: String {
        switch state {
        case .answered: "answered"
        case .incomplete: "incomplete"
        case .none: "none"
        case .denied: "denied"
        case .ambiguous: "ambiguous"
        case .timedOut: "timed-out"
        case .unreachable: "unreachable"
        case .breakerOpen: "breaker-open"
        case .skipped: "skipped"
        }
    }

    /// How many of what was asked for it showed.
    package var count: Int {
        switch state {
        case .answered(let count), .incomplete(let count): count
        case .none, .denied, .ambiguous, .timedOut, .unreachable, .breakerOpen, .skipped: 0
        }
    }

    /// One sentence for a clinician; names the facility, never the patient.
    package var sentence: String {
        let missing = subject == .documents ? "its documents are not in this list" : "its lists are not in this answer"
        func counted(_ count: Int) -> String { "\(count) \(count == 1 ? String(subject.rawValue.dropLast()) : subject.rawValue)" }
        return switch state {
        case .answered(let count): "\(name) answered: \(counted(count))"
        case .incomplete(let count): "\(name) answered: \(counted(count)), and says that others are missing"
        case .none: "\(name) answered: no \(subject.rawValue)"
        case .denied: "\(name) refused the request; \(missing)"
        case .ambiguous(let needs):
            "\(name) cannot tell which patient is meant"
                + (needs.isEmpty ? "" : " (it needs: \(needs.joined(separator: ", ")))")
        case .timedOut: "\(name) did not answer in time; \(missing)"
        case .unreachable: "\(name) could not be reached; \(missing)"
        case .breakerOpen: "\(name) has not answered lately and was left alone; \(missing)"
        case .skipped(let reason): "\(name) was not asked: \(reason.rawValue)" + (reason.isGap ? "; \(missing)" : "")
        }
    }
}

/// What an answer covers: one line for every community of the directory, ordered by community.
package struct CompletenessReceipt: Hashable, Sendable {
    /// One line per community, this node's own included.
    package let communities: [CommunityAnswer]
    /// The receipt as the asking node signed it (JWS, RFC 7515); nil where only one node was asked.
    package var signed: String?

    /// A receipt; lines are put into the order of communities, so that equal answers read the same.
    package init(
        _ communities: [CommunityAnswer], about subject: CommunityAnswer.Subject = .documents, signed: String? = nil,
    ) {
        self.communities = communities.sorted { $0.community < $1.community }.map { answer in
            var answer = answer
            answer.subject = subject
            return answer
        }
        self.signed = signed
    }

    /// Whether every community that was to be asked answered.
    package var isComplete: Bool { !communities.contains(where: \.isGap) }
}
