import ExchangeCore
import Foundation
import Journal
import Logging
import PeerTransport
import ServiceLifecycle
import Storage
import Transactions

/// The node as a witness: its memory on disk, and the keys the directory states.
enum NodeWitness {
    /// What a node's folder remembers of others' logs, ready to answer.
    static func book(_ home: NodeHome, store: NodeStore, directory: DirectoryBook, world: World)
        async throws(ExchangeError) -> WitnessBook
    {
        try await WitnessBook(
            signer: LogKeyFile.signer(home, origin: store.store.origin), journal: store.store,
            former: LogKeyFile.keys(home, origin: store.store.origin).dropFirst().map { $0 },
            proofs: ProofAuthor(store: store.store), store: FileWitnessStore(home.witness.path),
            keys: { directory.logKey($0, at: world.now()) }, cosigners: { directory.logKeys(at: world.now()) },
            world: world)
    }
}

/// The rounds of a witness, as a service that ends with the group; a node that runs on an older copy of itself ends.
struct WitnessService: Service {
    let exchange: Exchange
    let client: PeerWitnessClient

    func run() async throws {
        let failure = await cancelWhenGracefulShutdown { () -> ExchangeError? in
            do throws(ExchangeError) {
                try await exchange.witnessPeers(by: client)
                return nil
            } catch {
                return error
            }
        }
        guard let failure else { return }
        exchange.logger.critical(
            "the node ends", metadata: ["error": "\(failure.message)", "log": "\(failure.location ?? "")"])
        throw failure
    }
}
