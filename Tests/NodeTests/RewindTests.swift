import AdminEndpoint
import ExchangeCore
import ExchangeNode
import Foundation
import GossipDirectory
import JSON
import Journal
import PeerTransport
import Storage
import Testing
import Transactions

extension RealNodes {
    /// An administrator with every key of a real node rewrites its journal: what is done, and who catches it.
    @Suite struct RewindTests {
        private static let evidenceChecker = Repository.root.appendingPathComponent("Tests/interop/check_evidence.py").path

        private static func plan(_ name: String, _ number: Int, _ seeds: [RunningNode] = []) -> RunningNode.Plan {
            .init(
                name: name, community: "1.3.6.1.4.1.21367.2026.\(number)", seeds: seeds,
                limits: ["witness-seconds: 1", "segment-bytes: 65536"])
        }

        private static func grow(_ node: RunningNode, _ prefix: String, _ count: Int) async throws {
            for number in 0..<count {
                let person = Demographics(
                    names: [PersonName(family: "\(prefix)mann", given: ["Nr\(number)"])],
                    birthDate: PartialDate("19\(10 + number)-01-0\(1 + number % 9)"))
                try await node.register("\(prefix)-\(number)", person)
            }
        }

        private static func copy(_ from: URL, _ to: URL) throws {
            if FileManager.default.fileExists(atPath: to.path) { try FileManager.default.removeItem(at: to) }
            try FileManager.default.copyItem(at: from, to: to)
        }

        /// Waits until a witness has cosigned so many entries of a node.
        private static func cosigned(_ size: UInt64, of node: RunningNode, by witness: RunningNode) async throws {
            let origin = try #require(try node.exchange.witness).origin
            try await until("\(witness.name) has seen \(size) entries of \(node.name)") {
                guard let book = try witness.exchange.witness else { return false }
                return await book.heads.contains { $0.checkpoint.origin == origin && $0.checkpoint.size >= size }
            }
        }

        private static func evidence(_ witness: RunningNode, against origin: String) async throws -> [WitnessEvidence] {
            let book = try #require(try witness.exchange.witness)
            return await book.evidence.filter { $0.origin == origin }
        }

        /// What a witness presents convinces whoever knows the log's key, on this machine and another program.
        private static func expectPresentable(_ evidence: WitnessEvidence, _ key: NoteVerifier, in folder: URL) async throws {
            let bytes = JSONWriter.bytes(evidence.json)
            let read = try WitnessEvidence(json: try JSONReader.read(bytes))
            try read.check(trusting: [key])
            let stranger = try NoteSigner(name: key.name, privateKey: World.system.randomBytes(32)).verifier
            #expect(throws: ExchangeError(.corrupted, "")) { try read.check(trusting: [stranger]) }
            guard await Interop.isReady() else { return print("rewind: no Python to check the evidence with") }
            let file = folder.appendingPathComponent("evidence.json")
            try Data(bytes).write(to: file)
            let run = try await Subprocess.run(Interop.program("python"), [evidenceChecker, file.path])
            #expect(run.code == 0 && run.text.hasPrefix("holds"), "\(run.text) \(run.errors)")
            let turned = String(decoding: bytes, as: UTF8.self).replacing("\"kind\":\"\(evidence.kind.rawValue)\"", with: "\"kind\":\"fork\"")
            try Data(turned.utf8).write(to: file)
            let again = try await Subprocess.run(Interop.program("python"), [evidenceChecker, file.path])
            #expect((again.code == 0) == (evidence.kind == .fork), "no other charge holds: \(again.text)")
        }

