import ArgumentParser
import ExchangeCore

/// How a command ends; published in `hie --help` and the README. An unknown code must be treated as failure.
enum ExitStatus: Int32, CaseIterable, Sendable {
    case done = 0
    case failed = 1
    case usage = 2
    case partial = 3
    case notFound = 4
    case refused = 5
    case unauthenticated = 6
    case unreachable = 7
    case conflict = 8
    case damaged = 9
    case notInitialised = 10
    case locked = 11
    case waiting = 12
    case interrupted = 130

    /// What a code means, for `hie --help`.
    var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .usage: "wrong usage or configuration"
        case .partial: "partial answer: some communities are missing"
        case .notFound: "not found, or hidden by policy"
        case .refused: "refused by policy"
        case .unauthenticated: "not authenticated: certificate or token"
        case .unreachable: "node or peer unreachable, or time over"
        case .conflict: "conflict with what is there"
        case .damaged: "damaged data"
        case .notInitialised: "no node has been initialised there"
        case .locked: "the node's folder is in use by another process"
        case .waiting: "waits for a second administrator: hie approve"
        case .interrupted: "interrupted"
        }
    }

    /// The code of an error of the exchange's closed list (libraries.md 2.3).
    init(_ code: ExchangeError.Code) {
        switch code {
        case .badRequest, .tooLarge, .internal: self = .failed
        case .notFound, .unknownPatient, .gone: self = .notFound
        case .forbidden: self = .refused
        case .unauthenticated: self = .unauthenticated
        case .unavailable, .timeout: self = .unreachable
        case .conflict: self = .conflict
        case .corrupted: self = .damaged
        }
    }

    /// Ends the command with this code; everything has been said.
    var exit: ExitCode { ExitCode(rawValue) }
}

/// Why a command stops: its exit code, one sentence, and what to do about it.
struct CommandFailure: Error, Equatable {
    /// The exit code.
    let status: ExitStatus
    /// One lower-case sentence without period; no patient data.
    let message: String
    /// What to do.
    let hint: String?

    init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    /// An error of the exchange; its message already says what to do.
    init(_ error: ExchangeError) { self.init(ExitStatus(error.code), error.description) }

    /// The line for stderr.
    var line: String { hint.map { "\(message); \($0)" } ?? message }
}
