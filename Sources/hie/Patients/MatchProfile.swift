import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import PatientIndex

/// A profile as it is named on the command line: a known one, or a file of one's own.
struct MatchProfile {
    static let help = "--profile is strict, balanced, cms-hte or a JSON file (its name ends in .json)."

    /// The policy.
    let policy: MatchPolicy
    private let name: String
    private let file: [UInt8]?

    init(_ name: String) throws {
        self.name = name
        guard name.hasSuffix(".json") else {
            guard let policy = MatchPolicy.named(name) else { throw ValidationError(Self.help) }
            self.policy = policy
            file = nil
            return
        }
        let bytes = try LocalFile.read(name)
        do throws(ExchangeError) { policy = try MatchPolicy(file: bytes) } catch { throw CommandFailure(error) }
        file = bytes
    }

    /// What a look-up is asked with.
    var arguments: JSONObject {
        if let file { return ["profileFile": .string(String(decoding: file, as: UTF8.self))] }
        return ["profile": .string(name)]
    }
}
