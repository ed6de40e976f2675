import PatientIndex

/// How well registrations are put together by one policy, held against whose they are.
struct MatchAccuracy {
    /// Whose a registration is, and whose it was found to be.
    private struct Both: Hashable {
        let person: PersonNumber
        let owner: Int
    }

    /// What reviews of one rule came to.
    private struct Reviewed {
        var count = 0
        var isTrue = 0
    }

    private let records: LabelledRecords
    private let policy: MatchPolicy
    private let name: String
    private let report: Report
    private let index: MemoryPersonIndex
    private let persons: [PersonNumber]
    private let reviews: [String: Reviewed]
    private let seconds: Double

    /// Links the records in order of arrival.
    init(_ records: LabelledRecords, policy: MatchPolicy, name: String, report: Report) {
        (self.records, self.policy, self.name, self.report) = (records, policy, name, report)
        let stopwatch = Stopwatch()
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: policy)
        var reviews: [String: Reviewed] = [:]
        for (record, owner) in zip(records.packed, records.owners) {
            guard let first = linking.register(record).review.first else { continue }
            let isTrue = linking.index.members(of: first.person).contains { records.owners[Int($0)] == owner }
            reviews[first.verdict.rule.rawValue, default: Reviewed()].count += 1
            if isTrue { reviews[first.verdict.rule.rawValue, default: Reviewed()].isTrue += 1 }
        }
        seconds = stopwatch.seconds
        index = linking.index
        self.reviews = reviews
        persons = Self.persons(linking.index, records.packed.count)
    }

    private static func persons(_ index: MemoryPersonIndex, _ count: Int) -> [PersonNumber] {
        (0..<count).map { index.person(of: UInt32($0)) }
    }

    private func add(_ figure: String, _ value: Double, _ unit: String, _ aim: Figure.Aim? = nil) {
        report.add(Figure("\(name).\(figure)", value, unit, aim: aim))
    }

    private func share(_ part: Int, _ whole: Int) -> Double { Double(part) / Double(max(whole, 1)) }

    private func both(_ persons: [PersonNumber]) -> [Both] {
        zip(persons, records.owners).map { Both(person: $0, owner: $1 ?? -1) }
    }

    /// Reports what was linked.
    ///
    /// - Parameter kind: what two people in one chart are to each other.
    func link(kind: (Int, Int) -> String) {
        let both = both(persons)
        let (right, all) = (LabelledRecords.pairs(both), LabelledRecords.pairs(records.owners))
        var owners: [PersonNumber: Set<Int>] = [:]
        for pair in both { owners[pair.person, default: []].insert(pair.owner) }
        let overlays = owners.values.filter { $0.count > 1 }
        var kinds: [String: Int] = [:]
        for people in overlays {
            let pair = people.sorted()
            kinds[kind(pair[0], pair[1]), default: 0] += 1
        }
        for (kind, count) in kinds.sorted(by: { $0.key < $1.key }) {
            report.words("\(policy.name), two people in one chart, \(kind): \(count)")
        }
        let isStrict = policy == .strict
        let found = share(right, all)
        let reviewed = reviews.values.reduce(0) { $0 + $1.count }
        // The deterministic profile and one's own have no aim.
        func aim(_ strict: Figure.Aim, _ balanced: Figure.Aim? = nil) -> Figure.Aim? {
            isStrict ? strict : policy == .balanced ? balanced ?? strict : nil
        }
        add("precision", share(right, LabelledRecords.pairs(persons)), "share", aim(.atLeast(0.9997), .atLeast(0.999)))
        add("recall", found, "share", aim(.atLeast(0.92), .atLeast(0.945)))
        add(
            "overlays_per_10k", Double(overlays.count) * 10_000 / Double(max(owners.count, 1)), "1/10k",
            aim(.atMost(1), .atMost(5)))
        add("review_share", share(reviewed, persons.count), "share", aim(.atMost(0.04)))
        add("review_true", share(reviews.values.reduce(0) { $0 + $1.isTrue }, reviewed), "share", aim(.atLeast(0.75)))
        add("recall_after_review", share(afterReview(), all), "share", aim(.atLeast(0.993)))
        if isStrict { add("order_change", orderChange(), "share", .atMost(0.005)) }
        add("load_rate", Double(persons.count) / max(seconds, 0.001), "1/s")
        for (rule, reviewed) in reviews.sorted(by: { $0.value.count > $1.value.count }) {
            report.words("\(policy.name), to review, \(rule): \(reviewed.count), of which \(reviewed.isTrue) true")
        }
        groups(both, whole: found)
    }

    private func groups(_ both: [Both], whole: Double) {
        var places: [String: [Int]] = [:]
        for (place, group) in records.groups.enumerated() where !group.isEmpty { places[group, default: []].append(place) }
        var worst = whole
        for (group, places) in places.sorted(by: { $0.key < $1.key }) {
            let all = LabelledRecords.pairs(places.map { records.owners[$0] })
            guard all >= Self.pairsMin else { continue }
            let found = share(LabelledRecords.pairs(places.map { both[$0] }), all)
            worst = min(worst, found)
            report.words("\(policy.name), recall of \(group): \(Figure.digits(found)) of \(all) pairs")
        }
        if !places.isEmpty { add("recall_gap", whole - worst, "share", policy.isDeterministic ? nil : .atMost(0.09)) }
    }

    /// Fewer pairs of a group say nothing about it.
    private static let pairsMin = 50

    /// Right pairs once every review is decided rightly, of the three persons shown.
    private func afterReview() -> Int {
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: policy)
        for (place, record) in records.packed.enumerated() {
            for candidate in linking.register(record).review {
                let members = linking.index.members(of: candidate.person).filter { Int($0) != place }
                guard members.contains(where: { records.owners[Int($0)] == records.owners[place] }) else { continue }
                linking.index.merge(candidate.person, into: linking.index.person(of: UInt32(place)))
            }
        }
        return LabelledRecords.pairs(both(Self.persons(linking.index, records.packed.count)))
    }

    /// The share of pairs that another order of arrival links differently.
    private func orderChange() -> Double {
        var chance = Chance(seed: 5)
        let order = records.packed.indices.shuffled(using: &chance)
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: policy)
        for place in order { _ = linking.register(records.packed[place]) }
        var shuffled = persons
        for (number, place) in order.enumerated() { shuffled[place] = linking.index.person(of: UInt32(number)) }
        let common = LabelledRecords.pairs(zip(persons, shuffled).map { Both(person: $0, owner: Int($1)) })
        let all = LabelledRecords.pairs(persons) + LabelledRecords.pairs(shuffled) - common
        return share(all - common, all)
    }

    /// Asks for people who are there, and for some who are not.
    func ask(_ questions: LabelledRecords) throws {
        let lookup = PersonLookup(index, policy: policy)
        var times: [Double] = []
        var (certain, wrong, first, present, absent, falsely) = (0, 0, 0, 0, 0, 0)
        var (full, fullCertain, fullFirst) = (0, 0, 0)
        for (place, (question, owner)) in zip(questions.packed, questions.owners).enumerated() {
            // All that is known is asked, unless the questions say of which kind they are.
            let isFull = questions.groups[place].isEmpty || questions.groups[place] == "full"
            if isFull, owner != nil { full += 1 }
            let stopwatch = Stopwatch()
            let answer = try question.read { try lookup.lookUp($0) }
            times.append(stopwatch.milliseconds)
            if owner == nil { absent += 1 } else { present += 1 }
            guard let best = answer.persons.first else { continue }
            let isRight = index.members(of: best.candidate.person).contains { records.owners[Int($0)] == owner } && owner != nil
            if isRight { first += 1 }
            if isRight, isFull { fullFirst += 1 }
            if isRight, isFull, best.grade == .certain { fullCertain += 1 }
            guard best.grade == .certain else { continue }
            if isRight { certain += 1 } else if owner == nil { falsely += 1 } else { wrong += 1 }
        }
        times.sort()
        let total = times.reduce(0, +)
        // Whoever asks is answered by the strict profile: the others have no aim here.
        func aim(_ aim: Figure.Aim) -> Figure.Aim? { policy == .strict ? aim : nil }
        add("certain_recall", share(fullCertain, full), "share", aim(.atLeast(0.87)))
        add("hit_at_1", share(fullFirst, full), "share", aim(.atLeast(0.995)))
        add("false_positive", share(falsely, absent), "share", aim(.atMost(0.0005)))
        add("wrong_person", share(wrong, present), "share", aim(.atMost(0.0003)))
        report.words(
            "\(policy.name): \(present) questions about people who are there, \(certain) certain and \(first) first, "
                + "\(full) of them with all that is known; \(absent) about others, \(falsely) certain")
        guard policy == .strict, !times.isEmpty else { return }
        add("resident_p50_ms", times[times.count / 2], "ms")
        add("resident_p99_ms", times[times.count * 99 / 100], "ms")
        add("resident_per_s", Double(times.count) * 1000 / max(total, 0.001), "1/s")
    }
}
