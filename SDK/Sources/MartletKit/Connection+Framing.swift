import CMartlet

/// Lines and frames as output. Each is written whole or not at all.
extension Connection {
    /// The ending of a line.
    @frozen
    public enum LineEnding: Sendable {
        /// One byte: `\n`.
        case lf
        /// Two bytes: `\r\n`.
        case crlf
    }

    /// Writes bytes directly into the output buffer: `body` appends at most `count` bytes to `output`.
    ///
    /// - Parameters:
    ///   - count: the number of bytes to make room for. Only appended bytes are sent.
    ///   - body: called at most once, before this function returns.
    /// - Returns: as `write`. `closed`: the connection is closing or there is no memory, and `body` is not called. [loop]
    @inlinable
    @discardableResult
    public func write(atMost count: Int, _ body: (inout OutputSpan<UInt8>) -> Void) -> HostResult {
        guard let room = reserve(count) else { return .closed }
        let bytes = UnsafeMutableBufferPointer(
            start: room.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count)
        var output = OutputSpan(buffer: bytes, initializedCount: 0)
        body(&output)
        return commit(output.finalize(for: bytes))
    }

    /// Copies a line to the output and appends the ending.
    ///
    /// - Returns: as `write`. `closed`, also without memory: nothing is written. [loop]
    @inlinable
    @discardableResult
    public func writeLine(_ line: Span<UInt8>, ending: LineEnding = .lf) -> HostResult {
        guard let room = reserve(line.count + 2), let base = room.baseAddress else { return .closed }
        line.withUnsafeBytes { if let source = $0.baseAddress { base.copyMemory(from: source, byteCount: $0.count) } }
        return commit(endLine(base, line.count, ending))
    }

    /// Copies the UTF-8 of a text to the output and appends the ending.
    ///
    /// - Returns: as `write`. `closed`, also without memory: nothing is written. [loop]
    @discardableResult
    public func writeLine(_ line: String, ending: LineEnding = .lf) -> HostResult {
        var line = line
        return line.withUTF8 { writeLine($0.span, ending: ending) }
    }

    /// Copies a constant text to the output and appends the ending.
    ///
    /// - Returns: as `write`. `closed`, also without memory: nothing is written. [loop]
    @inlinable
    @discardableResult
    public func writeLine(_ line: StaticString, ending: LineEnding = .lf) -> HostResult {
        writeLine(
            UnsafeBufferPointer(start: line.utf8Start, count: line.utf8CodeUnitCount).span, ending: ending)
    }

    /// Copies a frame to the output: its length, then its payload.
    ///
    /// - Returns: as `write`. `argument`: the length does not fit into the prefix. `closed`, also without memory. In both cases
    ///   nothing is written. [loop]
    @inlinable
    @discardableResult
    public func writeFrame(_ payload: Span<UInt8>, _ prefix: LengthPrefix) -> HostResult {
        writeFrame(prefix, atMost: payload.count) { output in
            payload.withUnsafeBytes { source in
                guard let base = source.baseAddress else { return }
                output.withUnsafeMutableBufferPointer { bytes, count in
                    UnsafeMutableRawPointer(bytes.baseAddress!).copyMemory(from: base, byteCount: source.count)
                    count = source.count
                }
            }
        }
    }

    /// Writes a frame directly into the output buffer: `body` appends the payload to `output`; then its length is written in front of it.
    ///
    /// - Parameters:
    ///   - prefix: how the length is written.
    ///   - count: the maximum number of payload bytes.
    ///   - body: called at most once, before this function returns.
    /// - Returns: as `write`. `argument`: `count` does not fit into the prefix. `closed`, also without memory. In both cases `body` is not
    ///   called. [loop]
    @inlinable
    @discardableResult
    public func writeFrame(
        _ prefix: LengthPrefix, atMost count: Int, _ body: (inout OutputSpan<UInt8>) -> Void
    ) -> HostResult {
        guard count >= 0, UInt64(count) <= prefix.largestLength else { return .argument }
        guard let base = reserve(prefix.byteCount + count)?.baseAddress else { return .closed }
        let payload = UnsafeMutableBufferPointer(
            start: (base + prefix.byteCount).assumingMemoryBound(to: UInt8.self), count: count)
        var output = OutputSpan(buffer: payload, initializedCount: 0)
        body(&output)
        let written = output.finalize(for: payload)
        prefix.write(UInt64(written), to: base)
        return commit(prefix.byteCount + written)
    }

    @inlinable
    func endLine(_ base: UnsafeMutableRawPointer, _ count: Int, _ ending: LineEnding) -> Int {
        switch ending {
        case .lf:
            base.storeBytes(of: 0x0A, toByteOffset: count, as: UInt8.self)
            return count + 1
        case .crlf:
            base.storeBytes(of: 0x0D, toByteOffset: count, as: UInt8.self)
            base.storeBytes(of: 0x0A, toByteOffset: count + 1, as: UInt8.self)
            return count + 2
        }
    }
}
