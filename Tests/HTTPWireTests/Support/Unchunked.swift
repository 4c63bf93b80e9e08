import HTTPWire

/// The result of decoding a chunked body.
struct Unchunked: Equatable {
    enum End: Equatable {
        case needMore
        case ended
        case refused(Refusal)
    }

    var content = ""
    /// Bytes of the input that were consumed.
    var consumed = 0
    var end = End.needMore

    /// Passes the bytes in pieces that end at `cuts`, keeping bytes that are not consumed, as a host does.
    init(_ bytes: [UInt8], cutAt cuts: some Sequence<Int>, _ limits: RequestLimits = RequestLimits()) {
        var decoder = ChunkedDecoder()
        var data: [UInt8] = []
        for available in Array(cuts) + [bytes.count] where end == .needMore {
            var isWaiting = false
            while !isWaiting, end == .needMore {
                let input = Array(bytes[consumed..<available])
                switch decoder.decode(input.span.bytes, limits: limits) {
                case .needMore(let count):
                    consumed += count
                    isWaiting = true
                case .data(let range):
                    data += input[range]
                    consumed += range.upperBound
                case .end(let count):
                    consumed += count
                    end = .ended
                case .refused(let refusal):
                    end = .refused(refusal)
                }
            }
        }
        content = String(decoding: data, as: UTF8.self)
        // It does not matter how far a refused body was read.
        if case .refused = end { consumed = 0 }
    }

    init(_ text: String, _ limits: RequestLimits = RequestLimits()) { self.init(Array(text.utf8), cutAt: [], limits) }

    var refusal: Refusal? {
        if case .refused(let refusal) = end { refusal } else { nil }
    }
}
