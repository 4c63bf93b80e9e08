import ConfigurationFuzzing

/// What a fuzzer hands bytes to. Each checks properties that hold for all bytes and traps when one does not: nothing that a peer or
/// a file can send may trap, hang or read where it must not.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Request heads of HTTP, whole and in pieces.
    case httpHead = "http-head"
    /// Chunked bodies, whole and in pieces.
    case httpChunks = "http-chunks"
    /// Dates, ranges, conditions and paths of a request.
    case httpFields = "http-fields"
    /// Frames of the binary protocol to a server, whole and in pieces, and its saved state.
    case binary
    /// PROXY headers, versions 1 and 2.
    case proxy
    /// A listener's file and martlet.toml.
    case configuration

    package func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .httpHead: checkHead(bytes)
        case .httpChunks: checkChunks(bytes)
        case .httpFields: checkFields(bytes)
        case .binary: checkBinary(bytes)
        case .proxy: checkProxy(bytes)
        case .configuration: if !endsTheParser(bytes) { checkConfiguration(bytes) }
        }
    }
}

/// Dates with 115 underscores and numbers of that length may be such that toml++ ends the process, which `mutate.c` has workers for.
private func endsTheParser(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.split(separator: UInt8(ascii: "\n")).contains { line in line.count { $0 == UInt8(ascii: "_") } > 100 }
}

/// For the driver in C: `target` is an index into `FuzzTarget.allCases`.
@c(martlet_fuzz)
public func fuzz(_ target: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int) {
    FuzzTarget.allCases[Int(target)].run(UnsafeRawBufferPointer(start: bytes, count: count))
}

/// The index of a target by its name; -1: there is none.
@c(martlet_fuzz_target)
public func fuzzTarget(_ name: UnsafePointer<CChar>) -> Int32 {
    Int32(FuzzTarget.allCases.firstIndex { $0.rawValue == String(cString: name) } ?? -1)
}

/// The sizes of the pieces that a stream arrives in: out of its own first byte, so that the fuzzer chooses them.
func pieceSize(_ bytes: UnsafeRawBufferPointer) -> Int { 1 + Int(bytes.first ?? 0) % 11 }
