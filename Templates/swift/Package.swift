// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "line-count",
    products: [
        .library(name: "LineCountPlugin", type: .dynamic, targets: ["LineCountPlugin"]),
        // For the tests, which contain the plugin instead of loading it.
        .library(name: "LineCount", targets: ["LineCountPlugin"]),
    ],
    dependencies: [MARTLET_SDK],
    targets: [
        .target(
            name: "LineCountPlugin",
            dependencies: [.product(name: "MartletKit", package: "martlet-sdk")],
            // The linker exports one symbol and hides every other.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/plugin.version"])
            ])
    ],
    swiftLanguageModes: [.v6]
)
