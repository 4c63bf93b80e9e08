// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "line-count",
    products: [.library(name: "LineCountPlugin", type: .dynamic, targets: ["LineCountPlugin"])],
    dependencies: [MARTLET_SDK],
    targets: [
        .target(
            name: "LineCountPlugin",
            dependencies: [.product(name: "MartletKit", package: "martlet-sdk")],
            // The linker exports one symbol and hides every other.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/plugin.version"])
            ]),
        // The tests contain the plugin instead of loading it, and run it in Martlet's own engine.
        .testTarget(
            name: "LineCountTests",
            dependencies: ["LineCountPlugin", .product(name: "MartletKitTesting", package: "martlet-sdk")]),
    ],
    swiftLanguageModes: [.v6]
)
