/// Decodes the chunked transfer coding (RFC 9112 section 7.1) as it arrives. A pure state machine of some forty bytes.
///
/// Pass it the bytes from the first one that it has not consumed. It separates framing from data and keeps neither. Extensions
/// and trailer fields are checked, bounded and dropped, as 7.1.1 and 7.1.2 allow.
package struct ChunkedDecoder: Sendable {
    package enum Step: Equatable, Sendable {
        /// Consume this many bytes, all of them framing, and call again when more have arrived.
        case needMore(consumed: Int)
        /// Content at these offsets, never empty. The bytes before it are framing: consume up to `upperBound`, then call again.
        case data(Range<Int>)
        /// The body ended here. The next request follows.
        case end(consumed: Int)
        /// Answer with `refusal.status` and close.
        case refused(Refusal)
    }

    private enum Phase: UInt8 {
        case size, chunkExtension, sizeLineFeed, data, dataCarriageReturn, dataLineFeed, trailers, ended
    }

    private var phase = Phase.size
    private var sizeDigits: UInt8 = 0
    private var chunkExtension = ChunkExtension.beforeSemicolon
    /// The size of the chunk while its digits are read, then the number of its bytes that are still to come.
    private var remaining: UInt64 = 0
    private var extensionBytes = 0
    private var trailers = HeadScan.trailers

    /// Content bytes of all chunks announced so far.
    package private(set) var contentBytes: UInt64 = 0

    package init() {}

    /// What another decoder needs to continue here, as plain numbers.
    package struct Saved: Equatable, Sendable {
        package var phase: UInt8
        package var sizeDigits: UInt8
        package var remaining: UInt64
        package var extensionBytes: UInt32
        package var contentBytes: UInt64

        package init(
            phase: UInt8, sizeDigits: UInt8, remaining: UInt64, extensionBytes: UInt32, contentBytes: UInt64
        ) {
            self.phase = phase
            self.sizeDigits = sizeDigits
            self.remaining = remaining
            self.extensionBytes = extensionBytes
            self.contentBytes = contentBytes
        }
    }

    /// nil inside a chunk extension, which is short and rare. A trailer section is read again from its start, because none of it
    /// has been consumed.
    package var saved: Saved? {
        guard phase != .chunkExtension else { return nil }
        return Saved(
            phase: phase.rawValue, sizeDigits: sizeDigits, remaining: remaining,
            extensionBytes: UInt32(clamping: extensionBytes), contentBytes: contentBytes)
    }

    /// Returns nil when this decoder cannot be in such a state.
    package init?(restoring saved: Saved) {
        guard let phase = Phase(rawValue: saved.phase), phase != .chunkExtension, saved.sizeDigits <= 16,
            phase != .data || saved.remaining > 0 && saved.remaining <= saved.contentBytes
        else { return nil }
        self.phase = phase
        sizeDigits = saved.sizeDigits
        remaining = saved.remaining
        extensionBytes = Int(saved.extensionBytes)
        contentBytes = saved.contentBytes
    }

    /// Pass the same `limits` in each call.
    package mutating func decode(_ input: RawSpan, limits: RequestLimits) -> Step {
        var offset = 0
        while offset < input.byteCount {
            switch phase {
            case .data:
                let count = Int(min(UInt64(input.byteCount &- offset), remaining))
                remaining &-= UInt64(count)
                if remaining == 0 { phase = .dataCarriageReturn }
                return .data(offset..<offset &+ count)
            case .trailers:
                return decodeTrailers(input, from: offset, limits)
            case .ended:
                return .end(consumed: offset)
            default:
                if let refusal = accept(input.byte(at: offset), limits) { return .refused(refusal) }
                offset &+= 1
            }
        }
        return phase == .ended ? .end(consumed: offset) : .needMore(consumed: offset)
    }

    private mutating func accept(_ byte: UInt8, _ limits: RequestLimits) -> Refusal? {
        switch phase {
        case .size: return acceptSize(byte)
        case .chunkExtension: return acceptExtension(byte, limits)
        case .sizeLineFeed: return byte == ASCII.lineFeed ? startChunk(limits) : .bareCarriageReturn
        case .dataCarriageReturn:
            guard byte == ASCII.carriageReturn else { return .chunkTooLong }
            phase = .dataLineFeed
        case .dataLineFeed:
            guard byte == ASCII.lineFeed else { return .chunkTooLong }
            phase = .size
        case .data, .trailers, .ended: break
        }
        return nil
    }

    /// chunk-size = 1*HEXDIG: no sign, no `0x`, no blank. Sixteen digits fill 64 bits, and leading zeroes count as
    /// digits.
    private mutating func acceptSize(_ byte: UInt8) -> Refusal? {
        if let digit = byte.hexadecimalValue {
            guard sizeDigits < 16 else { return .invalidChunkSize }
            remaining = remaining &<< 4 | UInt64(digit)
            sizeDigits &+= 1
            return nil
        }
        guard sizeDigits > 0 else { return .invalidChunkSize }
        switch byte {
        case ASCII.carriageReturn:
            phase = .sizeLineFeed
        case ASCII.semicolon, ASCII.space, ASCII.horizontalTab:
            phase = .chunkExtension
            chunkExtension = byte == ASCII.semicolon ? .beforeName : .beforeSemicolon
        case ASCII.lineFeed:
            return .bareLineFeed
        default:
            return .invalidChunkSize
        }
        return nil
    }

    private mutating func acceptExtension(_ byte: UInt8, _ limits: RequestLimits) -> Refusal? {
        if byte == ASCII.carriageReturn {
            guard chunkExtension.mayEnd else { return .invalidChunkExtension }
            phase = .sizeLineFeed
            return nil
        }
        guard extensionBytes < limits.chunkExtensionBytes else { return .chunkExtensionsTooLarge }
        extensionBytes &+= 1
        guard chunkExtension.accept(byte) else {
            return byte == ASCII.lineFeed ? .bareLineFeed : .invalidChunkExtension
        }
        return nil
    }

    private mutating func startChunk(_ limits: RequestLimits) -> Refusal? {
        let (total, overflows) = contentBytes.addingReportingOverflow(remaining)
        guard !overflows, total <= limits.contentBytes else { return .bodyTooLarge }
        contentBytes = total
        sizeDigits = 0
        phase = remaining == 0 ? .trailers : .data
        return nil
    }

    /// Trailer fields obey the rules and limits of header fields, so the same scan reads them. It needs them contiguous, so they
    /// are consumed only when the last one has arrived.
    private mutating func decodeTrailers(_ input: RawSpan, from start: Int, _ limits: RequestLimits) -> Step {
        let section = input.extracting(start..<input.byteCount)
        if Int(trailers.position) > section.byteCount { trailers = .trailers }
        var draft = HeadDraft(isCollecting: false)
        do {
            try trailers.scanFields(section, limits, &draft)
            phase = .ended
            return .end(consumed: start &+ Int(trailers.position))
        } catch {
            switch error {
            case .needMore: return .needMore(consumed: start)
            case .refused(let refusal): return .refused(refusal)
            }
        }
    }
}

extension HeadScan {
    /// A trailer section is a field section without a request line before it (RFC 9112 7.1.2).
    fileprivate static var trailers: HeadScan {
        var scan = HeadScan()
        scan.phase = .fieldStart
        return scan
    }
}