        @Test func `T47 T48 a byte, a tail and a segment that are changed on the disk are named by whoever reads the files`()
            async throws
        {
            try await Network.run { network in
                let node = try network.add(Self.plan("hospital", 10))
                try await node.start()
                // Enough for some segments of 64 KiB.
                try await Self.grow(node, "A", 20)
                let client = try node.client()
                try await node.register()
                for number in 0..<12 {
                    let text = Canary.document(number) + String(repeating: " \(number)", count: 6000)
                    let reply = try await client.post("/DocumentReference", Submissions.simplified(Array(text.utf8), at: node))
                    try #require(reply.status == 201)
                }
                let (book, size) = (try #require(try node.exchange.witness), try node.journalSize)
                try await until("it keeps its own head") { await book.ownHead?.checkpoint.size ?? 0 >= size }
                try await node.stop()
                let journal = node.home.store.appendingPathComponent("journal")
                let kept = network.folder.appendingPathComponent("kept")
                try Self.copy(journal, kept)
                let segments = try FileManager.default.contentsOfDirectory(atPath: journal.path).filter { $0.hasSuffix(".segment") }
                    .sorted()
                try #require(segments.count > 2)
                #expect(await JournalAudit.verify(node.home).damage.isEmpty)
                func change(_ name: String, _ change: (inout Data) -> Void) throws {
                    let file = journal.appendingPathComponent(name)
                    var bytes = try Data(contentsOf: file)
                    change(&bytes)
                    try bytes.write(to: file)
                }
                func caught(_ words: String...) async throws {
                    let damage = await JournalAudit.verify(node.home).damage.first ?? ""
                    for word in words { #expect(damage.contains(word), "\(damage)") }
                    try Self.copy(kept, journal)
                }
                try change(segments[0]) { $0[700] ^= 1 }
                let seen = FolderCheckup.findings(node.home, isRunning: false, world: .system)
                #expect(seen.contains { $0.component == "journal" && $0.grade == .fail && $0.next != nil }, "the doctor, too")
                try await caught("segment 0, offset", "entry")
                // The last group goes, with everything beside the segments that could tell.
                let last = try #require(segments.last)
                try change(last) { bytes in
                    let mark = bytes.range(of: Data("GROUPEND".utf8), options: .backwards)
                    let before = bytes[..<(mark?.lowerBound ?? 0)].range(of: Data("GROUPEND".utf8), options: .backwards)
                    // A segment with one group keeps its header alone.
                    var header = 0
                    if case .frame(.segment, _, let next) = Array(bytes.prefix(4096)).withUnsafeBytes({ EntryFrame.read($0, at: 0) }) {
                        header = next
                    }
                    let end = before?.upperBound ?? header
                    bytes.replaceSubrange(end..<bytes.count, with: Data(repeating: 0, count: bytes.count - end))
                }
                let dropped = try Data(contentsOf: journal.appendingPathComponent(last))
                for name in ["mark", "leaves"] {
                    try? FileManager.default.removeItem(at: journal.appendingPathComponent(name))
                }
                try await caught("a signed checkpoint vouches for", "missing")
                // With the checkpoint and the tables gone, too, the head it keeps as a witness says the same, and the start asks it.
                try dropped.write(to: journal.appendingPathComponent(last))
                for name in ["mark", "leaves", "checkpoint"] {
                    try? FileManager.default.removeItem(at: journal.appendingPathComponent(name))
                }
                for name in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: node.home.projection.path + name)
                }
                let refusal = await #expect(throws: ExchangeError.self) { try await node.start() }
                #expect(refusal?.message.contains("a signed checkpoint vouches for") == true, "\(refusal?.description ?? "it started")")
                try Self.copy(kept, journal)
                for (one, other) in [(0, 1), (1, 2)] {
                    try Self.copy(kept.appendingPathComponent(segments[one]), journal.appendingPathComponent(segments[other]))
                    try Self.copy(kept.appendingPathComponent(segments[other]), journal.appendingPathComponent(segments[one]))
                    try await caught("segment \(one)")
                }
                try await node.start()
            }
        }

