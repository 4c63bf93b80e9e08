import Addresses
import ConfigurationFuzzing
import TestInput
import Testing

@testable import Configuration

/// Damages valid files in many small ways. Nothing may trap, and every value must be where the tree says. `make mutate` does the
/// same for as long as you like, in worker processes, because some files terminate the process.
struct MutationTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func damageNeverTraps(seed: UInt64) {
        for number in 0..<1000 as Range<UInt64> {
            let bytes = MutatedFile(seed: seed, number: number).bytes
            bytes.withUnsafeBytes(checkConfiguration)
            guard let document = try? ConfigurationDocument(bytes: bytes, file: "x.toml", parser: .inProcess) else {
                continue
            }
            _ = OptionSchemaTests.schema.validate(
                document.root, relativeTo: "/", file: "x.toml", parser: .inProcess)
        }
    }

    @Test(arguments: [5, 6] as [UInt64])
    func noiseNeverTraps(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let length = Int.random(in: 0..<60, using: &generator)
            let bytes = (0..<length).flatMap { _ in MutatedFile.pieces.randomElement(using: &generator) ?? [] }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = ConfigurationKey(parsing: text).description
            _ = DurationText.nanoseconds(text)
            _ = SizeText.bytes(text)
            _ = try? ListenAddress(parsing: text)
            if let document = try? ConfigurationDocument(bytes: bytes, file: "x.toml", parser: .inProcess) {
                _ = document.root.position(of: ConfigurationKey(parsing: text))
            }
            _ = nearest(text, among: ["options", "a1"])
        }
    }
}
