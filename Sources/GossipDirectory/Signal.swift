import ExchangeCore
import JSON
import Trust

/// What an observer saw of another community; soft, for routing alone, and never kept.
package struct Observation: Hashable, Sendable {
    /// What was seen.
    package enum Verdict: String, Sendable {
        /// It answers.
        case up
        /// It has been silent for seconds.
        case slow
        /// It has been silent for so long that nobody should wait for it.
        case silent
        /// Its host refuses connections: the process is gone.
        case refused

        /// Whether it speaks against routing there.
        var isDown: Bool { self == .silent || self == .refused }
    }

    /// Who saw it.
    package let observer: CommunityID
    /// Of whom.
    package let subject: CommunityID
    /// What.
    package let verdict: Verdict
    /// The subject's last known beat: a later heartbeat voids this.
    package let beat: UInt64
    /// The observer's count, always rising: the last word counts.
    package let sequence: UInt64
    /// The signed text.
    package let token: SignedToken

    init(
        by observer: CommunityID, of subject: CommunityID, _ verdict: Verdict, beat: UInt64, sequence: UInt64,
        network: Thumbprint, key: SigningKey,
    ) throws(ExchangeError) {
        self.observer = observer
        self.subject = subject
        self.verdict = verdict
        self.beat = beat
        self.sequence = sequence
        token = try SignedToken(
            signing: [
                "net": .string(network.text), "community": .string(observer.urn), "of": .string(subject.urn),
                "saw": .string(verdict.rawValue), "beat": .number(String(beat)), "seq": .number(String(sequence)),
            ], type: .observation, key: key)
    }

    init(verifying draft: UnverifiedToken, admission: Admission) throws(DirectoryRefusal) {
        do { token = try draft.verified(by: admission.key(draft.keyID)) } catch { throw .token(error) }
        let claims = PayloadClaims(payload: token.payload)
        guard try claims.thumbprint("net") == admission.grant.network else { throw .otherNetwork }
        observer = try claims.community("community")
        guard observer == admission.community else { throw .notAdmitted }
        subject = try claims.community("of")
        guard let verdict = Verdict(rawValue: try claims.text("saw")) else { throw .malformed("saw") }
        self.verdict = verdict
        beat = UInt64(try claims.integer("beat", max: 1 << 53 - 1))
        sequence = UInt64(try claims.integer("seq", max: 1 << 53 - 1))
    }
}

/// A community's own word that it lives: voids what observers said before.
package struct Heartbeat: Hashable, Sendable {
    /// Whose.
    package let community: CommunityID
    /// Its count, always rising: Unix milliseconds or more.
    package let beat: UInt64
    /// The signed text.
    package let token: SignedToken

    init(of community: CommunityID, beat: UInt64, network: Thumbprint, key: SigningKey) throws(ExchangeError) {
        self.community = community
        self.beat = beat
        token = try SignedToken(
            signing: [
                "net": .string(network.text), "community": .string(community.urn), "beat": .number(String(beat)),
            ], type: .heartbeat, key: key)
    }

    init(verifying draft: UnverifiedToken, admission: Admission) throws(DirectoryRefusal) {
        do { token = try draft.verified(by: admission.key(draft.keyID)) } catch { throw .token(error) }
        let claims = PayloadClaims(payload: token.payload)
        guard try claims.thumbprint("net") == admission.grant.network else { throw .otherNetwork }
        community = try claims.community("community")
        guard community == admission.community else { throw .notAdmitted }
        beat = UInt64(try claims.integer("beat", max: 1 << 53 - 1))
    }
}
