import AdminEndpoint
import ExchangeCore
import FHIREndpoint
import Foundation
import Glibc
import Transactions

/// How those who ask stand to their limits, all together.
struct LimitFigures: Sendable {
    /// Questions under way and refused, by listener.
    let questions: [(door: String, totals: (underWay: Int, refused: UInt64))]
    /// Questions refused because of too many different people.
    let personsRefused: UInt64
}

/// What a node tells Prometheus of itself: bounded names and labels, and nothing about any patient.
struct NodeFigures: Sendable {
    let started: Timestamp
    let version: String
    /// The figures of each listener, by its door's name.
    let requests: [(door: String, figures: RequestFigures)]
    /// Its feeds of HL7 v2 messages.
    let feeds: FeedDesk
    /// Its outboxes to receivers of documents.
    let outboxes: OutboxDesk
    /// What became of its spans; nil where they go nowhere.
    var traces: TraceFeed?
    /// How those who ask stand to their limits.
    let limits: @Sendable () -> LimitFigures

    /// The whole page.
    func page(_ findings: [HealthFinding], entries: UInt64, store: StoreStatus, certificates: [CertificateStatus]) -> String {
        var page = PrometheusText()
        page.family("hie_build_info", .gauge, "The version that runs; always 1.")
        page.sample("hie_build_info", [("version", version)], 1)
        page.family("hie_health", .gauge, "What was looked at: 0 well, 1 somebody should see to it, 2 does not work.")
        for finding in findings { page.sample("hie_health", [("component", finding.component)], finding.grade.order) }
        page.family("hie_journal_entries_total", .counter, "Entries in the journal.")
        page.sample("hie_journal_entries_total", entries)
        page.family("hie_journal_writable", .gauge, "1 while entries can be written; at 0 nothing is disclosed.")
        page.sample("hie_journal_writable", store.failure == nil ? 1 : 0)
        if let free = store.freeBytes {
            page.family("hie_disk_free_bytes", .gauge, "Room left on the disk of the node's store.")
            page.sample("hie_disk_free_bytes", free)
        }
        page.family("hie_certificate_expiry_timestamp_seconds", .gauge, "When a certificate in use ends.")
        for certificate in certificates {
            page.sample(
                "hie_certificate_expiry_timestamp_seconds", [("use", certificate.use)], certificate.validUntil.seconds)
        }
        add(feedsTo: &page)
        add(outboxesTo: &page, entries: entries)
        add(requestsTo: &page)
        add(limitsTo: &page)
        add(tracesTo: &page)
        add(processTo: &page)
        return page.text
    }

    private func add(outboxesTo page: inout PrometheusText, entries: UInt64) {
        let outboxes = outboxes.summary
        guard !outboxes.isEmpty else { return }
        page.family("hie_outbox_delivered_total", .counter, "What receivers of documents took.")
        for outbox in outboxes { page.sample("hie_outbox_delivered_total", [("receiver", outbox.receiver)], outbox.place.delivered) }
        page.family("hie_outbox_refused_total", .counter, "What receivers refused for good, or what was given up.")
        for outbox in outboxes { page.sample("hie_outbox_refused_total", [("receiver", outbox.receiver)], outbox.place.refused) }
        page.family("hie_outbox_lag_entries", .gauge, "Entries of the journal that have not been looked at for a receiver.")
        for outbox in outboxes {
            page.sample("hie_outbox_lag_entries", [("receiver", outbox.receiver)], entries - min(outbox.place.entry, entries))
        }
    }

