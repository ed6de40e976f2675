import NIOCore
import NIOHTTP1

/// Writes a request, head and body, as one buffer, so that it leaves as one TLS record and one packet where it fits.
///
/// Stands before the response decoder, which watches the parts go by to know what each answer belongs to.
final class RequestSerializer: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = ByteBuffer

    private var buffer = ByteBuffer()

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            buffer.writeString(head.method.rawValue)
            buffer.writeStaticString(" ")
            buffer.writeString(head.uri)
            buffer.writeStaticString(" HTTP/1.1\r\n")
            for (name, value) in head.headers {
                buffer.writeString(name)
                buffer.writeStaticString(": ")
                buffer.writeString(value)
                buffer.writeStaticString("\r\n")
            }
            buffer.writeStaticString("\r\n")
            promise?.succeed()
        case .body(.byteBuffer(var body)):
            buffer.writeBuffer(&body)
            promise?.succeed()
        case .body(.fileRegion):
            promise?.fail(ChannelError.operationUnsupported)
        case .end:
            let whole = buffer
            buffer = ByteBuffer()
            context.write(wrapOutboundOut(whole), promise: promise)
        }
    }
}
