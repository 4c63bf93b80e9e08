import ConfigurationFuzzing

/// The parsers that a fuzzer can test. Each target checks properties that are true for all inputs, and traps if one is not: no input from a
/// peer or a file may cause a trap, a hang or an invalid read.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// HTTP request heads, whole and in pieces.
    case httpHead = "http-head"
    /// Chunked bodies, whole and in pieces.
    case httpChunks = "http-chunks"
    /// Dates, ranges, conditions and paths of a request.
    case httpFields = "http-fields"
    /// Frames of the binary protocol to a server, whole and in pieces, and its saved state.
    case binary
    /// PROXY headers, versions 1 and 2.
    case proxy
    /// Commands of RESP, whole and in pieces.
    case resp
    /// A piece of a saved store.
    case storePiece = "store-piece"
    /// Messages of SCRAM-SHA-256 to a server and to a client.
    case scram
    /// A listener's file and martlet.toml.
    case configuration

    package func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .httpHead: checkHead(bytes)
        case .httpChunks: checkChunks(bytes)
        case .httpFields: checkFields(bytes)
        case .binary: checkBinary(bytes)
        case .proxy: checkProxy(bytes)
        case .resp: checkRESP(bytes)
        case .storePiece: checkStorePiece(bytes)
        case .scram: checkSCRAM(bytes)
        case .configuration: if !endsTheParser(bytes) { checkConfiguration(bytes) }
        }
    }
}

/// With dates that contain 115 underscores, and with numbers of that length, toml++ may end the process. `mutate.c` tests those in workers.
private func endsTheParser(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.split(separator: UInt8(ascii: "\n")).contains { line in line.count { $0 == UInt8(ascii: "_") } > 100 }
}

/// Called by the driver in C: `target` is an index into `FuzzTarget.allCases`.
@c(martlet_fuzz)
public func fuzz(_ target: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int) {
    FuzzTarget.allCases[Int(target)].run(UnsafeRawBufferPointer(start: bytes, count: count))
}

/// The index of the target with this name, or -1.
@c(martlet_fuzz_target)
public func fuzzTarget(_ name: UnsafePointer<CChar>) -> Int32 {
    Int32(FuzzTarget.allCases.firstIndex { $0.rawValue == String(cString: name) } ?? -1)
}

/// The size of the pieces in which a stream arrives. It depends on the first byte of the stream, so the fuzzer chooses it.
func pieceSize(_ bytes: UnsafeRawBufferPointer) -> Int { 1 + Int(bytes.first ?? 0) % 11 }
