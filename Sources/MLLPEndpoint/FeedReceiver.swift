import ExchangeCore
import HL7v2
import Logging
import Transactions

/// Takes a feed's messages: each is read, done once, answered, and kept when it is refused.
package final class FeedReceiver: Sendable {
    /// What the facility configured.
    package let settings: FeedSettings
    let figures: FeedFigures
    private let exchange: Exchange
    private let letters: any DeadLetterStore
    private let digest: MessageDigest
    private let seen: SeenMessages
    private let sequences: MessageSequences
    private let turns: FeedTurns

    /// A receiver of one feed.
    ///
    /// - Parameters:
    ///   - digest: how messages are named in what is remembered.
    ///   - taken: what was taken before, by all feeds of a node, the oldest first.
    ///   - turns: shared by all feeds of a node.
    package init(
        settings: FeedSettings, exchange: Exchange, letters: some DeadLetterStore, digest: MessageDigest,
        remembering taken: [TakenMessage], turns: FeedTurns,
    ) {
        self.digest = digest
        seen = SeenMessages(atMost: settings.rememberedMax, remembering: taken)
        sequences = MessageSequences(remembering: taken)
        self.turns = turns
        self.settings = settings
        self.exchange = exchange
        self.letters = letters
        figures = FeedFigures(settings.name)
    }

    /// How the feed fares.
    package var status: FeedStatus { figures.now }

    /// What a frame's content is answered with; nil when its sender asked for no answer.
    ///
    /// - Parameter sender: the name of the sender's certificate; nil in clear.
    package func answer(_ bytes: [UInt8], from sender: String?) async -> [UInt8]? {
        guard HL7Batch.isBatch(bytes) else { return acknowledge(bytes, await take(bytes, from: sender)) }
        let batch: HL7Batch
        do throws(HL7Error) {
            batch = try HL7Batch.read(bytes, limits: settings.limits, otherwise: settings.characterSet)
        } catch {
            return acknowledge(bytes, await refuse(bytes, error, header: nil))
        }
        var answers: [UInt8] = []
        var count = 0
        for text in batch.texts {
            guard let answer = acknowledge(text, await take(text, from: sender)) else { continue }
            answers += answer
            count += 1
        }
        guard count > 0 else { return nil }
        return Array("BHS|^~\\&\r".utf8) + answers + Array("BTS|\(count)\r".utf8)
    }

    /// What a frame that is none is answered with, by how it began. Nothing of it is kept: the rest was not read.
    func refusal(of head: [UInt8], _ fault: MLLPDecoder.Fault) -> [UInt8]? {
        note(fault.error, Acknowledgement(answering: head).kind) { $0.badFrames += 1 }
        return acknowledge(head, Outcome(header: nil, error: fault.error))
    }

    /// What a sender is answered with who may not send here.
    func refusal(of head: [UInt8], stranger why: String) -> [UInt8]? {
        let error = HL7Error(.applicationError, "this sender may not use this port; ask its administrator")
        exchange.logger.warning("sender refused", metadata: ["feed": "\(settings.name)", "because": "\(why)"])
        note(error, "") { $0.refused += 1 }
        return acknowledge(head, Outcome(header: nil, error: error))
    }

    /// Takes a refused message again, by the configuration as it is now; why it is refused again, nil when it was taken.
    ///
    /// Throws `.notFound` when there is no such letter, `.gone` when it is too old, `.corrupted` when its file is damaged.
    package func retry(_ id: String) async throws(ExchangeError) -> HL7Error? {
        guard let letter = letters.letter(id), let message = try await letters.message(id) else {
            throw ExchangeError(.notFound, "no refused message of that id is kept; see hie feed dead-letter list")
        }
        guard letter.first + .seconds(settings.replayHours * 3600) >= exchange.world.now() else {
            throw ExchangeError(
                .gone, "the message is older than \(settings.replayHours) h (replay-hours); have its source send what holds now")
        }
        return await take(message, from: nil, isRetry: true).error
    }

    /// What became of a message.
    private struct Outcome: Sendable {
        /// Its header, as far as it could be read.
        var header: MessageHeader?
        /// Why it is refused; nil when it was taken.
        var error: HL7Error?
        /// What of a message that was taken was left out.
        var omission: HL7Error?
        /// MSA-4, on a port that counts messages.
        var expected: Int?
    }

    private func take(_ bytes: [UInt8], from sender: String?, isRetry: Bool = false) async -> Outcome {
        let now = exchange.world.now()
        figures.note {
            $0.received += 1
            $0.last = now
        }
        var header: MessageHeader?
        let message: HL7Message
        let found: MessageHeader
        do throws(HL7Error) {
            message = try MessageReader.read(bytes, limits: settings.limits, otherwise: settings.characterSet)
            found = try MessageHeader(message)
            header = found
            if let refusal = settings.rules.refusal(found) { throw refusal }
        } catch {
            return await refuse(bytes, error, header: header)
        }
        guard settings.isSequenced, !isRetry else { return await take(message, found, bytes, from: sender, isRetry) }
        return await inSequence(name(of: message), found, bytes) {
            await self.take(message, found, bytes, from: sender, isRetry)
        }
    }

    /// What MSH-13 may be: a number of 15 digits, or -1 (HL7 v2.8, 2.10.1).
    private static let numbers = -1...999_999_999_999_999

    /// Takes a message when it is its turn: one number after the other of each sender (MSH-13).
    private func inSequence(
        _ name: [UInt8], _ header: MessageHeader, _ bytes: [UInt8], _ work: () async -> Outcome,
    ) async -> Outcome {
        let sender = digest("sequence", name)
        let turn = ["sender " + Hexadecimal.encode(sender)]
        await turns.begin(turn)
        defer { turns.end(turn) }
        var outcome: Outcome
        if let number = header.sequenceNumber, Self.numbers.contains(number) {
            switch sequences.judge(number, of: sender) {
            case .repeated, .asked: outcome = Outcome(header: header)
            case .outOfOrder:
                let next = sequences.expected(of: sender)
                let error = HL7Error(
                    .segmentSequence, "the message with the number \(next) comes next", at: HL7Position("MSH", field: 13))
                note(error, Acknowledgement(answering: bytes).kind) { $0.refused += 1 }
                outcome = Outcome(header: header, error: error)
            case .next:
                outcome = await work()
                // One that is refused is kept; the sender goes on with the next. One that could not be done comes again.
                if outcome.error?.condition != .applicationError, outcome.error?.condition != .recordLocked {
                    do throws(ExchangeError) {
                        try await exchange.remember([TakenMessage(.sequence, key: sender, content: UInt64(number + 1))])
                        sequences.advance(past: number, of: sender)
                    } catch {
                        outcome.error = Self.notRemembered(error)
                    }
                }
            }
        } else {
            outcome = await refuse(
                bytes, HL7Error(
                    .requiredField, "this port counts messages: number them, from 1, with 15 digits at the most", at: HL7Position("MSH", field: 13)),
                header: header)
        }
        outcome.expected = sequences.expected(of: sender)
        return outcome
    }

    /// Takes a message that is well formed and that this port takes.
    private func take(
        _ message: HL7Message, _ header: MessageHeader, _ bytes: [UInt8], from sender: String?, _ isRetry: Bool,
    ) async -> Outcome {
        var omission: HL7Error?
        do throws(HL7Error) {
            let request = try FeedRequest.read(
                message, header, settings, limits: exchange.settings.limits, labeler: exchange.settings.labeler)
            let key = digest("message", name(of: message) + [0x0D] + Array(header.controlID.utf8))
            omission = try await once(request, key, bytes, from: sender, isRetry: isRetry)
        } catch {
            return await refuse(bytes, error, header: header)
        }
        await forgetRefusal(of: bytes)
        if let omission { note(omission: omission, header) }
        return Outcome(header: header, omission: omission)
    }

    /// What was refused before is no letter any more.
    private func forgetRefusal(of bytes: [UInt8]) async {
        guard !letters.isEmpty else { return }
        do throws(ExchangeError) {
            try await letters.remove(letters.id(of: bytes, feed: settings.name))
        } catch {
            exchange.logger.warning(
                "a message that was taken stays among the refused ones", metadata: ["error": "\(error.message)"])
        }
    }

    /// Does what a message asks for, unless it was done. An administrator who sends it again has decided that it is another
    /// one than the one of its control id.
    private func once(
        _ request: FeedRequest, _ key: [UInt8], _ bytes: [UInt8], from sender: String?, isRetry: Bool,
    ) async throws(HL7Error) -> HL7Error? {
        let content = digest("content", bytes).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        switch seen.begin(key, content: content) {
        case .new: break
        case .done:
            figures.note { $0.repeated += 1 }
            return request.omission
        case .otherContent where isRetry: break
        case .otherContent:
            throw HL7Error(
                .duplicateKey, "another message of this control id was taken; number messages anew",
                at: HL7Position("MSH", field: 10))
        case .underWay:
            throw HL7Error(
                .recordLocked, "the same message is being taken on another connection; send it again",
                at: HL7Position("MSH", field: 10))
        }
        let subjects = request.subjects
        await turns.begin(subjects)
        defer { turns.end(subjects) }
        let omission: HL7Error?
        do throws(HL7Error) {
            omission = try await FeedWork(exchange: exchange, feed: settings.name, sender: sender).perform(
                request, noting: TakenMessage(.message, key: key, content: content))
        } catch {
            seen.end(key, content: content, isDone: false)
            throw error
        }
        seen.end(key, content: content, isDone: true)
        figures.note { $0.accepted += 1 }
        return omission
    }

    /// MSH-3 and MSH-4 as they stand.
    private func name(of message: HL7Message) -> [UInt8] {
        let segment = message.first("MSH")
        return Array([3, 4].map { Array(segment?.field($0).bytes ?? []) }.joined(separator: [0x0D]))
    }

    /// The digest of something of this feed's.
    private func digest(_ what: String, _ bytes: [UInt8]) -> [UInt8] {
        digest.of(Array(what.utf8) + [0] + Array(settings.name.utf8) + [0] + bytes)
    }

    /// It was done, but would be done again if it came again: the sender is to send it again, which does it once more, alike.
    private static func notRemembered(_ error: ExchangeError) -> HL7Error {
        HL7Error(.applicationError, "the message could not be noted as taken: \(error.message); send it again")
    }

    /// Counts a refusal, and keeps the message for the administrator.
    private func refuse(_ bytes: [UInt8], _ error: HL7Error, header: MessageHeader?) async -> Outcome {
        let glimpse = Acknowledgement(answering: bytes)
        note(error, glimpse.kind) { $0.refused += 1 }
        // What is under way elsewhere is not lost: it is being taken there.
        guard error.condition != .recordLocked else { return Outcome(header: header, error: error) }
        let now = exchange.world.now()
        let letter = DeadLetter(
            id: letters.id(of: bytes, feed: settings.name), feed: settings.name, kind: glimpse.kind, sender: glimpse.sender,
            controlID: glimpse.controlID, size: bytes.count, first: now, last: now, times: 1,
            condition: error.condition.rawValue, reason: error.message, place: error.position?.description)
        do throws(ExchangeError) {
            try await letters.keep(bytes, as: letter)
        } catch {
            figures.note { $0.lost += 1 }
            exchange.logger.error(
                "a refused message cannot be kept", metadata: ["feed": "\(settings.name)", "error": "\(error.message)"])
        }
        return Outcome(header: header, error: error)
    }

    private func note(_ error: HL7Error, _ kind: String, _ change: (inout FeedStatus) -> Void) {
        let refusal = FeedStatus.Refusal(time: exchange.world.now(), reason: error.description)
        figures.note {
            change(&$0)
            $0.lastRefusal = refusal
        }
        exchange.logger.notice(
            "message refused",
            metadata: [
                "feed": "\(settings.name)", "kind": "\(kind)", "condition": "\(error.condition.rawValue)",
                "because": "\(error.description)",
            ])
    }

    private func note(omission: HL7Error, _ header: MessageHeader) {
        let said = FeedStatus.Refusal(time: exchange.world.now(), reason: omission.description)
        figures.note {
            $0.takenInPart += 1
            $0.lastOmission = said
        }
        exchange.logger.notice(
            "message taken in part",
            metadata: [
                "feed": "\(settings.name)", "condition": "\(omission.condition.rawValue)", "because": "\(omission.description)",
            ])
    }

    private func acknowledge(_ bytes: [UInt8], _ outcome: Outcome) -> [UInt8]? {
        let errors = outcome.error.map { [$0] } ?? []
        let omissions = outcome.error == nil ? outcome.omission.map { [$0] } ?? [] : []
        guard let code = Self.code(outcome.header, errors: errors) else { return nil }
        return Acknowledgement(answering: bytes).bytes(
            code, errors: errors, omissions: omissions, time: HL7Time.write(exchange.world.now()),
            controlID: String(exchange.world.newTraceID().prefix(20)), expected: outcome.expected)
    }

    /// One answer to a message: the commit's where it is asked for, else the application's where that is (MSH-15, MSH-16).
    ///
    /// What is answered is done and durable, so that either says the whole; two answers to one message would be taken by many
    /// senders for the answer to the next.
    static func code(_ header: MessageHeader?, errors: [HL7Error]) -> AcknowledgementCode? {
        if let code = Acknowledgement.code(header, errors: errors) { return code }
        guard let wish = header?.applicationAcknowledgement, wish.isMet(isSuccess: errors.isEmpty) else { return nil }
        return Acknowledgement.code(nil, errors: errors)
    }
}
