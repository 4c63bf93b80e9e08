import Glibc
import Testing

@testable import Configuration

/// `MARTLET_FUZZ=100 swift test --filter MutationTests` goes on a hundred times as long.
private let effort = getenv("MARTLET_FUZZ").flatMap { Int(String(cString: $0)) } ?? 1

/// Damages good files in many small ways. Nothing may trap. `Fuzzing/mutate.sh` does more of it, and looks at every place.
struct MutationTests {
    static let samples = [
        PositionTests.nasty,
        "plugin = \"http.so\"\nlisten = [\"[::]:8080\", 'unix:@x']\n[socket]\nbacklog = 1\n[limits]\nidle_timeout = \"75s\"\n"
            + "[options]\nroot = \"public\"\n[[options.routes]]\npath = '/é'\nx = { a = [1, 2.5, 1979-05-27], b.c = \"\\u00e9\" }\n",
        "plugin = 'x'\n[[listen]]\nname = \"public\"\naddress = '*:80'\n[[listen]]\naddress = \"unix:@x\"\n[limits]\nconnections = 1",
        "plugin = 'x'\nlisten = ['*:0', { address = \"[::1]:0\", name = 'b' }, {\"address\"='127.0.0.1:1'}]",
        "loops = 2\ncpu_affinity = [0, 1]\nlog_format = \"json\"\n[defaults.socket]\nunix_mode = \"0600\"\n"
            + "defaults = 1\n[defaults.limits]\nmax_input = '2MiB'\n",
    ]

    static let pieces = [
        "\"", "'", "\"\"\"", "'''", "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "#", "\n", "\r\n", "\\", "\\u0000",
        "\\U0001F600", "a", "1",
        "-", "_", "é", "\u{301}", "\t", " ", "0x", "1e999", "9223372036854775808", "inf", "nan", "1979-05-27T07:32:00Z",
        "\0", "\u{FEFF}", "options",
        "\r", "\u{A0}", "\u{85}", "\u{2028}", "\u{B}", "\u{C}", "\u{1}", "}", "(", "true", "+", ":", "/", "0b", "e",
    ].map { Array($0.utf8) }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func damageNeverTraps(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        for _ in 0..<1000 * effort {
            let bytes = mutated(&generator)
            guard let document = try? ConfigurationDocument(bytes: bytes, file: "x.toml", parser: .inProcess) else {
                continue
            }
            _ = ProcessConfiguration.read(document, file: "x.toml", folder: "/")
            _ = readListener(document.text)
            _ = OptionSchemaTests.schema.validate(document.root, relativeTo: "/", file: "x.toml", parser: .inProcess)
        }
    }

    @Test(arguments: [5, 6] as [UInt64])
    func noiseNeverTraps(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        for _ in 0..<2000 * effort {
            let length = Int.random(in: 0..<60, using: &generator)
            let bytes = (0..<length).flatMap { _ in Self.pieces.randomElement(using: &generator) ?? [] }
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

    private func mutated(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = Array((Self.samples.randomElement(using: &generator) ?? "").utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: Self.pieces.randomElement(using: &generator) ?? [], at: place)
            case 2: bytes.replaceSubrange(place..<end, with: Self.pieces.randomElement(using: &generator) ?? [])
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            default: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &generator) }
            }
        }
        return bytes
    }
}
