@testable import BinaryWire

// `#expect` cannot capture spans, so tests use arrays and these functions make the spans.

func encoded(_ encode: (inout MutableRawSpan) -> Encoded) -> [UInt8] {
    FrameEncoder.array(encode) ?? []
}

func decode(_ bytes: [UInt8], from start: Int = 0, maximumPayload: Int = WireLimits.defaultMaximumPayload) -> Decoding {
    FrameDecoder.decode(bytes.span.bytes, from: start, maximumPayload: maximumPayload)
}

/// Reads a payload as a view, or returns why it is invalid.
func read<View>(
    _ payload: [UInt8], _ view: (borrowing RawSpan, Range<Int>) throws(ErrorCode) -> View
) -> Result<View, ErrorCode> {
    do throws(ErrorCode) {
        return .success(try view(payload.span.bytes, 0..<payload.count))
    } catch {
        return .failure(error)
    }
}

/// Why a payload is invalid; nil: it is valid.
func refusal<View>(
    of payload: [UInt8], _ view: (borrowing RawSpan, Range<Int>) throws(ErrorCode) -> View
) -> ErrorCode? {
    switch read(payload, view) {
    case .success: nil
    case .failure(let code): code
    }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

extension ServerSession {
    mutating func next(_ bytes: [UInt8], from start: Int = 0, at now: UInt64 = 0) -> ServerStep {
        next(in: bytes.span.bytes, from: start, nowMilliseconds: now)
    }
}

extension ClientSession {
    mutating func next(_ bytes: [UInt8], from start: Int = 0, at now: UInt64 = 0) -> ClientStep {
        next(in: bytes.span.bytes, from: start, nowMilliseconds: now)
    }
}
