import ExchangeCore
import GossipDirectory
import NIOCore

/// What goes over a connection of the directory's own protocol, `hie-dir/1` by ALPN (RFC 7301) on the peer port: eight bytes,
/// then a payload.
///
/// Kind (1 byte), length of the payload (3 bytes), number of the question (4 bytes), big-endian. Whoever dialled asks;
/// answers bear their question's number and may come in any order.
package struct GossipPacket: Hashable, Sendable {
    /// The protocol's name.
    package static let protocolName = "hie-dir/1"
    /// Bytes before the payload.
    static let headerBytes = 8

    /// What the payload is.
    package enum Kind: UInt8, Sendable {
        /// A directory frame that asks.
        case question = 1
        /// The directory frame that answers.
        case answer = 2
        /// One byte: why there is no answer (`Refusal`).
        case refusal = 3
    }

    /// Why a question is not answered.
    package enum Refusal: UInt8, Sendable, CaseIterable {
        /// Who asks is not admitted here, banned, or asks too much.
        case forbidden = 1
        /// It is no directory frame.
        case malformed = 2
        /// It holds more than a directory message may.
        case tooLarge = 3
        /// The node cannot answer now.
        case unavailable = 4
    }

    /// What the payload is.
    package let kind: Kind
    /// The question's number on its connection.
    package let number: UInt32
    /// A directory frame, at most `DirectoryMessage.bytesMax`, or a refusal's byte.
    package let payload: [UInt8]

    /// A packet from its parts.
    package init(_ kind: Kind, _ number: UInt32, _ payload: [UInt8]) {
        self.kind = kind
        self.number = number
        self.payload = payload
    }

    /// Takes the next packet out of what has come; nil while it is not whole.
    ///
    /// `.badRequest` for an unknown kind, `.tooLarge` for a length beyond the limit, before any of the payload is waited for.
    package init?(from buffer: inout ByteBuffer) throws(ExchangeError) {
        guard let head = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
        guard let kind = Kind(rawValue: UInt8(head >> 24)) else {
            throw ExchangeError(.badRequest, "no packet of \(Self.protocolName)")
        }
        let length = Int(head & 0xFF_FFFF)
        guard length <= (kind == .refusal ? 1 : DirectoryMessage.bytesMax) else {
            throw ExchangeError(.tooLarge, "a directory message may have \(DirectoryMessage.bytesMax) bytes at the most")
        }
        guard buffer.readableBytes >= Self.headerBytes + length else { return nil }
        buffer.moveReaderIndex(forwardBy: 4)
        guard let number = buffer.readInteger(as: UInt32.self), let payload = buffer.readBytes(length: length) else {
            return nil
        }
        self.init(kind, number, payload)
    }

    /// Puts the wire form at a buffer's end.
    package func write(to buffer: inout ByteBuffer) {
        buffer.reserveCapacity(buffer.writerIndex + Self.headerBytes + payload.count)
        buffer.writeInteger(UInt32(kind.rawValue) << 24 | UInt32(payload.count & 0xFF_FFFF))
        buffer.writeInteger(number)
        buffer.writeBytes(payload)
    }
}

extension GossipPacket.Refusal {
    /// The refusal that an error becomes on the wire.
    init(_ error: ExchangeError) {
        self =
            switch error.code {
            case .forbidden, .unauthenticated: .forbidden
            case .badRequest, .notFound, .conflict, .gone, .unknownPatient: .malformed
            case .tooLarge: .tooLarge
            case .unavailable, .timeout, .corrupted, .internal: .unavailable
            }
    }

    /// The error that a refusal is to whoever asked.
    var error: ExchangeError {
        switch self {
        case .forbidden: ExchangeError(.forbidden, "the peer refused the request")
        case .malformed: ExchangeError(.badRequest, "the peer does not understand the question")
        case .tooLarge: ExchangeError(.tooLarge, "the question is too large for the peer")
        case .unavailable: ExchangeError(.unavailable, "the peer cannot answer now")
        }
    }
}

/// Packets out of a stream of bytes.
struct GossipDecoder: ByteToMessageDecoder {
    typealias InboundOut = GossipPacket

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let packet = try GossipPacket(from: &buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(packet))
        return .continue
    }

    mutating func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        try decode(context: context, buffer: &buffer)
    }
}

/// Packets into bytes.
final class GossipEncoder: MessageToByteEncoder {
    typealias OutboundIn = GossipPacket

    func encode(data: GossipPacket, out: inout ByteBuffer) { data.write(to: &out) }
}
