/// Addresses that others name, and what becomes of each at a node of the internet that may notify `hooks.example.org:443` alone.
///
/// `PORT` stands for the port of a listener on this machine, which counts who comes.
struct AddressTrick: Sendable, CustomStringConvertible {
    /// How far an address gets.
    enum Verdict {
        /// It is no address at all.
        case unread
        /// It is read, and not connected to.
        case undialled
        /// It is read, and is a host of the internet's DNS: whoever answers must show the certificate of the community meant.
        case name
        /// It is read, and an address that anybody on the internet may have.
        case global
    }

    let text: String
    let verdict: Verdict
    var description: String { text.debugDescription }

    private init(_ text: String, _ verdict: Verdict) { (self.text, self.verdict) = (text, verdict) }

    static let all: [AddressTrick] =
        unread.map { AddressTrick($0, .unread) } + undialled.map { AddressTrick($0, .undialled) } + names.map { AddressTrick($0, .name) }
        + global.map { AddressTrick($0, .global) }

    private static let unread = [
        // Schemes.
        "http://hooks.example.org/", "HTTPS://hooks.example.org/", "https:/hooks.example.org/", "https:hooks.example.org", "//hooks.example.org/",
        "hooks.example.org/", "ftp://hooks.example.org/", "file:///etc/passwd", "gopher://127.0.0.1:PORT/_x", "dict://127.0.0.1:PORT/x",
        "javascript:alert(1)", "data:text/plain,x", "https+unix://%2Fvar%2Frun%2Fdocker.sock/", "jar:https://hooks.example.org!/", "", "https://",
        "https:///hooks.example.org/", "https:////127.0.0.1:PORT/", " https://hooks.example.org/", "\thttps://hooks.example.org/", "https\u{FF1A}//127.0.0.1/",
        // Users and what looks like them.
        "https://hooks.example.org@127.0.0.1:PORT/", "https://hooks.example.org:443@127.0.0.1:PORT/", "https://user:pass@hooks.example.org/",
        "https://hooks.example.org#@127.0.0.1:PORT/", "https://hooks.example.org?@127.0.0.1:PORT/", "https://hooks.example.org\\@127.0.0.1:PORT/",
        "https://hooks.example.org%40127.0.0.1:PORT/", "https://@127.0.0.1:PORT/", "https://:@127.0.0.1:PORT/", "https://127.0.0.1:PORT\\@hooks.example.org/",
        // Version 4 in other numbers.
        "https://2130706433:PORT/", "https://0x7f000001:PORT/", "https://0X7F000001:PORT/", "https://017700000001:PORT/", "https://0177.0.0.1:PORT/",
        "https://0x7f.0.0.1:PORT/", "https://0x7f.1:PORT/", "https://127.1:PORT/", "https://127.0.1:PORT/", "https://127.00.0.1:PORT/",
        "https://127.0.0.01:PORT/", "https://127.0.0.1.:PORT/", "https://127.0.0.256/", "https://127.0.0/", "https://0:PORT/", "https://0x0:PORT/",
        "https://0/", "https://1/", "https://4294967296/", "https://2852039166/latest/meta-data/", "https://0xA9FEA9FE/", "https://0251.0376.0251.0376/",
        "https://169.254.43518/", "https://127.0.0.1.5/", "https://1.2.3.4.0x5/", "https://example.0x7f/",
        // Version 6.
        "https://::1/", "https://[::1/", "https://::1]/", "https://[::1]PORT/", "https://[::1]:PORT:1/", "https://[fe80::1%25lo]:PORT/",
        "https://[fe80::1%lo]:PORT/", "https://[::ffff:127.0.0.1]:PORT/", "https://[0:0:0:0:0:ffff:127.0.0.1]:PORT/", "https://[::1%00]/", "https://[1::2::3]/",
        "https://[:::1]/", "https://[12345::1]/", "https://[1:2:3:4:5:6:7:8:9]/", "https://[1:2:3:4:5:6:7]/", "https://[]/", "https://[v1.x]/",
        "https://[hooks.example.org]/", "https://[127.0.0.1]:PORT/",
        // Names.
        "https://hooks.example.org./", "https://.hooks.example.org/", "https://hooks..example.org/", "https://-hooks.example.org/", "https://hooks-.example.org/",
        "https://hooks_x.example.org/", "https://*.example.org/", "https://hooks.example.org;evil.example/", "https://hooks.example.org,evil.example/",
        "https://hooks.example.org&evil.example/", "https://hooks.example.org%2eevil.example/", "https://hooks.example.org%00.evil.example/",
        "https://hooks%2Eexample%2Eorg/", "https://%31%32%37.0.0.1:PORT/", "https://127%2E0%2E0%2E1:PORT/", "https://hooks.example.org\u{0}.evil.example/",
        "https://hooks.example.org /", "https://hooks.example.org\t/", "https://hooks .example.org/", "https://\u{FF11}\u{FF12}\u{FF17}.0.0.1:PORT/",
        "https://127\u{3002}0\u{3002}0\u{3002}1:PORT/", "https://127\u{FF0E}0\u{FF0E}0\u{FF0E}1:PORT/", "https://127\u{FF61}0.0.1:PORT/",
        "https://hooks\u{FF0E}example\u{FF0E}org/", "https://hooks.example.org\u{3002}evil.example/", "https://h\u{043E}oks.example.org/",
        "https://\u{24D7}ooks.example.org/", "https://hooks.exam\u{AD}ple.org/", "https://hooks.example.org\u{200B}/", "https://\u{202E}gro.elpmaxe/",
        "https://loc\u{E4}lhost:PORT/", "https://xn--\u{E4}/", "https://hooks.example.org\u{2044}x/", "https://hooks.example.org\u{FF0F}x/",
        // Ports.
        "https://hooks.example.org:/", "https://hooks.example.org:0/", "https://hooks.example.org:-1/", "https://hooks.example.org:+443/",
        "https://hooks.example.org:65536/", "https://hooks.example.org:99999999999999999999/", "https://hooks.example.org:0443/", "https://hooks.example.org:443:80/",
        "https://hooks.example.org:4 43/", "https://hooks.example.org:0x1bb/", "https://hooks.example.org:\u{FF14}43/", "https://hooks.example.org:443@/",
        // Paths, and what would end a line of the request.
        "https://hooks.example.org/../admin", "https://hooks.example.org/./x", "https://hooks.example.org/%2e%2e/", "https://hooks.example.org/a?b=c",
        "https://hooks.example.org/a#b", "https://hooks.example.org/a b", "https://hooks.example.org/\r\nHost: x", "https://hooks.example.org\r\n.evil.example/",
        "https://hooks.example.org/\u{0}", "https://hooks.example.org/a;b", "https://hooks.example.org/a\\b", "https://hooks.example.org\\x/",
        "https://hooks.example.org/a|b", "https://hooks.example.org/\u{E9}", "https://evil.example/?https://hooks.example.org", "https://evil.example#hooks.example.org",
        "https://hooks.example.org?x", "https://hooks.example.org#x", "https://hooks.example.org/" + String(repeating: "a", count: 300),
    ]

