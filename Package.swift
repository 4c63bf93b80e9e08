// swift-tools-version: 6.3
import Glibc
import PackageDescription

// Each target is a room. The dependency lists below are the walls between rooms: a room sees what it lists and nothing else. A
// target with `safe` has strict memory safety on, so unsafe code in it is marked `unsafe`. The other targets do not mark it.

let safe: [SwiftSetting] = [.strictMemorySafety()]

/// The modules of the SDK, the package in `SDK/`.
let cMartlet = Target.Dependency.product(name: "CMartlet", package: "martlet-sdk")
let martletKit = Target.Dependency.product(name: "MartletKit", package: "martlet-sdk")
let martletKitTesting = Target.Dependency.product(name: "MartletKitTesting", package: "martlet-sdk")
let martletKitDecoding = Target.Dependency.product(name: "MartletKitDecoding", package: "martlet-sdk")
let binaryWire = Target.Dependency.product(name: "BinaryWire", package: "martlet-sdk")
let cOpenSSL = Target.Dependency.product(name: "COpenSSL", package: "martlet-sdk")
let martletClient = Target.Dependency.product(name: "MartletClient", package: "martlet-sdk")
let scram = Target.Dependency.product(name: "SCRAM", package: "martlet-sdk")
let tlsClient = Target.Dependency.product(name: "TLSClient", package: "martlet-sdk")
let testInput = Target.Dependency.product(name: "TestInput", package: "martlet-sdk")

/// Code that no request runs is compiled for size.
let small: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// The linker drops the unwind tables of Swift code (martlet.ld), and packs relocations where glibc reads packed ones: since 2.36.
let smallProgram: [LinkerSetting] = {
    // "glibc 2.36"
    var text = [CChar](repeating: 0, count: 64)
    confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count)
    let version = String(decoding: text.map(UInt8.init), as: UTF8.self).split { !$0.isNumber }.compactMap { Int($0) }
    let readsPacked = !version.lexicographicallyPrecedes([2, 36])
    let flags =
        ["-T", "\(Context.packageDirectory)/Sources/martlet/martlet.ld"]
        + (readsPacked ? ["-z", "pack-relative-relocs"] : [])
    return [
        .unsafeFlags(["-use-ld=bfd"] + flags.flatMap { ["-Xlinker", $0] }, .when(configuration: .release))
    ]
}()

/// SwiftPM links all tests into one program, so it contains the entry functions of several plugins. No test calls them.
let severalEntries: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--allow-multiple-definition"])]

