import ExchangeCore
import Foundation
import JSON
import Testing

@testable import hie

/// What a publisher goes on from: a report of what was done, a folder that is watched.
@Suite struct PublishRunTests {
    private static func file(_ path: String, _ digest: String, _ outcome: DocumentPublisher.Outcome) -> PublishedFile {
        PublishedFile(path: path, digest: digest, outcome: outcome)
    }

    @Test func `a report tells the next run what was published, just so, also behind a line that was cut off`() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let path = folder.path + "/report.jsonl"
        let first = try PublishJournal(path)
        try first.add(Self.file("a.xml", "11", .known("id-a", nil)))
        try first.add(Self.file("b.xml", "22", .refused("no", nil)))
        #expect(first.has("a.xml", "11") && !first.has("a.xml", "12") && !first.has("b.xml", "22"))
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes.append(Data(#"{"file":"c.xml","published":tr"#.utf8))
        try bytes.write(to: URL(fileURLWithPath: path))
        let second = try PublishJournal(path)
        #expect(second.has("a.xml", "11") && !second.has("c.xml", ""))
        try second.add(Self.file("d.xml", "44", .known("id-d", nil)))
        let third = try PublishJournal(path)
        #expect(third.has("a.xml", "11") && third.has("d.xml", "44"))
        #expect(throws: CommandFailure.self) { try PublishJournal(folder.path + "/nowhere/report.jsonl") }
    }

    @Test func `what replaces another is sent once that one is answered, whatever the order given; the rest side by side`() {
        let names = ["quintero-discharge-2", "lindqvist-discharge", "quintero-discharge-1"]
        let paths = names.map { Repository.samples + "/hospital-\($0).xml" }
        var order = PublishOrder(paths)
        let first = [order.next(), order.next()].compactMap { $0 }
        #expect(first.map(\.path) == [paths[1], paths[2]])
        var blocked = order.next()
        #expect(blocked == nil && order.waiting == 1)
        order.isDone(first[0].number)
        blocked = order.next()
        #expect(blocked == nil, "not the one it waits for")
        order.isDone(first[1].number)
        let last = [order.next(), order.next()].compactMap { $0?.path }
        #expect(last == [paths[0]] && order.waiting == 0)
        var alone = PublishOrder([paths[0], "-", "/nowhere/x.xml"])
        let all = [alone.next(), alone.next(), alone.next()].compactMap { $0?.path }
        #expect(all == [paths[0], "-", "/nowhere/x.xml"])
    }

    @Test func `a watched folder gives a file once it is whole, and again when it has changed`() throws {
        let folder = try Folder()
        defer { folder.remove() }
        var watched = WatchedFolder(folder.path)
        #expect(try watched.whole().isEmpty)
        let path = folder.path + "/one.xml"
        try Data("<a/>".utf8).write(to: URL(fileURLWithPath: path))
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + "/one.xml.part"))
        #expect(try watched.whole().isEmpty, "it may still grow")
        #expect(try watched.whole() == [path])
        #expect(try watched.whole() == [path], "until it was dealt with")
        watched.take([path])
        #expect(try watched.whole().isEmpty)
        try Data("<a>more</a>".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try watched.whole().isEmpty)
        #expect(try watched.whole() == [path])
        folder.remove()
        #expect(throws: CommandFailure.self) { try watched.whole() }
    }
}
