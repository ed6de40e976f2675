import ExchangeCore
import JSON
import Trust

/// The authority's word that a community takes part no longer: everything up to an epoch is void (directory.md 2.1).
///
/// A later admission with a higher epoch lets it back in, with new keys where the old were lost.
package struct Revocation: Hashable, Sendable {
    /// The community.
    package let community: CommunityID
    /// The highest epoch that is void.
    package let epoch: UInt32
    /// When it was signed.
    package let issued: Timestamp
    /// Why, for people.
    package let reason: String
    /// The signed text.
    package let token: SignedToken

    /// Signs a revocation with the authority's key.
    package init(
        of community: CommunityID, epoch: UInt32, network: Thumbprint, reason: String, issued: Timestamp, key: SigningKey,
    ) throws(ExchangeError) {
        self.community = community
        self.epoch = epoch
        self.issued = Timestamp(seconds: issued.seconds)
        self.reason = reason
        token = try SignedToken(
            signing: [
                "net": .string(network.text), "community": .string(community.urn), "epoch": .number(String(epoch)),
                "iat": .number(String(issued.seconds)), "reason": .string(reason),
            ], type: .revocation, key: key)
    }

    /// Reads a revocation whose form was read, and verifies it with one of the authorities' keys.
    package init(verifying draft: UnverifiedToken, network: Thumbprint, authorities: [VerifyingKey])
        throws(DirectoryRefusal)
    {
        do { token = try draft.verified(by: authorities.first { $0.thumbprint == draft.keyID }) } catch {
            throw .token(error)
        }
        let claims = PayloadClaims(payload: token.payload)
        guard try claims.thumbprint("net") == network else { throw .otherNetwork }
        community = try claims.community("community")
        epoch = UInt32(try claims.integer("epoch", max: Int(UInt32.max)))
        issued = try claims.time("iat")
        reason = try claims.text("reason")
    }

    /// Which of two revocations of one community counts: higher epoch, then later, then higher hash.
    func isNewer(than other: Revocation) -> Bool {
        (other.epoch, other.issued, other.token.hash) < (epoch, issued, token.hash)
    }
}