        @Test func `T48 T69 a node on an old copy of its disk ends when the others tell it, and they remember what is missing`() async throws {
            try await Network.run { network in
                let hospital = try network.add(Self.plan("hospital", 10))
                try await hospital.start()
                let clinic = try network.add(Self.plan("clinic", 11, [hospital]))
                try await clinic.start()
                try await Self.grow(hospital, "A", 2)
                try await Self.cosigned(try hospital.journalSize, of: hospital, by: clinic)
                let witness = try #require(try hospital.exchange.witness)
                let (origin, key) = (witness.origin, witness.key)
                try await hospital.stop()
                let old = network.folder.appendingPathComponent("old")
                try Self.copy(hospital.home.store, old)
                try await hospital.start()
                let oldSize = try hospital.journalSize
                try await Self.grow(hospital, "B", 5)
                try await Self.cosigned(try hospital.journalSize, of: hospital, by: clinic)
                try await hospital.stop()
                try Self.copy(old, hospital.home.store)
                try await hospital.start()
                try await until("the hospital ends") { network.log.all.contains { $0.contains("the node ends") } }
                await #expect(throws: (any Error).self) { try await hospital.stop() }
                // It ended before it signed anything anew, or the two heads stand against it.
                for held in try await Self.evidence(clinic, against: origin) {
                    #expect(held.kind == .rollback, "\(held.sentence)")
                    try await Self.expectPresentable(held, key, in: network.folder)
                }
                let book = try #require(try clinic.exchange.witness)
                let kept = await book.heads.first { $0.checkpoint.origin == origin }
                #expect(kept?.checkpoint.size ?? 0 > oldSize, "what was taken away is remembered")
            }
        }

