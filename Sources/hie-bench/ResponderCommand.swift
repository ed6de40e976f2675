import ArgumentParser
import ExchangeNode
import Foundation

/// `hie-bench responder`: the scripted communities of `hie-bench locate`, in a process of their own.
struct ResponderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "responder", abstract: "Answer as many communities do; what hie-bench locate starts.",
        shouldDisplay: false)

    @Option(help: "The file with the communities and their ports.") var plan: String

    func run() async throws {
        FileLimit.raise()
        let plan = try ResponderPlan(PlainFile.read(URL(fileURLWithPath: plan)))
        try await ResponderServer(plan).run()
    }
}
