import ExchangeCore
import FHIRModel
import JSON
import NIOCore
import Transactions

/// A page of rendered DocumentReferences as a searchset Bundle: fragments joined, nothing parsed or rendered again.
struct SearchsetPage: Sendable {
    /// The base URL of the listener, without a slash at its end.
    let base: String
    /// The search it answers.
    let search: DocumentSearch
    /// Entries on a page at the most.
    let pageEntriesMax: Int
    /// What communities said and what was left out; nil when there is nothing to say.
    let outcome: OperationOutcome?
    /// The id of the outcome's entry.
    let outcomeID: String

    /// The Bundle of a page of what was found; `rows` are newest first, all that the caller may see.
    func bytes(of found: FoundDocuments) -> ByteBuffer {
        let ordered = search.isAscending ? found.rows.reversed() : found.rows
        let start = search.cursor?.start(among: ordered, isAscending: search.isAscending) ?? 0
        let size = search.pageSize(max: pageEntriesMax)
        let page = ordered[start..<min(start + size, ordered.count)]
        let outcome = outcome.map { JSONWriter.bytes(.object($0.json)) }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(
            page.reduce(1024 + (outcome?.count ?? 0)) { $0 + $1.reference.count + base.utf8.count + 128 })
        buffer.writeStaticString(#"{"resourceType":"Bundle","type":"searchset","total":"#)
        buffer.writeString(String(ordered.count))
        buffer.writeStaticString(#","link":["#)
        write(link: "self", search.link(base: base, page: search.cursor), to: &buffer)
        if size > 0, let last = page.last, page.endIndex < ordered.count {
            buffer.writeStaticString(",")
            let cursor = PageCursor(after: .init(last), search: found.search.map { .init($0.token, seen: $0.seen) })
            write(link: "next", search.link(base: base, page: cursor), to: &buffer)
        }
        // Where what comes later can be had (IANA link relation `monitor`, RFC 5989).
        if let going = found.search, !going.isOver {
            buffer.writeStaticString(",")
            let cursor = PageCursor(after: nil, search: .init(going.token, seen: going.seen))
            write(link: "monitor", search.link(base: base, page: cursor), to: &buffer)
        }
        buffer.writeStaticString("]")
        if !page.isEmpty || outcome != nil { buffer.writeStaticString(#","entry":["#) }
        for (number, row) in page.enumerated() {
            buffer.writeStaticString(",", unless: number == 0)
            buffer.writeStaticString(#"{"fullUrl":""#)
            buffer.writeString(base)
            buffer.writeStaticString("/DocumentReference/")
            buffer.writeString(row.id.description)
            buffer.writeStaticString(#"","resource":"#)
            buffer.writeBytes(search.subset.bytes(of: row.reference))
            buffer.writeStaticString(#","search":{"mode":"match"}}"#)
        }
        if let outcome {
            buffer.writeStaticString(",", unless: page.isEmpty)
            buffer.writeStaticString(#"{"fullUrl":"urn:uuid:"#)
            buffer.writeString(outcomeID)
            buffer.writeStaticString(#"","resource":"#)
            buffer.writeBytes(outcome)
            buffer.writeStaticString(#","search":{"mode":"outcome"}}"#)
        }
        buffer.writeStaticString(!page.isEmpty || outcome != nil ? "]}" : "}")
        return buffer
    }

    private func write(link relation: StaticString, _ url: String, to buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"relation":""#)
        buffer.writeStaticString(relation)
        buffer.writeStaticString(#"","url":"#)
        var text: [UInt8] = []
        JSONWriter.append(string: url, to: &text)
        buffer.writeBytes(text)
        buffer.writeStaticString("}")
    }
}

extension ByteBuffer {
    fileprivate mutating func writeStaticString(_ text: StaticString, unless isLeftOut: Bool) {
        if !isLeftOut { writeStaticString(text) }
    }
}
