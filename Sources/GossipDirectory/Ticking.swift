import ExchangeCore

extension DirectoryState {
    /// The node begins: it says with a new beat that it lives, and asks those it knows.
    mutating func start(
        _ moment: Moment, _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        lookup.begin(moment.uptime)
        arrange(moment, using: &random)
        raiseBeat(moment)
        due = DueTimes()
        due.check = moment.uptime + .seconds(60)
        due.heal = moment.uptime + jittered(limits.healInterval, using: &random)
        due.pull = moment.uptime + pullInterval(moment, using: &random)
        due.publish = moment.uptime + .milliseconds(250)
        publishIfDue(moment, &effects, using: &random)
        for target in firstTargets(moment, using: &random) {
            effects.append(.send(.message(question(target, moment)), to: target))
        }
    }

    /// The timer: each thing that is due.
    mutating func tick(
        _ moment: Moment, _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        if overlay.day != moment.now.seconds / 86400 { arrange(moment, using: &random) }
        watch(moment, &effects)
        if moment.uptime >= due.pull {
            due.pull = moment.uptime + pullInterval(moment, using: &random)
            if let target = feelerTarget(moment, using: &random) {
                let isKnown = target.community != nil && lookup.isDone
                let frame = isKnown ? .probe(probe(moment)) : DirectoryFrame.message(question(target, moment))
                effects.append(.send(frame, to: target))
            }
        }
        if moment.uptime >= due.heal {
            due.heal = moment.uptime + jittered(limits.healInterval, using: &random)
            if let target = lostTarget(moment, using: &random) {
                effects.append(.send(.probe(probe(moment)), to: target))
            }
        }
        if moment.uptime >= due.publish {
            due.publish = moment.uptime + (lookup.isDone ? .seconds(30) : .milliseconds(250))
            publishIfDue(moment, &effects, using: &random)
        }
        if moment.uptime >= due.check {
            due.check = moment.uptime + .seconds(600)
            collect(moment)
            checkSelf(moment, &effects)
        }
    }

    private func pullInterval(_ moment: Moment, using random: inout some RandomNumberGenerator) -> Duration {
        let isAlone = overlay.members.allSatisfy { $0 == identity.community }
        let interval = isAlone && !identity.seeds.isEmpty || !lookup.isDone ? limits.searchInterval : limits.feelerInterval
        return jittered(unheardSeeds.isEmpty ? interval : min(interval, limits.healInterval), using: &random)
    }

    /// A fifth more or less: nodes that were started together do not stay together.
    private func jittered(_ interval: Duration, using random: inout some RandomNumberGenerator) -> Duration {
        let milliseconds = interval.wholeMilliseconds
        return .milliseconds(milliseconds + Int64.random(in: -(milliseconds / 5)...(milliseconds / 5), using: &random))
    }

    /// Expired records stay visible for 30 days; their marks stay for good. Judged only by a clock that peers confirm.
    private mutating func collect(_ moment: Moment) {
        guard !skew.isDistrusted else { return }
        for (community, row) in rows.sorted {
            guard let record = row.record, moment.now >= record.statement.expires + DirectoryRecord.staleMax else { continue }
            change(community) { $0.record = nil }
        }
        spent = spent.filter { moment.uptime - $0.value.brought.at < .seconds(3600) }
    }
}