        @Test func `a node without seeds whose tables are lost finds those it knew, though none of them starts anew`() async throws {
            try await Network.run { network in
                let hospital = try network.add(Self.plan("hospital", 10))
                try await hospital.start()
                let clinic = try network.add(Self.plan("clinic", 11, [hospital]))
                try await clinic.start()
                let community = try clinic.exchange.settings.community
                func knows() throws -> Bool {
                    try hospital.exchange.directory.communities(at: World.system.now()).contains { $0.community == community }
                }
                try await until("it knows the clinic, and keeps where it is") {
                    try knows() && FileManager.default.contents(atPath: hospital.home.peers.path)?.isEmpty == false
                }
                try await hospital.stop()
                for name in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: hospital.home.projection.path + name)
                }
                try await hospital.start()
                try await until("it knows the clinic again") { try knows() }
            }
        }

        @Test func `T48 T69 a node without seeds that is restored from an older backup asks those it knew, serves nothing and is accused of nothing`()
            async throws
        {
            try await Network.run { network in
                let hospital = try network.add(Self.plan("hospital", 10))
                try await hospital.start()
                let clinic = try network.add(Self.plan("clinic", 11, [hospital]))
                try await clinic.start()
                let emergency = try network.add(Self.plan("emergency", 12, [hospital]))
                try await emergency.start()
                try await Self.grow(hospital, "A", 2)
                for peer in [clinic, emergency] { try await Self.cosigned(try hospital.journalSize, of: hospital, by: peer) }
                let kept = hospital.home.peers
                try await until("it has kept where both are") {
                    String(decoding: FileManager.default.contents(atPath: kept.path) ?? Data(), as: UTF8.self)
                        .split(separator: "\n").count == 2
                }
                let key = try RecoveryKey(world: .system)
                let backup = Backup(network.folder.appendingPathComponent("backup").path)
                _ = try backup.create(
                    hospital.home, upTo: try hospital.node.store.store.end, for: key.publicHalf, world: .system)
                try await Self.grow(hospital, "B", 5)
                for peer in [clinic, emergency] { try await Self.cosigned(try hospital.journalSize, of: hospital, by: peer) }
                let origin = try #require(try hospital.exchange.witness).origin
                try await hospital.stop()
                try FileManager.default.removeItem(at: hospital.home.folder)
                _ = try await backup.restore(
                    to: hospital.home, key: key, world: .system, logger: network.log.logger("restore"))
                // Nobody answers: it waits, and listens to nobody.
                try await clinic.stop()
                try await emergency.stop()
                let node = try await Node(hospital.home, logger: network.log.logger("hospital"))
                let run = Task { try await node.run(signals: []) }
                try await until("it waits") { network.log.all.contains { $0.contains("nobody answers") } }
                #expect(node.bound["clients"] == nil && node.bound["peers"] == nil)
                // Somebody answers: it ends.
                try await emergency.start()
                let end = await #expect(throws: ExchangeError.self) { try await run.value }
                #expect(end?.message.contains("older copy of itself") == true, "\(end?.description ?? "")")
                #expect(node.bound["clients"] == nil)
                try await clinic.start()
                for peer in [clinic, emergency] { #expect(try await Self.evidence(peer, against: origin).isEmpty) }
                // And ends again, with nobody there: it has kept what it was told.
                try await emergency.stop()
                try await clinic.stop()
                await #expect(throws: ExchangeError(.corrupted, "")) {
                    _ = try await Node(hospital.home, logger: network.log.logger("hospital")).run(signals: [])
                }
                try await clinic.start()
                try await emergency.start()
                // The way on that it names.
                _ = try #require(try JournalRepair(hospital.home, world: .system).accept(user: "admin"))
                try await hospital.start()
                let successor = try #require(LogOrigin(origin)).successor.text
                try await until("the others know the new log") {
                    for peer in [clinic, emergency] {
                        let heads = try #require(try peer.exchange.witness)
                        guard await heads.heads.contains(where: { $0.checkpoint.origin == successor }) else { return false }
                    }
                    return true
                }
                try await Self.grow(hospital, "C", 2)
                for peer in [clinic, emergency] { try await Self.cosigned(try hospital.journalSize, of: hospital, by: peer) }
                for peer in [clinic, emergency] {
                    #expect(try await Self.evidence(peer, against: origin).isEmpty, "accused of nothing afterwards, either")
                    let keys = (try await peer.home.ask("audit/keys")["keys"]?.items ?? []).compactMap(\.string)
                    for log in [origin, successor] {
                        #expect(keys.contains { $0.hasPrefix(log + "+") }, "what \(log) signed can be checked with keys from any peer")
                    }
                }
            }
        }

        @Test func `T49 T50 two stories told to two peers apart are evidence at both as soon as they hear of each other`()
            async throws
        {
            try await Network.run { network in
                let hospital = try network.add(Self.plan("hospital", 10))
                try await hospital.start()
                let clinic = try network.add(Self.plan("clinic", 11, [hospital]))
                try await clinic.start()
                let emergency = try network.add(Self.plan("emergency", 12, [hospital, clinic]))
                try await emergency.start()
                try await Self.grow(hospital, "A", 2)
                for peer in [clinic, emergency] { try await Self.cosigned(try hospital.journalSize, of: hospital, by: peer) }
                let witness = try #require(try hospital.exchange.witness)
                let (origin, key) = (witness.origin, witness.key)
                try await hospital.stop()
                let old = network.folder.appendingPathComponent("old")
                try Self.copy(hospital.home.store, old)
                // One story for the clinic alone.
                try await emergency.stop()
                try await hospital.start()
                try await Self.grow(hospital, "B", 3)
                try await Self.cosigned(try hospital.journalSize, of: hospital, by: clinic)
                try await hospital.stop()
                try await clinic.stop()
                // Another, longer one for the emergency department alone.
                try Self.copy(old, hospital.home.store)
                try await emergency.start()
                try await hospital.start()
                try await Self.grow(hospital, "C", 9)
                try await Self.cosigned(try hospital.journalSize, of: hospital, by: emergency)
                #expect(try await Self.evidence(emergency, against: origin).isEmpty, "nobody can know yet")
                try await clinic.start()
                try await until("both hold evidence") {
                    let both = [
                        try await Self.evidence(clinic, against: origin), try await Self.evidence(emergency, against: origin),
                    ]
                    return both.allSatisfy { !$0.isEmpty }
                }
                for peer in [clinic, emergency] {
                    let held = try #require(try await Self.evidence(peer, against: origin).first)
                    #expect(held.isSound)
                    try await Self.expectPresentable(held, key, in: network.folder)
                    let told = try await peer.exchange.reader.entries(from: 0, limit: 1000).filter {
                        $0.kind == .administration && String(decoding: $0.payload, as: UTF8.self).hasPrefix("{\"witness\":")
                    }
                    #expect(told.count >= 1, "\(peer.name) keeps the trace in its own journal")
                }
                try? await hospital.stop()
            }
        }
    }
}
