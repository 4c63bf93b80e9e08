// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "line-count",
    products: [.library(name: "LineCountPlugin", type: .dynamic, targets: ["LineCountPlugin"])],
    dependencies: [MARTLET_PACKAGE],
    targets: [
        .target(
            name: "LineCountPlugin",
            dependencies: [.product(name: "MartletKit", package: "martlet")],
            // The linker exports one symbol and hides every other.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/plugin.version"])
            ]),
        .testTarget(
            name: "LineCountTests",
            dependencies: ["LineCountPlugin", .product(name: "MartletKitTesting", package: "martlet")]),
    ],
    swiftLanguageModes: [.v6]
)