/// A plugin is a dynamic library that exports one symbol; the linker script hides every other.
func plugin(_ name: String, path: String, dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: path,
        linkerSettings: [
            .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/Plugins/plugin.version"])
        ]
    )
}

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        .library(name: "martlet_simulation", type: .dynamic, targets: ["SimulationLibrary"]),
        .library(name: "EchoPlugin", type: .dynamic, targets: ["EchoPlugin"]),
        .library(name: "HTTPPlugin", type: .dynamic, targets: ["HTTPPlugin"]),
        .library(name: "BinaryPlugin", type: .dynamic, targets: ["BinaryPlugin"]),
        .library(name: "ChatPlugin", type: .dynamic, targets: ["ChatPlugin"]),
        .library(name: "RESPPlugin", type: .dynamic, targets: ["RESPPlugin"]),
        // For tests of crashes.
        .library(name: "DiesPlugin", type: .dynamic, targets: ["DiesPlugin"]),
    ],
    dependencies: [
        // What plugins are built with, and the ABI that the host shares with them.
        .package(name: "martlet-sdk", path: "SDK"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // The border to C and to the system.
        .target(name: "CLinux"),
        .systemLibrary(name: "CFFI", providers: [.apt(["libffi-dev"]), .yum(["libffi-devel"])]),
        // Opens libmariadb when a pool needs it. To build: libmariadb-dev.
        .target(name: "CMariaDB"),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"]), .yum(["sqlite-devel"])]),

        // The files of `martlet new`, from Templates/.
        .target(name: "CTemplates"),

        // The addresses of sockets, for the host and for the clients of the command line.
        .target(name: "Addresses", swiftSettings: safe + small),

        // Listening sockets: the control side makes them.
        .target(name: "Listening", dependencies: ["Addresses", "Threads"], swiftSettings: small),

        // The host. Reads and writes the structs of martlet.h by its rules of growth.
        .target(name: "PluginABI", dependencies: [cMartlet]),
        .target(name: "Threads", dependencies: ["CLinux"]),
        .target(
            name: "Telemetry",
            dependencies: ["CLinux", "Threads", .product(name: "Logging", package: "swift-log")]
        ),
        // Runs this program as a child, for work that could crash it: parsing files and probing plugins.
        .target(name: "ChildProcess", dependencies: ["CLinux"]),
        // toml++, from Debian's libtomlplusplus-dev.
        .target(name: "CTOML", cxxSettings: [.unsafeFlags(["-Os"], .when(configuration: .release))]),
        .target(
            name: "Configuration", dependencies: ["Addresses", "CLinux", "CTOML", "ChildProcess"],
            swiftSettings: safe + small),
        .target(
            name: "Engine",
            dependencies: [
                "Addresses", "CLinux", cMartlet, "PluginABI", "Telemetry", "Threads",
            ]
        ),
        // TLS under the connections of the engine. Nothing else knows OpenSSL's types of it.
        .target(name: "TLS", dependencies: [cMartlet, cOpenSSL, "Engine", "PluginABI"]),
        // Databases: statements, values, results and errors, whatever the database is.
        .target(name: "SQL", dependencies: ["Threads"]),
        .target(name: "SQLite", dependencies: ["CLinux", "CSQLite", "SQL", "Threads"]),
        .target(name: "MariaDB", dependencies: ["CMariaDB", "SQL", "Threads"]),
        // Keeps connections to databases, and gives them work.
        .target(name: "DatabasePools", dependencies: ["SQL", "Threads"]),
        // The databases of a host.
        .target(
            name: "Databases", dependencies: ["DatabasePools", "MariaDB", "SQL", "SQLite", "Threads"],
            swiftSettings: small),
        // Who may use listeners: passwords and tokens in a database.
        .target(name: "Users", dependencies: ["SQL", scram, "Threads"], swiftSettings: small),
        // Calls the typed operations of plugins.
        .target(
            name: "Operations", dependencies: ["CFFI", "CLinux", cMartlet, "PluginABI"], swiftSettings: small),
        // Makes and runs the instances of plugins.
        .target(
            name: "Instances",
            dependencies: [
                cMartlet, "Engine", "Operations", "PluginABI", "SQL", "Telemetry", "Threads", "Users",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // The engine and the instances without sockets, threads or time, for tests of plugins and for the probe.
        .target(
            name: "Simulation",
            dependencies: [
                testInput, "CLinux", cMartlet, "Engine", "Instances", "Operations", "PluginABI", "SQLite",
                "Telemetry", "Threads", "Users",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: small
        ),
        .target(
            name: "PluginHost",
            dependencies: [
                testInput, "ChildProcess", cMartlet, "CLinux", cOpenSSL, "Engine", "Configuration", "Instances",
                "Operations", "PluginABI", "Simulation", "Telemetry", "Threads",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: small
        ),
        // What a listener's file says, in the types of the engine and of the instances.
        .target(
            name: "ConfiguredInstances", dependencies: ["CLinux", "Configuration", "Engine", "Instances", "Threads"],
            swiftSettings: small),
        // What the control side of a server asks of the side that runs plugins: plain values, descriptors and handles.
        .target(
            name: "HostInterface",
            dependencies: [
                "CLinux", "Databases", "Engine", "Instances", "PluginHost", "TLS", "Telemetry", "Threads", "Users",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: small
        ),
        // Messages between the processes of a server.
        .target(name: "HostLink", dependencies: ["CLinux", "Threads"], swiftSettings: small),
        // A runtime in another process: calls as messages on one side, their service on the other.
        .target(
            name: "RemoteHost",
            dependencies: [
                "ChildProcess", "CLinux", "Databases", "Engine", "HostInterface", "HostLink", "Instances", "PluginHost",
                "TLS",
                "Telemetry",
                "Threads", "Users",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: small
        ),
        // Runs plugins: the engine, the instances on its loops, and the thread that watches them.
        .target(
            name: "Host",
            dependencies: [
                "CLinux", "Databases", "Engine", "Instances", "PluginHost", "HostInterface", "TLS", "Telemetry",
                "Threads", "Users",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: small
        ),
        // Controls a host: configuration, reload, listening sockets, the control socket, status. Loads no plugin.
        .target(
            name: "Server",
            dependencies: [
                "Addresses", "CLinux", "ConfiguredInstances", "Engine", "Instances", "PluginHost", "Configuration",
                "DatabasePools", "Databases", "Operations", "HostInterface", "Listening", "TLS", "Telemetry", "Threads",
                "Users",
                "HTTPWire",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: small
        ),

        // The simulation as a library with a C interface, for tests of plugins in any language.
        .target(
            name: "SimulationLibrary",
            dependencies: [
                cMartlet, "Configuration", "ConfiguredInstances", "Engine", "Instances", "PluginABI", "Simulation",
                "Threads", "Users",
            ],
            exclude: ["simulation.version"],
            swiftSettings: small,
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker",
                    "--version-script=\(Context.packageDirectory)/Sources/SimulationLibrary/simulation.version",
                ])
            ]
        ),

        // The wire codecs and the plugins.
        .target(name: "HTTPWire", swiftSettings: safe),
        .target(name: "RESPWire", swiftSettings: safe),
        plugin("EchoPlugin", path: "Plugins/Echo", dependencies: [martletKit]),
        .target(name: "CFileAccess", path: "Plugins/HTTPFiles"),
        plugin("HTTPPlugin", path: "Plugins/HTTP", dependencies: [martletKit, "HTTPWire", "CFileAccess"]),
        // Keys and values in memory, which the plugins Binary and RESP share.
        .target(name: "KeyValueStore", dependencies: [martletKit], path: "Plugins/KeyValueStore"),
        plugin("BinaryPlugin", path: "Plugins/Binary", dependencies: [martletKit, binaryWire, "KeyValueStore"]),
        plugin("RESPPlugin", path: "Plugins/RESP", dependencies: [martletKit, "RESPWire", "KeyValueStore"]),
        plugin("ChatPlugin", path: "Plugins/Chat", dependencies: [martletKit]),
        plugin("DiesPlugin", path: "Tests/Plugins/Dies", dependencies: [martletKit]),

        // The command line.
        .target(
            name: "LoadGenerator",
            dependencies: [
                "Addresses", "Threads", tlsClient, .product(name: "Histogram", package: "hdrhistogram-swift"),
            ]
        ),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "CLinux", "Databases", "Server", "Host", "HostInterface", "HostLink", "RemoteHost", "Engine",
                "PluginHost",
                "Configuration",
                "ConfiguredInstances", "Instances", "Operations", "Telemetry", "Threads", "Users",
                binaryWire, "LoadGenerator", "CTemplates", martletClient, tlsClient,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["martlet.ld"],
            swiftSettings: small,
            linkerSettings: smallProgram
        ),

        // Tests.
        .testTarget(
            name: "ABITests",
            dependencies: [cMartlet, "PluginABI"],
            exclude: ["layout.golden"]),
        // Compiles the code in the documents against what is built.
        .testTarget(name: "DocumentationTests", dependencies: [martletClient, martletKitDecoding, martletKitTesting]),
        .testTarget(
            name: "MartletKitTests", dependencies: [cMartlet, martletKit, martletKitDecoding, martletKitTesting]),
        .testTarget(name: "MartletKitTestingTests", dependencies: [cMartlet, martletKit, martletKitTesting]),
        .testTarget(
            name: "EchoPluginTests", dependencies: ["EchoPlugin", martletKitTesting], linkerSettings: severalEntries),
        .testTarget(
            name: "ChatPluginTests", dependencies: ["ChatPlugin", martletKitTesting], linkerSettings: severalEntries),
        .testTarget(
            name: "BinaryPluginTests",
            dependencies: ["BinaryPlugin", binaryWire, "KeyValueStore", martletKit, martletKitTesting, scram]),
        .testTarget(name: "KeyValueStoreTests", dependencies: [testInput, "KeyValueStore"]),
        .testTarget(name: "RESPWireTests", dependencies: [testInput, "RESPWire"]),
        .testTarget(
            name: "RESPPluginTests",
            dependencies: ["RESPPlugin", "RESPWire", "KeyValueStore", martletKit, martletKitTesting],
            linkerSettings: severalEntries),
        .testTarget(
            name: "HTTPPluginTests",
            dependencies: ["HTTPPlugin", "HTTPWire", "CFileAccess", cMartlet, martletKit, martletKitTesting]),
        .testTarget(name: "OperationsTests", dependencies: ["Operations", cMartlet]),
        .testTarget(
            name: "EngineTests",
            dependencies: [testInput, "Addresses", "Engine", "Listening", "PluginABI", cMartlet, "CLinux", "Threads"]),
        .testTarget(name: "ListeningTests", dependencies: ["Addresses", "Listening", "Threads"]),
        .testTarget(name: "TelemetryTests", dependencies: [testInput, "Telemetry", "CLinux"]),
        .testTarget(
            name: "PluginHostTests",
            dependencies: [
                testInput, "Addresses", "HostInterface", "PluginHost", "PluginABI", "Instances", "Listening",
                "Simulation",
                "Configuration", cMartlet, "Engine", "SQLite", "Telemetry", "Users",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Addresses", "Databases", "Server", "Host", "Configuration", "Engine", "Instances", "PluginHost",
                "HostInterface",
                "TLS", "Threads", "Users",
            ]),
        // A server of MariaDB for tests.
        .target(name: "PrivateMariaDB", dependencies: ["MariaDB"], path: "Tests/PrivateMariaDB"),
        .testTarget(name: "MariaDBTests", dependencies: ["CMariaDB", "MariaDB", "PrivateMariaDB", "SQL"]),
        .testTarget(
            name: "DatabasesTests",
            dependencies: ["DatabasePools", "Databases", "MariaDB", "PrivateMariaDB", "SQL", "SQLite", "Threads"]),
        .testTarget(name: "SQLTests", dependencies: ["SQL"]),
        .testTarget(
            name: "UsersTests",
            dependencies: [
                "DatabasePools", "Databases", "MariaDB", "PrivateMariaDB", "SQL", scram, "SQLite", "Threads", "Users",
            ]),
        .testTarget(name: "SQLiteTests", dependencies: ["CSQLite", "SQL", "SQLite", "Threads"]),
        .testTarget(name: "DatabasePoolsTests", dependencies: ["DatabasePools", "SQL", "Threads"]),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"]),
        .testTarget(name: "HostTests", dependencies: ["Engine", "Host"]),
        .testTarget(
            name: "RemoteHostTests",
            dependencies: [
                "Engine", "Host", "HostInterface", "HostLink", "Instances", "PluginHost", "RemoteHost", "Telemetry",
                "Threads",
            ]),
        .testTarget(name: "HostLinkTests", dependencies: [testInput, "CLinux", "HostLink", "Threads"]),
        .testTarget(
            name: "ConfigurationTests", dependencies: [testInput, "Addresses", "Configuration", "ConfigurationFuzzing"]),
        .testTarget(name: "HTTPWireTests", dependencies: [testInput, "HTTPWire"]),
        .testTarget(name: "BinaryWireTests", dependencies: [testInput, binaryWire]),
        .testTarget(name: "LoadGeneratorTests", dependencies: ["LoadGenerator", "Threads", "CLinux"]),
        // The targets of the fuzzers and of the replay of their corpora: Fuzzing/run.sh.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "HTTPWire", binaryWire, "RESPWire", "KeyValueStore", "Engine", scram, "ConfigurationFuzzing",
            ],
            path: "Fuzzing/Targets"),
        // A separate target, for Fuzzing/mutate.sh.
        .target(
            name: "ConfigurationFuzzing", dependencies: [testInput, "Configuration"], path: "Fuzzing/Configuration"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"]),
        // Runs the built binary and libraries, which `swift build --build-tests` makes.
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                testInput, "Server", "HostInterface", "PluginHost", "Configuration", "Instances", "LoadGenerator",
                martletClient, tlsClient, binaryWire, "MariaDB", "Operations", "PrivateMariaDB", "Threads",
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17,
    cxxLanguageStandard: .cxx17
)
