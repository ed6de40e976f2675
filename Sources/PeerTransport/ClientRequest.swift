import NIOCore
import NIOHTTP1

/// An HTTP/1.1 request as our client sends it.
package struct ClientRequest: Sendable {
    /// Which method.
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// Which method.
    package var method: Method
    /// Path and query, beginning with a slash, escaped by the caller.
    package var target: String
    /// Headers beside `Host`, `Content-Length` and `Connection`, which are set for every request.
    package var headers: [(name: String, value: String)]
    /// The body; empty sends none, with `Content-Length: 0` where the method has one.
    package var body: [UInt8]
    /// The most bytes of body accepted in answer.
    package var responseBytesMax: Int
    /// Whether it may be sent again when a kept connection turns out to be closed.
    package var isRepeatable: Bool

    /// A request; repeatable when it is GET or HEAD, its answer limited to 64 MiB.
    package init(
        _ method: Method, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        responseBytesMax: Int = 64 << 20, isRepeatable: Bool? = nil,
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.responseBytesMax = responseBytesMax
        self.isRepeatable = isRepeatable ?? (method == .get || method == .head)
    }

    /// Whether nothing in target or headers could end a line: what cannot be said in HTTP is not sent.
    var isWellFormed: Bool {
        guard target.utf8.first == UInt8(ascii: "/"), target.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return false
        }
        return headers.allSatisfy { header in
            !header.name.isEmpty && header.name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3A }
                && header.value.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 >= 0x80 || $0 == 0x09 }
        }
    }
}

/// The start of an answer: status and headers.
package struct ClientResponseHead: Sendable {
    /// The status code.
    package let status: Int
    /// The headers in their order, names as sent.
    package let headers: [(name: String, value: String)]

    /// The first value of a header, its name compared without case.
    package func header(_ name: String) -> String? {
        headers.first { Self.same($0.name, name) }?.value
    }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && left.utf8.elementsEqual(right.utf8) { one, other in
                one == other || (one ^ other == 0x20 && (0x61...0x7A).contains(one | 0x20))
            }
    }
}

/// A whole answer.
package struct ClientResponse: Sendable {
    /// Status and headers.
    package let head: ClientResponseHead
    /// The body.
    package let body: [UInt8]

    /// The status code.
    package var status: Int { head.status }

    /// The first value of a header, its name compared without case.
    package func header(_ name: String) -> String? { head.header(name) }
}
