/// Tests neither sleep nor count on a port being free.
enum TestRule {
    /// Not `[::1]`: it stands in tests of address parsing, and a server bound to it is caught by `port:`.
    private static let loopback = ["localhost:", "127.0.0.1:", "0.0.0.0:"]

    static func findings(_ file: SourceFile) -> [Finding] {
        let sleeps = BanRule.findings(file).filter { $0.rule == .sleep }.map { finding in
            Finding(
                rule: .test, path: finding.path, line: finding.line,
                message: "a test waits for what it waits for, not for time")
        }
        return sleeps + ports(file)
    }

    private static func ports(_ file: SourceFile) -> [Finding] {
        file.code.indices.compactMap { index in
            let token = file.code[index]
            let isFixed =
                switch token.kind {
                case .string: hasPort(token.text)
                case .number: isBound(file.code, index)
                default: false
                }
            guard isFixed else { return nil }
            return .init(rule: .test, path: file.path, line: token.line, message: "a fixed port; bind port 0 and ask")
        }
    }

    /// `:8443`, or a loopback host with a port above 1023; closed ports of the system's own range may be dialled.
    private static func hasPort(_ text: String) -> Bool {
        func isPort(_ tail: Substring) -> Bool {
            let digits = tail.prefix { ("0"..."9").contains($0) }
            return (4...5).contains(digits.count) && digits.first != "0"
        }
        if text.hasPrefix(":"), isPort(text.dropFirst()), text.dropFirst(6).isEmpty || text.contains("/") {
            return true
        }
        return loopback.contains { host in
            text.ranges(of: host).contains { isPort(text[$0.upperBound...]) }
        }
    }

    /// `port: 8443` in a call that binds, listens or names a loopback address.
    private static func isBound(_ code: [Token], _ index: Int) -> Bool {
        guard index > 1, code[index - 1].text == ":", code[index - 2].text == "port", code[index].text != "0" else {
            return false
        }
        let before = code[..<index].suffix(12)
        let hosts = ["127.0.0.1", "localhost", "0.0.0.0", "::1", "::"]
        return before.contains {
            $0.kind == .string ? hosts.contains($0.text) : ["bind", "listen", "hostname"].contains($0.text)
        }
    }
}
