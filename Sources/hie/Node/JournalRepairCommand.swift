import ArgumentParser
import ExchangeCore
import ExchangeNode
import FoundationEssentials
import JSON
import Journal

/// `hie journal repair`.
struct JournalRepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Say what a damaged or restored journal has lost; go on without it when that is accepted.",
        discussion: """
            Look for a backup or a standby that has the lost entries first: hie backup restore. \
            When none has, the log goes on under a new name, whose first entry names the old \
            head; the other nodes keep both, and their journals say so. What is lost is set \
            aside in the node's folder, never deleted. The node must be stopped.

            EXAMPLE
              hie journal repair --home /var/lib/hie
              hie journal repair --home /var/lib/hie --accept-loss --yes
            """)

    @Flag(help: "Go on without what is lost.") var acceptLoss = false
    @Flag(help: "Do it; without, only what would be done is shown.") var yes = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if yes, !acceptLoss { throw ValidationError("--yes goes with --accept-loss.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let node = NodeHome.here(client.home)
        let isAccepted = acceptLoss && yes
        let (found, aside) = try await Progress.during("reading the journal", world: .system, on: terminal) {
            _ -> (JournalRepair.Plan?, String?) in
            do throws(ExchangeError) {
                let repair = JournalRepair(node, world: .system)
                guard isAccepted else { return (try repair.plan(), nil) }
                let done = try repair.accept(user: AdminClient.userName)
                return (done?.plan, done?.aside)
            } catch {
                guard error.code == .conflict else { throw CommandFailure(error) }
                throw CommandFailure(
                    .locked, "a node or another command holds \(node.store.path)", hint: "stop the node first")
            }
        }
        guard let plan = found else {
            if output.json { return terminal.result(["loss": .bool(false)]) }
            return terminal.result("the journal is whole; nothing is to be repaired")
        }
        if output.json { return terminal.result(json(plan, aside)) }
        show(plan, aside, terminal)
        if aside == nil { throw ExitStatus.damaged.exit }
    }

    private func show(_ plan: JournalRepair.Plan, _ aside: String?, _ terminal: Terminal) {
        terminal.result("why      \(plan.reason)", .bad)
        terminal.result("log      \(plan.former)")
        if let head = plan.head { terminal.result("signed   \(head.size) entries") }
        terminal.result("kept     \(plan.common) entries")
        if plan.kept > plan.common { terminal.result("since    \(plan.kept - plan.common) entries of its own, kept too") }
        terminal.result("lost     \(plan.lost) entries that were signed for" + (plan.lost == 0 ? "; perhaps others" : ""))
        terminal.result("goes on  as \(plan.origin)")
        guard let aside else {
            terminal.words(
                acceptLoss
                    ? "nothing was changed; hie journal repair --accept-loss --yes does it"
                    : "nothing was changed; restore a backup (hie backup restore), or accept the loss: "
                        + "hie journal repair --accept-loss --yes")
            return
        }
        terminal.result("aside    \(aside)")
        terminal.words("next: start the node; it makes its tables anew, and the other nodes hear of the new log")
    }

    private func json(_ plan: JournalRepair.Plan, _ aside: String?) -> JSONValue {
        var object = JSONObject()
        object["loss"] = .bool(true)
        object["because"] = .string(plan.reason)
        object["log"] = .string(plan.former)
        object["signed"] = plan.head.map { .number(String($0.size)) }
        object["kept"] = .number(String(plan.common))
        object["since"] = .number(String(plan.kept - plan.common))
        object["lost"] = .number(String(plan.lost))
        object["goesOnAs"] = .string(plan.origin)
        object["done"] = .bool(aside != nil)
        object["aside"] = aside.map { .string($0) }
        return .object(object)
    }
}
