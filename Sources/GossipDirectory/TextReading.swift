import ExchangeCore
import Trust

extension String {
    /// Whether two texts are the same bytes.
    func isSameText(as other: String) -> Bool {
        var (left, right) = (self, other)
        return left.withUTF8 { one in right.withUTF8 { two in one.count == two.count && one.elementsEqual(two) } }
    }
}

/// How signed texts are read and verified: pure functions, so that a simulation of many nodes may remember what each gives.
package struct TextReading: Sendable {
    /// Reads a text's form.
    package var draft: @Sendable (String, TokenType) -> Result<UnverifiedToken, TokenRefusal>
    /// Verifies an admission.
    package var admission: @Sendable (String, DirectoryIdentity) -> Result<Admission, DirectoryRefusal>
    /// Verifies a record under its community's admission.
    package var record: @Sendable (UnverifiedToken, Admission) -> Result<DirectoryRecord, DirectoryRefusal>

    /// Verifies an observer's word under the observer's admission.
    package var observation: @Sendable (UnverifiedToken, Admission) -> Result<Observation, DirectoryRefusal>
    /// Verifies a heartbeat under its community's admission.
    package var heartbeat: @Sendable (UnverifiedToken, Admission) -> Result<Heartbeat, DirectoryRefusal>

    /// Reads and verifies each text anew.
    package static let verifying = TextReading(
        draft: { text, type in Result { () throws(TokenRefusal) in try UnverifiedToken(text, type: type) } },
        admission: { text, identity in
            Result { () throws(DirectoryRefusal) in
                try Admission(verifying: text, network: identity.network, authorities: identity.authorities)
            }
        },
        record: { draft, admission in
            Result { () throws(DirectoryRefusal) in try DirectoryRecord(verifying: draft, admission: admission) }
        },
        observation: { draft, admission in
            Result { () throws(DirectoryRefusal) in try Observation(verifying: draft, admission: admission) }
        },
        heartbeat: { draft, admission in
            Result { () throws(DirectoryRefusal) in try Heartbeat(verifying: draft, admission: admission) }
        })

    /// From its functions.
    package init(
        draft: @escaping @Sendable (String, TokenType) -> Result<UnverifiedToken, TokenRefusal>,
        admission: @escaping @Sendable (String, DirectoryIdentity) -> Result<Admission, DirectoryRefusal>,
        record: @escaping @Sendable (UnverifiedToken, Admission) -> Result<DirectoryRecord, DirectoryRefusal>,
        observation: @escaping @Sendable (UnverifiedToken, Admission) -> Result<Observation, DirectoryRefusal>,
        heartbeat: @escaping @Sendable (UnverifiedToken, Admission) -> Result<Heartbeat, DirectoryRefusal>,
    ) {
        self.draft = draft
        self.admission = admission
        self.record = record
        self.observation = observation
        self.heartbeat = heartbeat
    }
}