    private static let undialled = [
        // This machine.
        "https://127.0.0.1:PORT/", "https://127.0.0.1:PORT/fhir", "https://127.0.0.2:PORT/", "https://127.255.255.254:PORT/", "https://localhost:PORT/",
        "https://LOCALHOST:PORT/", "https://[::1]:PORT/", "https://[0:0:0:0:0:0:0:1]:PORT/", "https://[0000:0000::0001]:PORT/", "https://0.0.0.0:PORT/",
        "https://[::]:PORT/", "https://0.1.2.3:PORT/",
        // The same within version 6: mapped, compatible, translated, tunnelled.
        "https://[::ffff:7f00:1]:PORT/", "https://[::FFFF:7F00:0001]:PORT/", "https://[::7f00:1]:PORT/", "https://[64:ff9b::7f00:1]:PORT/",
        "https://[64:ff9b:1::7f00:1]:PORT/", "https://[2002:7f00:1::]:PORT/", "https://[2001:0:7f00:1::]:PORT/", "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a9fe:a9fe]/", "https://[2002:a9fe:a9fe::1]/", "https://[64:ff9b::a00:1]/", "https://[::ffff:0:7f00:1]:PORT/",
        // Networks of others, and a cloud's metadata.
        "https://10.0.0.1/", "https://10.255.255.255/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.0.1/", "https://100.64.0.1/",
        "https://[fc00::1]/", "https://[fd12:3456::1]/", "https://169.254.169.254/latest/meta-data", "https://169.254.170.2/", "https://[fe80::1]/",
        "https://[febf::1]/", "https://[fec0::1]/", "https://[fd00:ec2::254]/", "https://100.100.100.200/", "https://168.63.129.16/", "https://192.0.0.192/",
        // Nobody's.
        "https://224.0.0.1/", "https://239.255.255.250/", "https://255.255.255.255/", "https://240.0.0.1/", "https://[ff02::1]/", "https://192.0.2.1/",
        "https://198.51.100.1/", "https://203.0.113.1/", "https://198.18.0.1/", "https://192.88.99.1/", "https://[2001:db8::1]/", "https://[100::1]/",
        "https://[3fff::1]/", "https://[4000::1]/",
    ]

    private static let names = [
        "https://hooks.example.org.evil.example/", "https://evil.example/hooks.example.org", "https://evilhooks.example.org/", "https://example.org/",
        "https://hooks.example.org:8443/", "https://metadata.google.internal/", "https://127.0.0.1.nip.io:PORT/", "https://localtest.me:PORT/",
        "https://xn--hks-0qa.example.org/", "https://127.0.0.1.evil.example/", "https://a.1.evil/", "https://kubernetes.default.svc/",
    ]

    private static let global = ["https://1.1.1.1/", "https://172.32.0.1/", "https://100.128.0.1/", "https://[2606:4700::1111]/", "https://[64:ff9b::101:101]/"]
}