    private func add(feedsTo page: inout PrometheusText) {
        let feeds = feeds.status()
        guard !feeds.isEmpty else { return }
        page.family("hie_feed_messages_total", .counter, "HL7 v2 messages that came, by what became of them.")
        for feed in feeds {
            for (outcome, count) in [
                ("accepted", feed.accepted), ("repeated", feed.repeated), ("refused", feed.refused),
                ("bad-frame", feed.badFrames), ("in-part", feed.takenInPart),
            ] {
                page.sample("hie_feed_messages_total", [("feed", feed.name), ("outcome", outcome)], count)
            }
        }
        page.family("hie_feed_connections", .gauge, "Open connections of a feed.")
        for feed in feeds { page.sample("hie_feed_connections", [("feed", feed.name)], feed.connections) }
        page.family("hie_feed_dead_letters", .gauge, "Refused messages that are kept.")
        page.sample("hie_feed_dead_letters", self.feeds.letters().count)
    }

    private func add(limitsTo page: inout PrometheusText) {
        let limits = limits()
        page.family("hie_questions_under_way", .gauge, "Questions that are being answered, by listener.")
        for row in limits.questions { page.sample("hie_questions_under_way", [("door", row.door)], row.totals.underWay) }
        page.family("hie_limit_refusals_total", .counter, "What was refused because somebody had their share: hie limits says who.")
        for row in limits.questions {
            page.sample("hie_limit_refusals_total", [("limit", "questions"), ("door", row.door)], row.totals.refused)
        }
        page.sample("hie_limit_refusals_total", [("limit", "persons"), ("door", "peers")], limits.personsRefused)
    }

    private func add(tracesTo page: inout PrometheusText) {
        guard let counts = traces?.counts else { return }
        page.family("hie_trace_spans_total", .counter, "Spans of traces, by what became of them; dropped when there was no room.")
        for (outcome, count) in [("exported", counts.exported), ("dropped", counts.overflowed), ("refused", counts.refused)] {
            page.sample("hie_trace_spans_total", [("outcome", outcome)], count)
        }
    }

    private func add(requestsTo page: inout PrometheusText) {
        let rows = requests.flatMap { door, figures in
            figures.all.map { (labels: [("door", door), ("route", $0.route)], row: $0.row) }
        }
        page.family("hie_requests_total", .counter, "Requests answered, by route and class of status.")
        for (labels, row) in rows {
            for (hundreds, count) in row.byStatus.enumerated() where count > 0 {
                page.sample("hie_requests_total", labels + [("status", hundreds == 0 ? "none" : "\(hundreds)xx")], count)
            }
        }
        page.family("hie_request_duration_seconds", .histogram, "How long answers took until they were sent.")
        for (labels, row) in rows {
            var below: UInt64 = 0
            for (bound, count) in zip(RequestFigures.bucketMilliseconds, row.byDuration) {
                below += count
                page.sample(
                    "hie_request_duration_seconds_bucket", labels + [("le", "\(Double(bound) / 1000)")], below)
            }
            let count = row.byDuration.reduce(0, +)
            page.sample("hie_request_duration_seconds_bucket", labels + [("le", "+Inf")], count)
            page.sample("hie_request_duration_seconds_sum", labels, row.total / .seconds(1))
            page.sample("hie_request_duration_seconds_count", labels, count)
        }
    }

    private func add(processTo page: inout PrometheusText) {
        page.family("process_start_time_seconds", .gauge, "When the node was opened.")
        page.sample("process_start_time_seconds", started.seconds)
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
            let rest = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
            page.family("process_cpu_seconds_total", .counter, "Processor time of the process.")
            page.sample("process_cpu_seconds_total", Double(seconds) + Double(rest) / 1_000_000)
        }
        if let pages = Self.residentPages {
            page.family("process_resident_memory_bytes", .gauge, "Memory the process holds.")
            page.sample("process_resident_memory_bytes", pages * Int(sysconf(Int32(_SC_PAGESIZE))))
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            page.family("process_open_fds", .gauge, "Files and sockets that are open.")
            page.sample("process_open_fds", open)
        }
    }

    /// The second number of `/proc/self/statm` (proc(5)).
    private static var residentPages: Int? {
        guard let bytes = FileManager.default.contents(atPath: "/proc/self/statm") else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return numbers.count > 1 ? Int(numbers[1]) : nil
    }
}
