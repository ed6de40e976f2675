import ConsentEngine
import ExchangeCore
import HTTPTypes
import JSON
import Journal
import NIOCore
import Testing
import Transactions

@testable import FHIREndpoint

/// `ETag`, `If-None-Match` and `ifMatch` about folders: a folder is of the version in which the asker sees it.
@Suite struct FolderVersionTests {
    let scene: EdgeScene

    init() async throws { scene = try await EdgeScene() }

    private static let folder = "urn:oid:1.2.7.1"

    private func made() async throws -> (path: String, tag: String, id: String) {
        let made = try await scene.provide(
            ProvidedBundle(documents: [.init(name: "a")], folders: [.init(uniqueID: Self.folder, members: ["a"])]))
        return ("/fhir/List/\(made[1])", try await tag("/fhir/List/\(made[1])"), made[1])
    }

    private func tag(_ path: String) async throws -> String {
        let read = await scene.send(.get, path)
        #expect(read.status.code == 200)
        return try #require(read.headers[.eTag])
    }

    /// Puts one more document into the folder.
    private func put(
        _ name: String, if condition: String?, url: String = "List", label: String = "N", unique: String = Self.folder, role: String = "physician",
    ) async -> Answer {
        let bundle = ProvidedBundle(
            set: "urn:oid:1.2.9.\(name.utf8.map(String.init).joined())", documents: [.init(name: name, label: label)],
            folders: [.init(uniqueID: unique, method: "PUT", url: url, condition: condition, title: nil, members: [name])])
        return await scene.send(.post, "/fhir", body: JSONWriter.bytes(bundle.json), role: role)
    }

    private func isStale(_ answer: Answer) throws -> Bool {
        let issue = try answer.json()["issue"]?[0]
        return answer.status.code == 412 && issue?["details"]?["coding"]?[0]?["code"]?.string == "XDSMetadataVersionError"
            && issue?["expression"]?[0]?.string == "Bundle.entry[1].request.ifMatch"
    }

    @Test func `a folder is put into by who names its version, and the answer has the next one`() async throws {
        let (path, first, id) = try await made()
        #expect(first.hasPrefix("W/\""))
        let answer = await put("b", if: first)
        #expect(answer.status.code == 200, "\(String(buffer: answer.body))")
        let second = try #require(try answer.json()["entry"]?[1]?["response"]?["etag"]?.string)
        #expect(second != first)
        #expect(try await tag(path) == second)
        let size = scene.exchange.journal.size
        #expect(try isStale(await put("c", if: first)))
        #expect(scene.exchange.journal.size == size + 1, "it was read, and nothing was submitted")
        // By its id, strong, in a list; any version; and without a condition.
        #expect(await put("c", if: "\"x\", \(second.dropFirst(2))", url: "List/\(id)").status.code == 200)
        #expect(await put("d", if: "*").status.code == 200)
        let plain = await put("e", if: nil)
        #expect(plain.status.code == 200)
        #expect(try plain.json()["entry"]?[1]?["response"]?["etag"] == nil)
        #expect(try isStale(await put("f", if: second)))
        #expect(try isStale(await put("f", if: "x")))
    }

    @Test func `a reader who knows the version is told so, and it is written down`() async throws {
        let (path, tag, _) = try await made()
        let size = scene.exchange.journal.size
        let known = await scene.send(.get, path, [.ifNoneMatch: "\"other\", \(tag)"])
        #expect(known.status.code == 304 && known.body.readableBytes == 0)
        #expect(known.headers[.eTag] == tag)
        #expect(scene.exchange.journal.size == size + 1)
        _ = await put("b", if: nil)
        #expect(await scene.send(.get, path, [.ifNoneMatch: tag]).status.code == 200)
    }

    @Test func `T80 what comes into a folder unseen leaves its version as it was`() async throws {
        let (path, first, _) = try await made()
        try await scene.withhold("R")
        #expect(await put("b", if: nil, label: "R").status.code == 200)
        #expect(try await tag(path) == first)
        // Its own author does not see it either: the version after is the one before.
        let answer = await put("c", if: first, label: "R")
        #expect(try answer.json()["entry"]?[1]?["response"]?["etag"]?.string == first)
    }

    @Test func `T82 a folder that shows nothing is no folder to a condition`() async throws {
        let scene = try await EdgeScene(default: .optIn)
        let made = try await scene.provide(
            ProvidedBundle(documents: [.init(name: "a")], folders: [.init(uniqueID: Self.folder, members: ["a"])]))
        var answers: [Answer] = []
        for (unique, url) in [
            (Self.folder, "List/\(made[1])"), (Self.folder, "List"), (Self.folder, "List/0190aaaa-0000-4000-8000-000000000001"), ("urn:oid:1.2.7.9", "List"),
        ] {
            for condition in ["*", "W/\"1\""] {
                let bundle = ProvidedBundle(
                    set: "urn:oid:1.2.9.2", documents: [.init(name: "b")],
                    folders: [.init(uniqueID: unique, method: "PUT", url: url, condition: condition, members: ["b"])])
                let size = scene.exchange.journal.size
                answers.append(await scene.provided(bundle))
                #expect(scene.exchange.journal.size == size + 1, "each is written down, and nothing is submitted")
            }
        }
        #expect(try answers.allSatisfy(isStale))
        #expect(Set(answers.map(\.body)).count == 1)
    }

    @Test func `who may not read lists has no version to name`() async throws {
        let (_, tag, _) = try await made()
        let size = scene.exchange.journal.size
        #expect(await put("b", if: tag, role: "registrar").status.code == 403)
        #expect(scene.exchange.journal.size == size)
        #expect(await put("b", if: nil, role: "registrar").status.code == 200)
    }

    @Test func `of two who read the same version, one is told to read again`() async throws {
        let (path, first, _) = try await made()
        let codes = await withTaskGroup(of: UInt.self) { group in
            for name in ["b", "c", "d", "e"] { group.addTask { UInt(await self.put(name, if: first).status.code) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == 200 }.count == 1)
        #expect(codes.allSatisfy { [200, 409, 412].contains($0) })
        let list = try await scene.send(.get, path).json()
        #expect(list["entry"]?.items.count == 2)
    }
}
