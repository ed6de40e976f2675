import ExchangeCore
import GossipDirectory
import HTTPTypes
import HummingbirdCore
import NIOCore
import Transactions
import Trust

extension FHIRService {
    /// `POST /directory`: a peer's directory message; the certificate alone says who it is, strangers included.
    func exchangeDirectory(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        guard let peer = exchanged.identity?.certificate.community else {
            throw .unauthenticated(reason: "no community in the certificate")
        }
        // Anybody with a certificate of the network may send here, so no more is read than a message can have.
        let reading = BodyReading(
            limits: exchange.settings.limits, bytesMax: DirectoryMessage.bytesMax, uptime: exchange.world.uptime)
        let message = try await exchanged.body(reading)
        let reply = try await asking { () throws(ExchangeError) in
            try await exchange.exchangeDirectory(message, from: peer)
        }
        var answer = Answer(.ok, json: ByteBuffer(bytes: reply))
        answer.headers[.contentType] = DirectoryMessage.mediaType
        return answer
    }
}
