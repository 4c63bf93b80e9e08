/// Writes one response head (RFC 9112 section 4) into memory that the caller has reserved. It never allocates and never writes
/// outside. When something does not fit, or would break the framing, `finish` throws, and nothing must be sent.
///
/// Call `status`, then the fields, then `finish`. The writer adds no field on its own.
@safe
package struct ResponseHeadWriter: ~Copyable {
    package enum Failure: Error, Equatable, Sendable {
        /// The head is longer than the memory.
        case doesNotFit
        /// A name is not a token, or a value has a control character: it could end the line early (RFC 9110 5.5).
        case invalidField
    }

    private let memory: UnsafeMutableRawBufferPointer
    private let capacity: Int
    private var count = 0
    private var failure: Failure?

    /// `memory` must stay valid, and nothing else may use it, as long as the writer lives.
    @unsafe
    package init(_ memory: UnsafeMutableRawBufferPointer) {
        unsafe self.memory = memory
        capacity = memory.count
    }

    /// Ends the head with the empty line; returns its length.
    package consuming func finish() throws(Failure) -> Int {
        append("\r\n")
        if let failure { throw failure }
        return count
    }

    /// Only the first failure is reported.
    mutating func fail(_ failure: Failure) {
        if self.failure == nil { self.failure = failure }
    }

    /// For our own text, which needs no check. Inlined, so that the copy of a literal becomes a few stores.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    mutating func append(_ byte: UInt8) {
        guard failure == nil, count < capacity else { return fail(.doesNotFit) }
        unsafe memory[count] = byte
        count += 1
    }

    /// Decimal digits, written from the last to the first.
    mutating func append(_ number: UInt64) {
        var digits = 1
        var rest = number
        while rest > 9 {
            rest /= 10
            digits += 1
        }
        guard failure == nil, capacity - count >= digits else { return fail(.doesNotFit) }
        rest = number
        var offset = count + digits
        while offset > count {
            offset -= 1
            unsafe memory[offset] = ASCII.zero + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    @unsafe
    @inline(__always)
    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil, capacity - count >= bytes.count else { return fail(.doesNotFit) }
        guard let source = bytes.baseAddress, let target = unsafe memory.baseAddress else { return }
        unsafe (target + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }
}
