// swift-tools-version: 6.3
import PackageDescription

// What a plugin is built with. It depends on no other package, so a plugin that uses it resolves nothing else.

let package = Package(
    name: "martlet-sdk",
    products: [
        .library(name: "CMartlet", targets: ["CMartlet"]),
        .library(name: "MartletKit", targets: ["MartletKit"]),
        .library(name: "MartletKitDecoding", targets: ["MartletKitDecoding"]),
        .library(name: "MartletKitTesting", targets: ["MartletKitTesting"]),
        .library(name: "TestInput", targets: ["TestInput"]),
        .library(name: "BinaryWire", targets: ["BinaryWire"]),
        .library(name: "MartletClient", targets: ["MartletClient"]),
        .library(name: "SCRAM", targets: ["SCRAM"]),
        .library(name: "TLSClient", targets: ["TLSClient"]),
        .library(name: "COpenSSL", targets: ["COpenSSL"]),
    ],
    targets: [
        // The plugin ABI.
        .target(name: "CMartlet"),
        .target(name: "MartletKit", dependencies: ["CMartlet"]),
        // Not part of MartletKit, because otherwise every plugin would contain it, in every generation.
        .target(name: "MartletKitDecoding", dependencies: ["MartletKit"], swiftSettings: [.strictMemorySafety()]),
        // The codec of the binary protocol (docs/binary-protocol.md), for the server and for clients.
        .target(name: "BinaryWire", swiftSettings: [.strictMemorySafety()]),
        // A client of servers of the binary protocol. It alone needs OpenSSL: SwiftPM builds only what a package uses, so a plugin is
        // built without.
        .target(
            name: "MartletClient", dependencies: ["BinaryWire", "CEpoll", "SCRAM", "TLSClient"],
            // Calls stay on the actor of their caller.
            swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
        // Proves a password without telling it (RFC 5802), for the server and for clients.
        .target(name: "SCRAM", dependencies: ["COpenSSL"]),
        // TLS on a client's socket.
        .target(name: "TLSClient", dependencies: ["COpenSSL"]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"]), .yum(["openssl-devel"])]),
        // epoll(7) and what else Glibc's module does not have.
        .systemLibrary(name: "CEpoll"),
        // Input that is cut or random, and the same for the same seed.
        .target(name: "TestInput"),
        // Tests plugins in libmartlet_simulation.so, which it opens when the first test needs it.
        .target(name: "MartletKitTesting", dependencies: ["CMartlet", "MartletKit", "TestInput"]),
        .testTarget(name: "MartletKitTests", dependencies: ["MartletKit", "TestInput"]),
        .testTarget(name: "SCRAMTests", dependencies: ["SCRAM"]),
        .testTarget(name: "MartletClientTests", dependencies: ["BinaryWire", "MartletClient", "SCRAM", "TestInput"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
