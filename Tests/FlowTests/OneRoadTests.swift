import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import Simulation
import Testing
import Transactions
import XDSMetadata

@Suite struct OneRoadTests {
    @Test func `what is published is found and retrieved byte for byte`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let entry = try await node.publish(1, for: patient.id)
            #expect(try await node.find(patient.id) == [entry])
            let document = try await node.exchange.retrieveDocument(entry.id, for: node.context())
            document.ticket.end()
            #expect(document.bytes == Array("document 1".utf8))
            #expect(document.mimeType == "text/plain")
        }
    }

    @Test func `an unknown patient and one who refuses get the same answer`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let entry = try await node.publish(1, for: patient.id)
            try await node.refuse(patient.id)
            var random = node.world.random
            let stranger = PatientID.random(using: &random)
            for id in [patient.id, stranger] {
                let found = try await node.exchange.findDocuments(of: id, matching: DocumentQuery(), for: node.context())
                found.ticket?.end()
                #expect(found.references.isEmpty)
                #expect(found.receipt.communities.map(\.word) == ["none"])
            }
            let unknown = DocumentID.random(using: &random)
            for id in [entry.id, unknown] {
                await #expect(throws: ExchangeError(.notFound, "")) {
                    _ = try await node.exchange.retrieveDocument(id, for: node.context())
                }
            }
        }
    }

    @Test func `a revoked refusal brings the documents back`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let entry = try await node.publish(1, for: patient.id)
            let directive = try await node.refuse(patient.id)
            #expect(try await node.find(patient.id).isEmpty)
            _ = try await node.exchange.revokeConsent(directive.id, for: node.administrator)
            #expect(try await node.find(patient.id) == [entry])
        }
    }

    @Test func `nobody is answered without a stated purpose`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            await #expect(throws: ExchangeError(.forbidden, "")) {
                _ = try await node.find(patient.id, as: node.context(purpose: nil))
            }
        }
    }

    @Test func `every answer has its entry, with who, why and which rule`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let entry = try await node.publish(1, for: patient.id)
            _ = try await node.find(patient.id)
            try await node.refuse(patient.id)
            _ = try await node.find(patient.id, as: node.context(user: "dr.other"))
            let log = try await node.exchange.accessLog(of: patient.id, limit: 10, for: node.administrator)
            #expect(log.map(\.record.user) == ["dr.other", "dr.test"])
            #expect(log.map { $0.record.decisions.map(\.isPermitted) } == [[false], [true]])
            #expect(log.allSatisfy { $0.record.decisions.allSatisfy { !$0.rules.isEmpty && $0.documents == [entry.id] } })
        }
    }

    @Test func `a journal that cannot be written answers nothing`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            try await node.publish(1, for: patient.id)
            node.facility.disk.failNextAppend(.beforeWrite)
            await #expect(throws: ExchangeError(.unavailable, "")) { _ = try await node.find(patient.id) }
        }
    }

    @Test func `a replaced document stays, superseded`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let first = try await node.publish(1, for: patient.id)
            let second = try await node.publish(2, for: patient.id, replaces: first.id)
            var current = DocumentQuery()
            current.statuses = [.current]
            #expect(try await node.find(patient.id, current).map(\.id) == [second.id])
            #expect(try await node.find(patient.id).map(\.status).sorted { $0.rawValue < $1.rawValue } == [.current, .superseded])
        }
    }

    @Test func `a replaced document that is sent again does not come back`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            let first = try await node.publish(1, for: patient.id)
            let second = try await node.publish(2, for: patient.id, replaces: first.id)
            await #expect(throws: ExchangeError(.conflict, "")) { try await node.publish(1, for: patient.id) }
            var current = DocumentQuery()
            current.statuses = [.current]
            #expect(try await node.find(patient.id, current).map(\.id) == [second.id])
        }
    }

    @Test func `one unique id never names two contents`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            try await node.publish(1, for: patient.id)
            await #expect(throws: ExchangeError(.conflict, "")) {
                try await node.publish(1, for: patient.id, bytes: Array("something else".utf8))
            }
            #expect(try await node.find(patient.id).count == 1)
        }
    }

    @Test func `registering the same again changes nothing`() throws {
        try OneNode.run { node in
            let first = try await node.register("A1")
            let size = node.exchange.journal.size
            #expect(try await node.register("A1") == first)
            #expect(node.exchange.journal.size == size)
        }
    }

    @Test func `a patient whose consent hides everything is no match for another community`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            try await node.publish(1, for: patient.id)
            let peer = node.context(.peer, community: OneNode.elsewhere)
            func match() async throws -> Int {
                let found = try await node.exchange.matchPatients(
                    patient.demographics, identifiers: [], onlyCertain: true, limit: 2, for: peer)
                for ticket in found.tickets { ticket.end() }
                #expect(found.needs.isEmpty)
                return found.matches.count
            }
            #expect(try await match() == 1)
            try await node.refuse(patient.id)
            #expect(try await match() == 0)
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `T-race no answer decided before a refusal leaves after it is acknowledged`(seed: UInt64) throws {
        try OneNode.run(seed: seed) { node in
            let patient = try await node.register("A1")
            try await node.publish(1, for: patient.id)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let refused = Flag()
                for _ in 0..<6 {
                    group.addTask {
                        let found = try await node.exchange.findDocuments(
                            of: patient.id, matching: DocumentQuery(), for: node.context())
                        // The answer leaves in pieces: none of a cut answer may leave, none at all after the acknowledgement.
                        for _ in 0..<5 {
                            try await node.world.sleep(.milliseconds(1))
                            guard let ticket = found.ticket, !ticket.isCut else { break }
                            #expect(found.references.isEmpty || !refused.isSet)
                        }
                        found.ticket?.end()
                    }
                }
                group.addTask {
                    try await node.refuse(patient.id)
                    refused.set()
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a revocation cuts an answer that does not end`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A1")
            try await node.publish(1, for: patient.id)
            let found = try await node.exchange.findDocuments(of: patient.id, matching: DocumentQuery(), for: node.context())
            let before = node.world.uptime()
            try await node.refuse(patient.id)
            #expect(found.ticket?.isCut == true)
            #expect(node.world.uptime() - before >= .seconds(2))
        }
    }
}
