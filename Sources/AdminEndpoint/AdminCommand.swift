/// Every command the administration socket serves: one route each, `POST /admin/` and the raw value.
///
/// The body is a JSON object of arguments, the answer a JSON object; a failure is
/// `{"error":{"code","message","location"}}` under the status of its code, and what waits for a second administrator is
/// `{"waiting":{"id",...}}` under 202.
package enum AdminCommand: String, Sendable, CaseIterable {
    /// How the node is.
    case nodeStatus = "node/status"
    /// What is well and what is not, each with the next step.
    case nodeHealth = "node/health"
    /// Who stands how to their limits.
    case nodeLimits = "node/limits"
    /// The other communities' nodes.
    case peerList = "peer/list"
    /// One of them: `community`.
    case peerShow = "peer/show"
    /// Every directory record held.
    case directoryList = "directory/list"
    /// The whole directory: admissions, records and reachability, each apart.
    case directoryExport = "directory/export"
    /// One record: `community`.
    case directoryShow = "directory/show"
    /// Why a record is seen as it is: `community`.
    case directoryDoctor = "directory/doctor"
    /// What has happened to the directory: `after`, the number of the last line seen.
    case directoryWatch = "directory/watch"
    /// Takes this node out of the network.
    case directoryLeave = "directory/leave"
    /// Goes on after a history that another node continued with this node's key.
    case directoryAdopt = "directory/adopt"
    /// Brings an admission, which every node then hears of: `admission`, compact.
    case directoryAdmit = "directory/admit"
    /// Brings a revocation, which every node then hears of: `revocation`, compact.
    case directoryRevoke = "directory/revoke"
    /// Lets nothing of a community in, or lets it in again: `community`, `blocked`.
    case peerBlock = "peer/block"
    /// Asks a node whether it is there: `community`.
    case peerPing = "peer/ping"
    /// Registers or updates a patient: `patient`, a FHIR Patient.
    case patientAdd = "patient/add"
    /// One patient: `patient`, its id, or `identifier`.
    case patientShow = "patient/show"
    /// Patients by `identifier`.
    case patientFind = "patient/find"
    /// Two records compared, field by field: `one`, `other`.
    case patientExplain = "patient/explain"
    /// Who the rows of a table may be: `header`, `lines`, `profile`.
    case patientLookUp = "patient/look-up"
    /// Registers rows of a table in order of arrival: `header`, `lines`, `profile`, which has to be the node's own.
    case patientImport = "patient/import"
    /// Whose each record is: `records`, their ids.
    case patientPersons = "patient/persons"
    /// Records that somebody should compare: `limit`.
    case patientReviews = "patient/reviews"
    /// One of them with its candidates: `record`.
    case patientReview = "patient/review"
    /// What was done about a record, newest first: `record`.
    case patientHistory = "patient/history"
    /// Links, unlinks, merges, closes a review or takes an act back: `act`, `record`, `other`, `position`, `reason`, `preview`.
    case patientAct = "patient/act"
    /// A person's records as one view, with who says what: `patient` or `identifier`, one of them.
    case patientGolden = "patient/golden"
    /// Opens reviews of records that are held to their person only by values that turned out to name nobody.
    case patientRecheck = "patient/recheck"
    /// The matching model in force, and what was done about models.
    case patientModels = "patient/models"
    /// Learns a model from the index; nothing is decided by it.
    case patientLearn = "patient/learn"
    /// Puts a learnt model in force: `model`, `reason`.
    case patientActivate = "patient/activate"
    /// Records a directive: `consent`, a FHIR Consent, or `directive`, its parts.
    case consentRecord = "consent/record"
    /// Revokes a directive: `id`.
    case consentRevoke = "consent/revoke"
    /// A patient's directives: `patient` or `identifier`.
    case consentList = "consent/list"
    /// One directive: `id`.
    case consentShow = "consent/show"
    /// Every version of a directive: `id`.
    case consentHistory = "consent/history"
    /// What a requester would get and why: `patient` or `identifier`, `user`, `organization`, `role`, `purpose`, `document`.
    case consentExplain = "consent/explain"
    /// What a directive would change, recorded nowhere: as `consent/record`, with `roles` and `purposes`.
    case consentCompare = "consent/what-if"
    /// Emergency accesses: `all` for those that are closed too.
    case alertList = "alert/list"
    /// Says that an emergency was looked at: `id`, `note`.
    case alertReview = "alert/review"
    /// Closes an emergency that was reviewed: `id`, `note`.
    case alertClose = "alert/close"
    /// A patient's access log: `patient` or `identifier`, `limit`, `fhir` for AuditEvents, `export` when it
    /// goes into a file.
    case auditPatient = "audit/patient"
    /// A proof about entries: `entry`, a position, or `patient` or `identifier`; `open` for the keys that open them.
    case auditProve = "audit/prove"
    /// The public keys of this node's log and of those who cosign it.
    case auditKeys = "audit/keys"
    /// Who holds which head of whom, and what stands against whom.
    case auditWitness = "audit/witness"
    /// Audit events (ITI-81): `from`, `until`, `agent`, `entity`, `type`, `subtype`, `outcome`, `patient` or `identifier`,
    /// `limit`, `before`.
    case auditSearch = "audit/search"
    /// Decides every disclosure of the journal anew.
    case auditReplay = "audit/replay"
    /// What retention says of each record: `after`, `limit`.
    case retentionPlan = "retention/plan"
    /// Erases what is due.
    case retentionApply = "retention/apply"
    /// Holds a record: `patient` or `identifier`, `reason`.
    case retentionHold = "retention/hold"
    /// Releases it: as `retention/hold`.
    case retentionRelease = "retention/release"
    /// Every legal hold.
    case retentionHolds = "retention/holds"
    /// Erases a patient, `patient` or `identifier`, or one document, `document`: `ground`.
    case retentionErase = "retention/erase"
    /// How the feeds of HL7 v2 messages fare.
    case feedStatus = "feed/status"
    /// Messages of feeds that were refused: `feed` for those of one.
    case feedLetters = "feed/dead-letters"
    /// One of them: `id`, `message` for its text, which is patient data.
    case feedLetter = "feed/dead-letter"
    /// Sends it again: `id`.
    case feedRetry = "feed/retry"
    /// What receivers of documents did not get.
    case feedUndelivered = "feed/undelivered"
    /// Has something of it sent again: `receiver`, `id`.
    case feedSendAgain = "feed/send-again"
    /// Changes that wait for a second administrator: `all` for those that are decided too.
    case approveList = "approve/list"
    /// One of them, with what it rests on: `id`.
    case approveShow = "approve/show"
    /// Agrees to one that somebody else asked for, which carries it out: `id`.
    case approveAccept = "approve/accept"
    /// Rejects one, or takes back what one asked for: `id`, `note`.
    case approveReject = "approve/reject"
    /// Verifies the journal from its first entry.
    case auditVerify = "audit/verify"
    /// How far the journal is durable: what a copy may reach up to.
    case journalEnd = "journal/end"
    /// Reads certificates anew: closes connections of revoked ones, shows renewed ones from now on.
    case certificateReload = "certificate/reload"
    /// Reads `node.yaml` anew: takes up what it can, names what waits.
    case configReload = "config/reload"
    /// Wraps every patient's key by a new wrapping key.
    case keyringRotate = "keyring/rotate"
    /// Gives the journal another key to sign its heads with, and opens the node anew under it.
    case journalRotateKey = "journal/rotate-key"
    /// Opens the node anew under the keys, certificates and configuration of its folder.
    case nodeReopen = "node/reopen"

    /// The route.
    package var path: String { "/admin/" + rawValue }
}

/// Headers by which the administrator's command says on whose behalf it speaks; the journal keeps both.
package enum AdminHeaders {
    /// The operating system's user name.
    package static let user = "hie-user"
    /// Purpose of use, a code of v3-ActReason; `HOPERAT` when absent.
    package static let purpose = "hie-purpose"
}
