import AdminEndpoint
import ExchangeCore
import ExchangeNode
import JSON
import Storage

/// The journal of a node that runs or is stopped, as a backup or a standby copies it.
enum SourceJournal {
    /// Where it is durable now.
    static func end(_ client: AdminClient) async throws -> JournalEnd {
        try client.demandHome()
        if await client.isRunning() {
            guard let end = JournalEnd(try await client.ask(.journalEnd)) else {
                throw CommandFailure(.failed, "the node does not say where its journal ends", hint: "compare hie version")
            }
            return end
        }
        do throws(ExchangeError) {
            return try await JournalEnd.ofStopped(NodeHome.here(client.home))
        } catch {
            guard error.code == .conflict else { throw CommandFailure(error) }
            throw CommandFailure(.locked, error.description, hint: "a node that is starting? try again")
        }
    }

    /// The recovery key's public half, from a file.
    static func publicKey(_ path: String) throws -> RecoveryKey.Public {
        do throws(ExchangeError) {
            return try RecoveryKey.Public(text: try text(path))
        } catch { throw CommandFailure(.usage, "\(path): \(error.message)", hint: "make one with hie backup key") }
    }

    /// The recovery key itself, from a file.
    static func privateKey(_ path: String) throws -> RecoveryKey {
        do throws(ExchangeError) {
            return try RecoveryKey(text: try text(path))
        } catch { throw CommandFailure(.usage, "\(path): \(error.message)", hint: "it is the file hie backup key made") }
    }

    private static func text(_ path: String) throws(ExchangeError) -> String {
        do { return try LocalFile.text(path, atMost: 4096) } catch {
            throw ExchangeError(.badRequest, error.message)
        }
    }
}
