/// Who asks, for whom, why, and until when: made once per request by the edge that authenticated it, never changed after.
package struct AccessContext: Sendable, Hashable {
    /// The door a request came through; it decides which duties the requester can have at all.
    package enum Door: String, Sendable {
        /// A facility's own systems and staff, with a certificate of the facility's authority and a user token.
        case client
        /// Another community's node, with a certificate of the network and a signed assertion.
        case peer
        /// The administrator at the node's own socket.
        case administration
    }

    /// Through which door it came.
    package let door: Door
    /// The end user: the token's subject, such as `dr.brattain`.
    package let user: String
    /// The user's role, such as `physician`, in the words of the table of permissions; nil when the token names none.
    package let role: String?
    /// The role in the token's own words, where those are others: a directive may name either.
    package let presentedRole: String?
    /// The organisation on whose behalf the user asks, as in the token.
    package let organization: String
    /// The community the request comes from: this node's own for clients and the administrator.
    package let community: CommunityID
    /// Purpose of use, a code of v3-ActReason such as `TREAT`; nil means none was stated, which denies.
    package let purpose: String?
    /// The moment after which nobody waits for the answer, on the node's monotonic clock.
    package let deadline: Duration
    /// One id for everything done for this request, here and at the peers it asks; 32 lower-case hexadecimal digits.
    package let traceID: String
    /// The `jti` of the token or assertion that was presented, for the journal.
    package let tokenID: String?
    /// Why an emergency access is needed, in the user's words; may be patient data. Nil when none was stated.
    package let reason: String?
    /// Where the request stands in its trace; nil where nobody asked over the network.
    package let span: TraceParent?

    /// A context from its parts; only edges and tests make one.
    package init(
        door: Door, user: String, role: String?, organization: String, community: CommunityID, purpose: String?,
        deadline: Duration, traceID: String, tokenID: String? = nil, reason: String? = nil, span: TraceParent? = nil,
        presentedRole: String? = nil,
    ) {
        self.presentedRole = presentedRole
        self.door = door
        self.user = user
        self.role = role
        self.organization = organization
        self.community = community
        self.purpose = purpose
        self.deadline = deadline
        self.traceID = traceID
        self.tokenID = tokenID
        self.reason = reason
        self.span = span
    }

    /// The same request, waited for no longer than until then.
    package func bounded(by limit: Duration) -> AccessContext {
        AccessContext(
            door: door, user: user, role: role, organization: organization, community: community, purpose: purpose,
            deadline: min(deadline, limit), traceID: traceID, tokenID: tokenID, reason: reason, span: span,
            presentedRole: presentedRole)
    }

    /// The same request, as a span of its trace.
    package func within(_ span: TraceParent) -> AccessContext {
        AccessContext(
            door: door, user: user, role: role, organization: organization, community: community, purpose: purpose,
            deadline: deadline, traceID: traceID, tokenID: tokenID, reason: reason, span: span,
            presentedRole: presentedRole)
    }

    /// The same request, in another name.
    package func on(behalfOf user: String) -> AccessContext {
        AccessContext(
            door: door, user: user, role: role, organization: organization, community: community, purpose: purpose,
            deadline: deadline, traceID: traceID, tokenID: tokenID, reason: reason, span: span,
            presentedRole: presentedRole)
    }

    /// The same request as others are asked in its name, until a moment of their own.
    package func asked(until moment: Duration) -> AccessContext {
        AccessContext(
            door: door, user: user, role: role, organization: organization, community: community, purpose: purpose,
            deadline: moment, traceID: traceID, tokenID: tokenID, reason: reason, span: span,
            presentedRole: presentedRole)
    }
}
