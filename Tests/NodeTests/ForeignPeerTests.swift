import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Storage
import Testing
import Transactions

extension RealNodes {
    /// A node and an MHD responder that knows nothing of Concordat, in all its moods.
    @Suite(.enabled("no python3 in the path") { ForeignPeer.isReady })
    struct ForeignPeerTests {
        private static let arc = "77"

        /// A node, the responder, the same person registered at the node, a clinician.
        private static func run(_ body: (RunningNode, ForeignPeer, PatientID, NodeClient) async throws -> Void) async throws {
            var plan = RunningNode.Plan()
            plan.limits = ["locate-seconds: 2", "document-bytes: 8000000", "peer-answer-bytes: 8000000"]
            try await Network.one(plan) { network, node in
                let patient = try await node.register("RH-1").id
                let peer = try await ForeignPeer(in: network, knownTo: node)
                try await body(node, peer, patient, node.client())
            }
        }

        private static func find(_ patient: PatientID, by client: NodeClient) async throws -> Reply {
            try await client.send(.get, "/DocumentReference?patient=\(patient)", headers: [("request-timeout", "5")])
        }

        /// The links of a list, through the node, by the size their attachment states.
        private static func links(_ found: Reply) throws -> [Int: String] {
            var links: [Int: String] = [:]
            for match in try found.matches {
                let attachment = try #require(match["resource"]?["content"]?[0]?["attachment"])
                let url = try #require(attachment["url"]?.string)
                links[try #require(attachment["size"]?.integer)] = path(url)
            }
            return links
        }

        @Test func `its documents stand in the one list and come through the node, digest checked`() async throws {
            try await Self.run { node, peer, patient, client in
                let found = try await Self.find(patient, by: client)
                #expect(try Region.receipt(found)[Self.arc] == "answered", "\(found.text.prefix(500))")
                #expect(try found.matches.count == 3)
                for match in try found.matches {
                    let resource = try #require(match["resource"])
                    #expect(resource["subject"]?["reference"]?.string?.hasSuffix("Patient/\(patient)") == true)
                    let url = resource["content"]?[0]?["attachment"]?["url"]?.string ?? ""
                    #expect(url.contains(":\(node.clients.number)/fhir/Binary/"), "through the clinician's own node: \(url)")
                    #expect(DocumentID(resource["id"]?.string ?? "") != nil)
                }
                let links = try Self.links(found)
                for text in ForeignPeer.texts {
                    let document = try await client.document(try #require(links[text.utf8.count]))
                    #expect(document.status == 200)
                    #expect(document.bytes == Array(text.utf8))
                    #expect(document.header("content-type") == "text/plain")
                    #expect(document.header("content-length") == String(text.utf8.count))
                }
                let again = try await Self.find(patient, by: client)
                #expect(try Self.links(again) == links, "the same ids and links each time")
                // What only Concordat nodes know, it is asked too, and says that there is no such thing.
                let asked = Set(
                    peer.requests.map { "\($0[0]) \($0[1].prefix { $0 != "?" })" }.filter {
                        $0.contains("/fhir/") && !$0.contains("/fhir/witness/")
                    })
                #expect(
                    asked == [
                        "POST /fhir/Patient/$match", "POST /fhir/DocumentReference/_search", "GET /fhir/_pages",
                        "GET /fhir/Binary/doc-1.b", "GET /fhir/Binary/doc-2.b", "GET /fhir/files/doc-3.b",
                    ])
            }
        }

        @Test func `it has no lists, which is named as a gap and hides nothing of this node's own`() async throws {
            try await Self.run { node, peer, patient, client in
                let published = try await node.client("writer").post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(1).utf8), at: node, of: "RH-1"))
                #expect(published.status == 201)
                let found = try await client.send(.get, "/List?patient=\(patient)", headers: [("request-timeout", "5")])
                #expect(found.status == 200)
                #expect(try found.matches.count == 1, "\(found.text.prefix(500))")
                #expect(try Region.receipt(found)[Self.arc] == "skipped")
                let issue = try found.issues.first { $0["details"]?["coding"]?[0]?["code"] == "skipped" }
                #expect(issue?["severity"] == "warning" && issue?["code"] == "incomplete")
                #expect(issue?["details"]?["text"]?.string?.hasSuffix("questions about lists; its lists are not in this answer") == true)
                #expect(peer.requests.contains { $0[0] == "POST" && $0[1] == "/fhir/List/_search" })
            }
        }

        @Test func `a document is found again after the node forgot what it was shown, as a Binary resource too`() async throws {
            try await Self.run { node, _, patient, client in
                let links = try Self.links(try await Self.find(patient, by: client))
                try await node.stop()
                try await node.start()
                for text in ForeignPeer.texts {
                    let link = try #require(links[text.utf8.count])
                    #expect(try await client.document(link).bytes == Array(text.utf8))
                    let binary = try await client.document(link + "&_format=json")
                    #expect(try binary.json["data"]?.string == Base64.encode(Array(text.utf8)))
                    #expect(try binary.json["contentType"] == "text/plain")
                }
                let other = try await node.register(
                    "RH-2", Demographics(names: [PersonName(family: "Nobody", given: ["Else"])], birthDate: PartialDate("1950-01-01")))
                let stolen = try #require(links.values.first).replacing("\(patient)", with: "\(other.id)")
                #expect(try await client.document(stolen).status == 404, "not a document of that patient")
            }
        }

        @Test(arguments: [
            (ForeignPeer.Mode.otherPatient, "unreachable"), (.otherHome, "unreachable"), (.duplicate, "unreachable"),
            (.endless, "unreachable"), (.html, "unreachable"), (.gigabyte, "unreachable"), (.elsewhere, "unreachable"),
            (.drip, "timed-out"), (.tls, "timed-out"), (.late, "timed-out"),
        ])
        func `a bad answer reaches nobody, is named in the receipt and the log, and holds nothing up`(
            mode: ForeignPeer.Mode, word: String,
        ) async throws {
            try await Self.run { node, peer, patient, client in
                let published = try await node.client("writer").post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(1).utf8), at: node, of: "RH-1"))
                #expect(published.status == 201)
                let own = try await Self.find(patient, by: client).matches.count - ForeignPeer.texts.count
                try peer.behave(mode)
                let place = node.logged.count
                let found = try await Self.find(patient, by: client)
                #expect(found.status == 200)
                #expect(try Region.receipt(found)[Self.arc] == word, "\(mode): \(found.text.suffix(600))")
                #expect(try found.matches.count == own, "\(mode)")
                #expect(!found.text.contains("2.25.7"), "\(mode)")
                let lines = node.logged.since(place).filter {
                    $0.contains("a peer gave no answer") && $0.contains(ForeignPeer.community)
                }
                #expect(lines.count == 1, "\(mode): \(lines)")
            }
        }

        @Test(arguments: [
            ForeignPeer.Mode.digest, .short, .brokenAlways, .dripDocument, .gigabyteDocument, .htmlDocument, .lateDocument,
        ])
        func `a wrong or stalled document never arrives whole`(mode: ForeignPeer.Mode) async throws {
            try await Self.run { node, peer, patient, client in
                let links = try Self.links(try await Self.find(patient, by: client))
                try peer.behave(mode)
                for text in ForeignPeer.texts {
                    let place = node.logged.count
                    let link = try #require(links[text.utf8.count])
                    do {
                        let reply = try await client.send(
                            .get, link, headers: [("accept", "*/*"), ("request-timeout", "2")])
                        #expect(reply.status != 200, "\(mode), \(text.utf8.count) bytes")
                        #expect(try !reply.issues.isEmpty)
                    } catch let error as ExchangeError {
                        #expect(error.code == .unavailable, "cut: \(mode) \(error)")
                        #expect(error.message == ExchangeError.brokenAnswer.message)
                    }
                    if mode == .digest || mode == .short || mode == .brokenAlways {
                        let lines = node.logged.since(place).filter { $0.contains("did not pass whole") }
                        #expect(lines.count == 1, "\(mode)")
                    }
                }
            }
        }

        @Test func `a transfer that breaks is taken up again once by range`() async throws {
            try await Self.run { _, peer, patient, client in
                let links = try Self.links(try await Self.find(patient, by: client))
                try peer.behave(.brokenOnce)
                for text in ForeignPeer.texts {
                    let document = try await client.document(try #require(links[text.utf8.count]))
                    #expect(document.status == 200)
                    #expect(document.bytes == Array(text.utf8))
                }
                #expect(peer.requests.count { $0[1].hasSuffix(".b") } == 2 * ForeignPeer.texts.count)
            }
        }

        @Test func `a refusal cuts a document that is on its way from a slow peer`() async throws {
            try await Self.run { node, peer, patient, client in
                let links = try Self.links(try await Self.find(patient, by: client))
                try peer.behave(.dripDocument)
                let long = try #require(ForeignPeer.texts.last)
                let link = try #require(links[long.utf8.count])
                // A connection that was never used: what ends it before an answer is not asked again.
                let fresh = try node.known()
                async let fetching = fresh.document(link)
                try await until("the document is on its way") {
                    try await node.node.store.projection.accesses(to: patient, limit: 10)
                        .contains { $0.record.transaction == "ITI-68" }
                }
                _ = try await node.refuse(patient)
                do {
                    #expect(try await fetching.status != 200)
                } catch let error as ExchangeError {
                    #expect(error.code == .unavailable)
                }
            }
        }

        @Test func `the disclosure stands in the journal under the trace id that the holder was given`() async throws {
            try await Self.run { node, peer, patient, client in
                let links = try Self.links(try await Self.find(patient, by: client))
                let link = try #require(links[ForeignPeer.texts[0].utf8.count])
                #expect(try await client.document(link).status == 200)
                let events = try await node.exchange.accessLog(of: patient, limit: 10, for: node.administrator)
                let event = try #require(events.first { $0.record.transaction == "ITI-68" })
                let request = try #require(peer.requests.last { $0[1] == "/fhir/Binary/doc-1.b" })
                #expect(request[2] == event.record.traceID)
            }
        }

        private static func path(_ url: String) -> String {
            guard let place = url.range(of: "/fhir/") else { return url }
            return "/" + url[place.upperBound...]
        }
    }
}
