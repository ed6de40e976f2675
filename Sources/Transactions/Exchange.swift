import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import Logging
import PatientIndex
import RecordLocation
import Terminology

/// What a facility decided about its node: the part of the configuration that transactions read.
package struct ExchangeSettings: Sendable {
    /// The community this node speaks for.
    package var community: CommunityID
    /// The facility's name, for people.
    package var name: String
    /// Base URL of the FHIR service for clients, such as `https://a.example.org:8443/fhir`; links in answers start with it.
    package var clientBase: String
    /// What holds for patients who have said nothing.
    package var consentDefault: ConsentPolicyDefault
    /// For how long whoever a stay or visit names is taken to treat.
    package var treating: TreatingPeriod
    /// Where notifications of new documents may go.
    package var notifications: NotificationRules
    /// Whether every list of records says that something may be withheld by consent, the same to everyone.
    package var withheldNotice: Bool
    /// Gives documents the labels that their coded content earns.
    package var labeler: SensitivityLabeler
    /// Every limit.
    package var limits: ExchangeLimits
    /// When an access is worth a look.
    package var alerts: AlertThresholds
    /// For how long records are kept.
    package var retention: RetentionRules
    /// How registrations are linked; whoever asks is always answered by the strict policy.
    package var matching = MatchPolicy.strict
    /// How other communities are asked.
    package var asking = AskingPolicy()

    /// Settings from their parts.
    package init(
        community: CommunityID, name: String, clientBase: String, consentDefault: ConsentPolicyDefault,
        treating: TreatingPeriod = .usual, notifications: NotificationRules = NotificationRules(),
        withheldNotice: Bool = false, labeler: SensitivityLabeler = .standard, limits: ExchangeLimits = ExchangeLimits(),
        alerts: AlertThresholds = AlertThresholds(), retention: RetentionRules = RetentionRules(),
    ) {
        self.alerts = alerts
        self.retention = retention
        self.community = community
        self.name = name
        self.clientBase = clientBase
        self.consentDefault = consentDefault
        self.treating = treating
        self.notifications = notifications
        self.withheldNotice = withheldNotice
        self.labeler = labeler
        self.limits = limits
    }
}

/// One node's exchange: the ports and settings that every transaction walks the one road with.
///
/// Each transaction is an extension of this value in the file that bears its name, and reads in one order:
/// facts, decide, act, journal, answer.
package struct Exchange: Sendable {
    /// What the facility decided.
    package let settings: ExchangeSettings
    /// Clock, randomness and waiting.
    package let world: World
    /// The node's one durable truth.
    package let journal: JournalWriter
    /// Reads the journal back: documents, and entries in clear.
    package let reader: JournalReader
    /// The tables made from the journal.
    package let projection: any ExchangeProjection
    /// Who is there.
    package let directory: DirectoryBook
    /// The way to other nodes.
    package let peers: any PeerClient
    /// Answers decided but not yet gone.
    package let answers: AnswersUnderWay
    /// Submissions being registered.
    package let submissions: SubmissionsUnderWay
    /// Registrations that could be about the same person.
    let turns = LinkingTurns()
    /// How many different people other communities have asked about.
    let discovery = DiscoveryBudget()
    /// What other communities showed a moment ago.
    let shown = ShownElsewhere()
    /// The refused messages of the node's feeds.
    package let refusedMessages = RefusedMessages()
    /// The outboxes of the subscriptions in force.
    package let subscriptions = SubscriptionOutboxes()
    /// Questions to other communities, and what they taught about them.
    package let searches: RecordSearches
    /// How consent follows patients to other communities.
    package let following: ConsentFollowing
    /// This node as a witness of others' logs; nil where logs are not witnessed.
    package let witness: WitnessBook?
    /// The releases of code systems that were imported.
    package let terminology: any TerminologyStore
    /// For the operator; never holds patient data.
    package let logger: Logger

    /// An exchange from its ports.
    package init(
        settings: ExchangeSettings, world: World, journal: JournalWriter, reader: JournalReader,
        projection: any ExchangeProjection, directory: DirectoryBook, peers: any PeerClient,
        witness: WitnessBook? = nil, terminology: any TerminologyStore = TerminologyReleases(), logger: Logger,
    ) {
        self.terminology = terminology
        self.settings = settings
        self.world = world
        self.journal = journal
        self.reader = reader
        self.projection = projection
        self.directory = directory
        self.peers = peers
        self.answers = AnswersUnderWay()
        self.submissions = SubmissionsUnderWay()
        self.searches = RecordSearches(policy: settings.asking, limits: settings.limits)
        self.following = ConsentFollowing(limits: settings.limits)
        self.witness = witness
        self.logger = logger
    }

    /// Which communities and users of theirs asked about how many different people within the hour.
    package func discoveryFigures() -> [AskerFigure] { discovery.figures(settings.limits, now: world.uptime()) }

    /// How often that was too many since the start.
    package var discoveriesRefused: UInt64 { discovery.refusedInAll }

    /// Who is who here.
    package var desk: IdentityDesk {
        IdentityDesk(
            projection: projection, journal: journal, world: world, policy: settings.matching,
            moved: { await settle($0) },
            correlations: { searches.communities(knowing: $0, now: world.uptime()).count })
    }

    /// Acts on whose records are one person's now, before that is acknowledged: who they are at other communities is asked
    /// anew, and answers that rest on what was before have left or are cut.
    func settle(_ records: [PatientID]) async {
        for record in records { forget(elsewhere: record) }
        await answers.drain(records, atMost: .seconds(settings.limits.drainSecondsMax), world: world)
    }

    /// Reads from the projection; whatever it throws becomes an error of the closed list.
    func read<Value: Sendable>(_ question: () async throws -> Value) async throws(ExchangeError) -> Value {
        do {
            return try await question()
        } catch let error as ExchangeError {
            throw error
        } catch {
            logger.error("the projection cannot be read", metadata: ["error": "\(type(of: error))"])
            throw ExchangeError(.unavailable, "the node cannot read its tables; see its log")
        }
    }
}
