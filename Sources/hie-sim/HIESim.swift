import ArgumentParser

/// The simulator: whole exchanges in one process, on one thread, each from a seed.
@main
struct HIESim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hie-sim",
        abstract: "Plays whole exchanges from seeds, in virtual time, and checks what must hold in all of them.",
        discussion: """
            The nodes are the production code over memory stores and a simulated network. What fails
            is printed with its seed, and the seed plays it again.

            EXAMPLE
              hie-sim consent --seeds 200
              hie-sim consent --seed 17
              hie-sim directory --seeds 1000 --nodes 50
              hie-sim locate --seeds 5000
            """,
        subcommands: [ConsentCommand.self, DirectoryCommand.self, LocateCommand.self])
}
