import ArgumentParser

/// `hie completion`.
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print what makes a shell complete hie's commands and options.",
        discussion: """
            EXAMPLE
              hie completion bash > /etc/bash_completion.d/hie
              hie completion zsh > /usr/local/share/zsh/site-functions/_hie
              hie completion fish > ~/.config/fish/completions/hie.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash
        case zsh
        case fish
    }

    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() throws {
        let script =
            switch shell {
            case .bash: HIE.completionScript(for: .bash)
            case .zsh: HIE.completionScript(for: .zsh)
            case .fish: HIE.completionScript(for: .fish)
            }
        Terminal().resultText(script)
    }
}
