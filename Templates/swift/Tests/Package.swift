// swift-tools-version: 6.3
import PackageDescription

// The simulated host is in Martlet's own package, which depends on others. In a package of their own, the tests keep these out of the
// plugin's build.

let package = Package(
    name: "line-count-tests",
    dependencies: [
        .package(name: "line-count", path: ".."),
        MARTLET_PACKAGE,
    ],
    targets: [
        .testTarget(
            name: "LineCountTests",
            dependencies: [
                .product(name: "LineCount", package: "line-count"),
                .product(name: "MartletKitTesting", package: "martlet"),
            ],
            path: "LineCountTests")
    ],
    swiftLanguageModes: [.v6]
)
