/// The limits of one request.
package struct RequestLimits: Sendable {
    /// Bytes of the request line without its CRLF; more is 414 (RFC 9112 section 3 recommends at least 8,000).
    package let requestLineBytes: Int

    /// Bytes of the header section with the empty line that ends it, and the same for a trailer section; more is 431.
    package let fieldSectionBytes: Int

    /// Field lines in the header section, and the same for a trailer section; more is 431.
    package let fieldCount: Int

    /// Content bytes of one request, declared or counted as chunks arrive; more is 413.
    package let contentBytes: UInt64

    /// Bytes of all chunk extensions of one body together: tiny chunks with long extensions cost us more than the peer.
    package let chunkExtensionBytes: Int

    /// Whether a method outside `RequestMethod` is reported as `.other` instead of being refused with 501.
    package let acceptsOtherMethods: Bool

    /// Empty lines that are accepted before a request line (RFC 9112 2.2), for clients that end a body with a stray CRLF.
    static var leadingEmptyLines: UInt8 { 2 }

    /// Sizes outside 1...16 MiB (fields: 1...65,535) are moved to the nearest bound, so that 32-bit offsets always
    /// suffice.
    package init(
        requestLineBytes: Int = 8_192,
        fieldSectionBytes: Int = 32_768,
        fieldCount: Int = 100,
        contentBytes: UInt64 = 1_048_576,
        chunkExtensionBytes: Int = 4_096,
        acceptsOtherMethods: Bool = false
    ) {
        let sizes = 1...(16 << 20)
        self.requestLineBytes = min(max(requestLineBytes, sizes.lowerBound), sizes.upperBound)
        self.fieldSectionBytes = min(max(fieldSectionBytes, sizes.lowerBound), sizes.upperBound)
        self.fieldCount = min(max(fieldCount, 1), Int(UInt16.max))
        self.contentBytes = contentBytes
        self.chunkExtensionBytes = min(max(chunkExtensionBytes, 0), sizes.upperBound)
        self.acceptsOtherMethods = acceptsOtherMethods
    }
}
