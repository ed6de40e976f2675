// swift-tools-version: 6.2
// The map of the house. A module imports lower floors only: never sideways, never up (README, "The floors").
//
// HIE_ONLY=Journal,CDA builds and tests just these modules and what they stand on, without the packages they do not need.
import Foundation
import PackageDescription

/// One module: what it needs of this house, and what of others.
struct Module {
    let name: String
    let needs: [String]
    let foreign: [String]

    init(_ name: String, needs: [String] = [], foreign: [String] = []) {
        self.name = name
        self.needs = needs
        self.foreign = foreign
    }
}

// MARK: - The floors

let core = ["ExchangeCore", "JSON", "XML"]
let standards = ["FHIRModel", "XDSMetadata", "CDA", "Terminology", "Trust"]
let questions = [
    "PatientIndex", "ConsentEngine", "DocumentExchange", "DocumentReview", "RecordLocation", "Journal", "GossipDirectory",
]

let floors: [[Module]] = [
    [
        Module("ExchangeCore"),
        Module("JSON", needs: []),
        Module("XML", foreign: ["CExpat"]),
    ],
    [
        Module("FHIRModel", needs: ["ExchangeCore", "JSON", "XML"]),
        Module("XDSMetadata", needs: ["ExchangeCore"]),
        Module("CDA", needs: ["ExchangeCore", "XML"]),
        Module("Trust", needs: ["ExchangeCore", "JSON"], foreign: ["X509", "SwiftASN1", "Crypto", "CryptoExtras"]),
        Module("HL7v2", needs: ["ExchangeCore"]),
        Module("Terminology", needs: ["ExchangeCore", "JSON"]),
    ],
    [
        Module("PatientIndex", needs: ["ExchangeCore", "JSON", "FHIRModel"]),
        Module("ConsentEngine", needs: ["ExchangeCore", "JSON", "FHIRModel"]),
        Module(
            "DocumentExchange", needs: ["ExchangeCore", "JSON", "XML", "FHIRModel", "XDSMetadata", "CDA"],
            foreign: ["Crypto"]),
        Module("DocumentReview", needs: ["ExchangeCore", "XML", "CDA", "Terminology"]),
        Module("RecordLocation", needs: ["ExchangeCore"]),
        Module("Journal", needs: ["ExchangeCore"], foreign: ["Crypto"]),
        Module("GossipDirectory", needs: ["ExchangeCore", "JSON", "Trust"], foreign: ["Crypto"]),
    ],
    [
        Module(
            "Transactions",
            needs: ["ExchangeCore", "JSON", "XML"] + standards + questions,
            foreign: ["Logging", "Crypto"])
    ],
    [
        Module(
            "FHIREndpoint", needs: core + standards + questions + ["Transactions"],
            foreign: [
                "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOHTTPTypes", "NIOSSL", "Logging", "X509", "SwiftASN1", "Crypto",
            ]),
        Module(
            "MLLPEndpoint", needs: core + standards + questions + ["Transactions", "HL7v2"],
            foreign: ["NIOCore", "NIOPosix", "Logging", "Crypto"]),
        Module(
            "AdminEndpoint", needs: core + standards + questions + ["Transactions"],
            foreign: ["Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "Logging"]),
        Module(
            "PeerTransport", needs: core + standards + questions + ["Transactions"],
            foreign: [
                "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL", "NIOTLS", "Logging", "X509", "SwiftASN1", "Crypto",
            ]),
        Module(
            "Storage", needs: core + standards + questions + ["Transactions"],
            foreign: ["NIOCore", "NIOPosix", "GRDB", "GRDBSQLite", "Logging", "Crypto"]),
        Module("DirectorySimulation", needs: ["ExchangeCore", "JSON", "Trust", "GossipDirectory"]),
        Module("Simulation", needs: core + standards + questions + ["Transactions"], foreign: ["Logging", "Crypto"]),
    ],
    [
        Module(
            "ExchangeNode",
            needs: core + standards + questions + [
                "Transactions", "FHIREndpoint", "MLLPEndpoint", "HL7v2", "AdminEndpoint", "PeerTransport", "Storage",
            ],
            foreign: [
                "Hummingbird", "HummingbirdCore", "HummingbirdHTTP2", "HummingbirdTLS", "HTTPTypes", "NIOCore",
                "NIOPosix", "NIOSSL", "NIOTLS", "ServiceLifecycle", "UnixSignals", "Logging", "Yams", "X509", "Crypto",
            ])
    ],
    [
        Module(
            "hie",
            needs: core + standards + questions + [
                "Transactions", "AdminEndpoint", "PeerTransport", "Storage", "ExchangeNode",
            ],
            foreign: [
                "ArgumentParser", "NIOCore", "NIOPosix", "NIOSSL", "Logging", "X509", "SwiftASN1", "Crypto", "Yams",
            ]),
        Module(
            "hie-sim",
            needs: core + standards + questions + ["Transactions", "FHIREndpoint", "Simulation", "DirectorySimulation"],
            foreign: [
                "ArgumentParser", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOEmbedded", "NIOHTTPTypes", "Logging",
                "X509",
            ]),
        Module(
            "hie-bench",
            needs: core + standards + questions + [
                "Transactions", "PeerTransport", "Storage", "ExchangeNode", "HL7v2",
            ],
            foreign: [
                "ArgumentParser", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL", "Logging", "Histogram", "Crypto",
            ]),
    ],
]
let programs = Set(floors.last.map { $0.map(\.name) } ?? [])

/// Suites that belong to no single module: what they need.
let suites: [Module] = [
    Module(
        "ConformanceTests",
        needs: ["ExchangeCore", "JSON", "XML", "FHIRModel", "CDA", "Terminology", "DocumentReview"]),
    Module(
        "StorageTests", needs: core + standards + questions + ["Transactions", "Storage", "Simulation"],
        foreign: ["Crypto", "GRDB", "Logging"]),
    Module("FlowTests", needs: core + standards + questions + ["Transactions", "Simulation"], foreign: ["Crypto"]),
    Module(
        "ClusterTests",
        needs: core + standards + questions + ["Transactions", "FHIREndpoint", "Simulation", "hie-sim"]),
    Module(
        "EdgeTests", needs: core + standards + questions + ["Transactions", "FHIREndpoint", "Simulation"],
        foreign: ["HummingbirdCore", "HTTPTypes", "NIOCore", "NIOPosix", "Logging", "X509", "Crypto"]),
    Module(
        "NodeTests",
        needs: core + standards + questions + [
            "Transactions", "AdminEndpoint", "PeerTransport", "Storage", "ExchangeNode", "HL7v2", "MLLPEndpoint",
        ],
        foreign: ["NIOCore", "NIOPosix", "NIOSSL", "ServiceLifecycle", "Logging", "X509", "Crypto"]),
    Module("CommandTests", needs: ["ExchangeCore", "JSON", "hie"]),
    Module("TidyTests"),
]

// MARK: - Other people's packages (README, "Dependencies", says why each)

let packages: [String: (url: String, version: Version)] = [
    "swift-argument-parser": ("https://github.com/apple/swift-argument-parser", "1.8.2"),
    "swift-asn1": ("https://github.com/apple/swift-asn1", "1.7.4"),
    "swift-certificates": ("https://github.com/apple/swift-certificates", "1.21.1"),
    "swift-crypto": ("https://github.com/apple/swift-crypto", "4.5.2"),
    "swift-http-types": ("https://github.com/apple/swift-http-types", "1.8.0"),
    "swift-log": ("https://github.com/apple/swift-log", "1.16.2"),
    "swift-nio": ("https://github.com/apple/swift-nio", "2.101.2"),
    "swift-nio-extras": ("https://github.com/apple/swift-nio-extras", "1.35.2"),
    "swift-nio-ssl": ("https://github.com/apple/swift-nio-ssl", "2.37.6"),
    "GRDB.swift": ("https://github.com/groue/GRDB.swift", "7.10.0"),
    "hummingbird": ("https://github.com/hummingbird-project/hummingbird", "2.28.1"),
    "Yams": ("https://github.com/jpsim/Yams", "6.2.2"),
    "swift-service-lifecycle": ("https://github.com/swift-server/swift-service-lifecycle", "2.13.0"),
    "hdrhistogram-swift": ("https://github.com/HdrHistogram/hdrhistogram-swift", "0.2.0"),
]
let home: [String: String] = [
    "ArgumentParser": "swift-argument-parser", "SwiftASN1": "swift-asn1", "X509": "swift-certificates",
    "Crypto": "swift-crypto", "CryptoExtras": "swift-crypto", "HTTPTypes": "swift-http-types", "Logging": "swift-log", "NIOCore": "swift-nio",
    "NIOPosix": "swift-nio", "NIOEmbedded": "swift-nio", "NIOHTTP1": "swift-nio", "NIOTLS": "swift-nio", "NIOHTTPTypes": "swift-nio-extras", "NIOSSL": "swift-nio-ssl", "GRDB": "GRDB.swift",
    "GRDBSQLite": "GRDB.swift",
    "Hummingbird": "hummingbird", "HummingbirdCore": "hummingbird", "HummingbirdHTTP2": "hummingbird",
    "HummingbirdTLS": "hummingbird", "Yams": "Yams", "ServiceLifecycle": "swift-service-lifecycle", "UnixSignals": "swift-service-lifecycle",
    "Histogram": "hdrhistogram-swift",
]

// MARK: - The rule of the house

var floorOf: [String: Int] = [:]
for (level, modules) in floors.enumerated() { for module in modules { floorOf[module.name] = level } }
for (level, modules) in floors.enumerated() {
    for module in modules {
        for need in module.needs {
            guard let below = floorOf[need] else { fatalError("\(module.name) needs \(need), which no floor has") }
            precondition(below < level, "\(module.name) (floor \(level)) may not need \(need) (floor \(below))")
        }
    }
}

// MARK: - Targets

let everything = Dictionary(uniqueKeysWithValues: floors.joined().map { ($0.name, $0) })
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
func exists(_ path: String) -> Bool {
    let folder = root.appendingPathComponent(path).path
    return !((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).isEmpty
}

let chosen: Set<String> = {
    guard let only = ProcessInfo.processInfo.environment["HIE_ONLY"] else {
        return Set(everything.keys.filter { exists("Sources/\($0)") })
    }
    var wanted = only.split(separator: ",").map(String.init)
    var chosen: Set<String> = []
    while let name = wanted.popLast() {
        guard let module = everything[name] else { fatalError("HIE_ONLY names \(name), which no floor has") }
        if chosen.insert(name).inserted { wanted += module.needs }
    }
    return chosen
}()

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func dependencies(_ module: Module) -> [Target.Dependency] {
    module.needs.filter(chosen.contains).map { .target(name: $0) }
        + module.foreign.map { name in
            home[name].map { .product(name: name, package: $0) } ?? .target(name: name)
        }
}

var targets: [Target] = []
var foreign: Set<String> = []
for module in floors.joined() where chosen.contains(module.name) {
    foreign.formUnion(module.foreign)
    if programs.contains(module.name) {
        targets.append(
            .executableTarget(name: module.name, dependencies: dependencies(module), swiftSettings: settings))
    } else {
        targets.append(.target(name: module.name, dependencies: dependencies(module), swiftSettings: settings))
    }
    if exists("Tests/\(module.name)Tests") && !suites.contains(where: { $0.name == "\(module.name)Tests" }) {
        let own = Module("\(module.name)Tests", needs: module.needs + [module.name], foreign: module.foreign)
        targets.append(
            .testTarget(name: own.name, dependencies: dependencies(own) + ["Fixtures"], swiftSettings: settings))
    }
}
let already = Set(targets.map(\.name))
for suite in suites where exists("Tests/\(suite.name)") && !already.contains(suite.name) {
    guard suite.needs.allSatisfy(chosen.contains) else { continue }
    foreign.formUnion(suite.foreign)
    targets.append(
        .testTarget(name: suite.name, dependencies: dependencies(suite) + ["Fixtures"], swiftSettings: settings))
}
targets.append(.target(name: "Fixtures", path: "Tests/Fixtures", swiftSettings: settings))
if foreign.contains("CExpat") {
    targets.append(
        .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]))
}

let package = Package(
    name: "concordat",
    dependencies: Set(foreign.compactMap { home[$0] }).sorted().compactMap { name in
        packages[name].map { .package(url: $0.url, exact: $0.version) }
    },
    targets: targets,
    swiftLanguageModes: [.v6],
)
