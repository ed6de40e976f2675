import ExchangeCore
import ExchangeNode
import Glibc
import JSON

/// The sixth act: an answer with a gap names it, and nothing acknowledged is lost.
extension DemoStage {
    func stopAndKill() async throws -> String {
        guard let index = nodes.firstIndex(where: { $0.slug == scene.stops }), let process = nodes[index].process else {
            throw CommandFailure(.usage, "the topology has no facility \(scene.stops)", hint: "correct its scene")
        }
        let node = nodes[index]
        teller.shell("kill \(process.pid)   # \(node.facility.name)")
        let began = world.uptime()
        process.signal(SIGTERM)
        let end = try await process.ended(within: .seconds(20))
        check(
            end == .exited(0),
            "\(node.slug) finished what was under way and ended in \(DemoTeller.time(world.uptime() - began))")
        let gap = try await askWithGap(node)
        try await start(again: index)
        let kill = try await killUnderLoad(index)
        return "gap named in \(DemoTeller.time(gap)); \(kill)"
    }

    /// Asks while a node is gone; how long the answer took.
    private func askWithGap(_ gone: DemoNode) async throws -> Duration {
        let configuration = try await hie(["config", "show", "--home", scene.at], json: true, telling: .nothing)
        let seconds = Int64(configuration.json.text("limits.locate-seconds")) ?? 10
        let answer = try await hie(["document", "find", "--as", clinician, "--patient", patient], json: true)
        let partial = DemoRecord(answer.json)
        tell(partial)
        let line = partial.answer(of: gone.facility)
        check(
            line.map { !["answered", "none", "skipped"].contains($0.answer) } ?? false,
            "the answer names \(gone.facility.name) as missing")
        check(
            answer.code == ExitStatus.partial.rawValue,
            "\(answer.codeText); \(ExitStatus.partial.rawValue) means \(ExitStatus.partial.meaning)")
        check(
            answer.took < .seconds(seconds + 2),
            "in \(DemoTeller.time(answer.took)); the limit is \(seconds) s (limits.locate-seconds)")
        return answer.took
    }

    /// Starts a node again, and waits until the clinician's list is whole.
    private func start(again index: Int) async throws {
        let node = nodes[index]
        let began = world.uptime()
        try await run(index, telling: true)
        let ready = world.uptime() - began
        let isWhole = try await isRecordWhole(within: .seconds(30))
        check(
            isWhole, "\(node.slug) is back after \(DemoTeller.time(ready)), and the clinician's list is whole again")
    }

    /// Asks until the clinician's list is complete and has all that it had; false when the time is over.
    private func isRecordWhole(within limit: Duration) async throws -> Bool {
        let began = world.uptime()
        while true {
            let answer = try await hie(
                ["document", "find", "--as", clinician, "--patient", patient], json: true, telling: .nothing)
            let found = DemoRecord(answer.json)
            if answer.isDone, found.isComplete, found.ids.isSuperset(of: record.ids) { return true }
            guard world.uptime() - began < limit else { return false }
            try await world.sleep(.milliseconds(100))
        }
    }

    /// Publishes from four clients at once, kills the node in the midst, and looks for everything it had acknowledged.
    private func killUnderLoad(_ index: Int) async throws -> String {
        let node = nodes[index]
        let load = try DemoLoad(published.map(\.document), subject: plan.subject, node: node, folder: folder)
        let number = try await register(load.person, at: node)
        teller.line()
        teller.prose(
            "\(DemoLoad.writers) clients publish \(DemoLoad.count) copies of \(load.name), each a document of its own.")
        teller.command(["document", "publish", "--as", node.publisher, "load/1"], remark: "&   # and load/2, ...")
        let before = try await ids(of: number, at: node)
        var runs: [DemoCommandRun] = []
        for writer in 1...DemoLoad.writers {
            runs.append(try start(["document", "publish", "--as", node.publisher, "--json", "load/\(writer)"]))
        }
        let began = world.uptime()
        while Self.acknowledged(runs).count < DemoLoad.enough, runs.contains(where: { $0.process.end == nil }),
            world.uptime() - began < .seconds(60)
        {
            try await world.sleep(.milliseconds(2))
        }
        guard let process = nodes[index].process else { return "" }
        process.signal(SIGKILL)
        teller.shell("kill -9 \(process.pid)")
        check(
            try await process.ended(within: .seconds(10)) == .killed(SIGKILL),
            "killed without warning \(DemoTeller.time(world.uptime() - began)) after the first document")
        for run in runs { _ = try await run.transcript(within: .seconds(150)) }
        let acknowledged = Self.acknowledged(runs)
        check(
            (1..<DemoLoad.count).contains(acknowledged.count),
            "in the midst: \(acknowledged.count) of \(DemoLoad.count) had been acknowledged")
        try await start(again: index)
        let found = try await ids(of: number, at: node)
        let lost = acknowledged.filter { !found.contains($0.id) }
        check(
            lost.isEmpty,
            "every acknowledged document is found: \(acknowledged.count - lost.count) of \(acknowledged.count)")
        let unsaid = found.subtracting(before).subtracting(acknowledged.map(\.id)).count
        if unsaid > 0 {
            teller.output("and \(unsaid) more that were durable before their answer could leave", .quiet)
        }
        try await compareBytes(acknowledged, at: node)
        return "kill -9: \(lost.count) of \(acknowledged.count) lost"
    }

    /// The patient's number at a node, registered there now when they were not.
    private func register(_ person: String, at node: DemoNode) async throws -> String {
        if let known = plan.registration(of: person, at: node.slug) { return known.number }
        guard let other = plan.registrations(of: person).first else {
            throw CommandFailure(.failed, "the patient of the load is registered nowhere")
        }
        let file = "patients/load.json"
        try LocalFile.write(JSONWriter.pretty(.object(other.resource)), to: folder + "/" + file)
        _ = try await hie(["patient", "add", "--home", node.slug, "--file", file])
            .demanded("the patient of the load was not registered")
        return other.number
    }

    /// The ids of a patient's documents at a node, replaced ones included.
    private func ids(of number: String, at node: DemoNode) async throws -> Set<String> {
        let answer = try await hie(
            ["document", "find", "--as", node.reader, "--identifier", number, "--superseded"], json: true,
            telling: .nothing)
        return Set(DemoRecord(answer.json).documents.filter { $0.home == node.facility.community.urn }.map(\.id))
    }

    private static func acknowledged(_ runs: [DemoCommandRun]) -> [(id: String, file: String)] {
        runs.flatMap { DemoTranscript.jsonLines($0.printed()) }.filter { $0["published"]?.bool == true }
            .map { ($0.text("id"), $0.text("file")) }
    }

    /// The last acknowledged documents are the ones at risk: their bytes are compared.
    private func compareBytes(_ acknowledged: [(id: String, file: String)], at node: DemoNode) async throws {
        var last: [String: (id: String, file: String)] = [:]
        for document in acknowledged { last[document.file.split(separator: "/").dropLast().joined()] = document }
        var same = 0
        for document in last.values {
            let answer = try await hie(
                ["document", "get", "--as", node.reader, document.id, "--output", "-"], telling: .nothing)
            if answer.isDone, answer.out == (try? LocalFile.read(document.file)) { same += 1 }
        }
        check(same == last.count, "the last one of each client has its bytes: \(same) of \(last.count)")
    }
}
