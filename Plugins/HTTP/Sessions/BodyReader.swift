import HTTPWire

/// Separates the content of a request from its framing, by length or chunked (RFC 9112 section 6).
enum BodyReader {
    /// The number of bytes that have not arrived yet.
    case length(UInt64)
    case chunked(ChunkedDecoder)

    /// nil: there is no content to read.
    init?(_ framing: BodyFraming) {
        switch framing {
        case .none, .length(0): return nil
        case .length(let count): self = .length(count)
        case .chunked: self = .chunked(ChunkedDecoder())
        }
    }

    var isChunked: Bool {
        if case .chunked = self { true } else { false }
    }

    /// Whether `next` returns the end without further input.
    var isComplete: Bool {
        if case .length(0) = self { true } else { false }
    }

    /// As `ChunkedDecoder.decode`.
    mutating func next(_ input: Bytes, _ limits: RequestLimits) -> ChunkedDecoder.Step {
        switch self {
        case .length(let remaining):
            let count = Int(min(UInt64(input.count), remaining))
            self = .length(remaining - UInt64(count))
            if remaining == 0 { return .end(consumed: 0) }
            return count == 0 ? .needMore(consumed: 0) : .data(0..<count)
        case .chunked(var decoder):
            let step = decoder.decode(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(input)), limits: limits)
            self = .chunked(decoder)
            return step
        }
    }

    enum Discarded {
        case incomplete, complete
        case refused(Refusal)
    }

    /// Reads content and drops it. Returns how much of the input it consumed.
    mutating func discard(_ input: Bytes, _ limits: RequestLimits) -> (consumed: Int, Discarded) {
        var offset = 0
        while true {
            switch next(Bytes(rebasing: input[offset...]), limits) {
            case .needMore(let consumed): return (offset + consumed, .incomplete)
            case .data(let range): offset += range.upperBound
            case .end(let consumed): return (offset + consumed, .complete)
            case .refused(let refusal): return (offset, .refused(refusal))
            }
        }
    }
}
