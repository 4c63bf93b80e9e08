import Simulation
import TestInput

/// Input that peers send: parts of several protocols, and of none.
struct PeerInput {
    /// "line text"
    let name: String
    let bytes: [UInt8]
    var splits: [InputSplit]

    static let lines = Array("hello\nhow are you\r\n\r\nget key\r\nset key value\r\n{\"a\": [1, 2]}\n\u{e9}\n".utf8)
    static let request = Array(
        """
        GET / HTTP/1.1\r\nHost: probe.invalid\r\nUser-Agent: martlet-probe\r\nAccept: */*\r\n\r\n\
        POST /probe?a=b%20c HTTP/1.1\r\nHost: probe.invalid\r\nContent-Length: 11\r\n\r\nhello world\
        PUT /probe HTTP/1.1\r\nHost: probe.invalid\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n\
        GET /missing HTTP/1.0\r\n\r\n
        """.utf8)
}

extension PeerScript {
    static var fixedInputs: [PeerInput] {
        [
            PeerInput(name: "line text", bytes: PeerInput.lines, splits: [.whole, .everyByte, .pieces(of: 7)]),
            PeerInput(
                name: "an HTTP request", bytes: PeerInput.request, splits: [.whole, .everyByte, .pieces(of: 5)]),
            PeerInput(name: "bytes 0 to 255", bytes: Array(0...255), splits: [.whole, .everyByte]),
            PeerInput(
                name: "zeros", bytes: [UInt8](repeating: 0, count: 300), splits: [.whole, .pieces(of: 3)]),
            // The largest unsigned length and a negative signed one, in every width.
            PeerInput(
                name: "ones", bytes: [UInt8](repeating: 0xFF, count: 300), splits: [.whole, .pieces(of: 3)]),
            PeerInput(
                name: "a large length", bytes: [0x7F, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 60),
                splits: [.whole, .everyByte]),
        ]
    }

    /// Requests with a few wrong bytes, which get further than noise.
    static func damagedInputs(_ seed: UInt32) -> [PeerInput] {
        (0..<8).map { damagedInput(UInt64(seed) + $0, of: $0 % 2 == 0 ? PeerInput.request : PeerInput.lines) }
    }

    private static func damagedInput(_ seed: UInt64, of whole: [UInt8]) -> PeerInput {
        var generator = SeededGenerator(seed: seed)
        var bytes = whole
        for _ in 0..<6 {
            bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        return PeerInput(
            name: "a damaged request (seed \(seed))", bytes: bytes, splits: [.random(seed: seed, largest: 32)])
    }

    /// Noise from `SeededGenerator(seed:).bytes(count: 2_048)`.
    static func randomInputs(_ seed: UInt32) -> [PeerInput] {
        (0..<12).map { randomInput(UInt64(seed) + $0, isSplit: $0 > 0) }
    }

    private static func randomInput(_ seed: UInt64, isSplit: Bool) -> PeerInput {
        var generator = SeededGenerator(seed: seed)
        let bytes = generator.bytes(count: 2_048)
        return PeerInput(
            name: "random input (seed \(seed))", bytes: bytes,
            splits: [isSplit ? .random(seed: seed, largest: 64) : .whole])
    }
}
