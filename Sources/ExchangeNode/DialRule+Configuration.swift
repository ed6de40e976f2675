import GossipDirectory
import PeerTransport

extension NodeConfiguration {
    /// Which addresses directory records may lead the node to: by where its administrator has put it and its seeds.
    var dialRule: DialRule {
        let urls = [peerBase, "https://\(peers)"] + peerAlso + seeds.map { "https://\($0)" }
        return DialRule(own: Set(urls.compactMap { EndpointURL($0)?.host }))
    }
}
