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
    ],
    targets: [
        // The plugin ABI.
        .target(name: "CMartlet"),
        .target(name: "MartletKit", dependencies: ["CMartlet"]),
        // Not part of MartletKit, because otherwise every plugin would contain it, in every generation.
        .target(name: "MartletKitDecoding", dependencies: ["MartletKit"], swiftSettings: [.strictMemorySafety()]),
        // The codec of the binary protocol (docs/binary-protocol.md), for the server and for clients.
        .target(name: "BinaryWire", swiftSettings: [.strictMemorySafety()]),
        // Input that is cut or random, and the same for the same seed.
        .target(name: "TestInput"),
        // Tests plugins in libmartlet_simulation.so, which it opens when the first test needs it.
        .target(name: "MartletKitTesting", dependencies: ["CMartlet", "MartletKit", "TestInput"]),
        .testTarget(name: "MartletKitTests", dependencies: ["MartletKit", "TestInput"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
