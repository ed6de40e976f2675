import CDA
import ExchangeCore
import Foundation
import Testing

/// Every payload of `Tests/payloads` through the renderer, without a browser; Deploy/try-browser opens the same in one.
@Suite struct PayloadTests {
    struct Payload: Sendable, CustomStringConvertible {
        let place: String
        let text: String
        var description: String { "\(place): \(text)" }
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("payloads")

    /// Rows of two columns; those that begin with `=` say what stands in a place otherwise.
    private static let rows: [[String]] = {
        let text = (try? String(contentsOf: folder.appendingPathComponent("cda.tsv"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false).map(String.init) }
    }()

    private static let defaults = Dictionary(
        rows.filter { $0[0].hasPrefix("=") }.map { (String($0[0].dropFirst()), $0[1]) }, uniquingKeysWith: { first, _ in first })

    static let payloads = rows.filter { !$0[0].hasPrefix("=") }
        .map { Payload(place: $0[0], text: $0[1].split(separator: "CANARY/N", omittingEmptySubsequences: false).joined(separator: "9/0")) }

    private static func filled(_ template: String, _ payload: Payload) -> String {
        template.split(separator: "%", omittingEmptySubsequences: false).enumerated().map { number, part in
            let place = String(part)
            if number.isMultiple(of: 2) { return place }
            return place == payload.place ? payload.text : filled(defaults[place] ?? "", payload)
        }.joined()
    }

    @Test func `there are enough of them`() { #expect(Self.payloads.count >= 150) }

    @Test(arguments: payloads) func `T110 a payload becomes text of a page of ours, or the document is refused`(_ payload: Payload) throws {
        let template = try String(contentsOf: Self.folder.appendingPathComponent("template.xml"), encoding: .utf8)
        let document = Self.filled(template, payload)
        #expect(document.contains(payload.text))
        let rendered: RenderedDocument?
        do throws(ExchangeError) {
            rendered = try DocumentRendering.render(Array(document.utf8), mimeType: "text/xml")
        } catch {
            #expect(payload.text.contains("<!DOCTYPE"), "\(error.message)")
            return
        }
        let known = try #require(rendered)
        let page = try #require(HTMLWriting.page(known, bytesMax: 1 << 20))
        #expect(PageRules.breaches(String(decoding: page, as: UTF8.self)) == [])
    }
}
