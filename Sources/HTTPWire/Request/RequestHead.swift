/// One request head, as offsets into the bytes it was parsed from. It is trivial: copying it copies bytes, without reference
/// counts.
package struct RequestHead: Sendable {
    /// RFC 9112 2.3. A higher minor version of HTTP/1 counts as 1.1.
    package enum Version: UInt8, Sendable { case http10, http11 }

    /// Bytes of the whole head, including tolerated empty lines before it: the number of bytes that the caller must consume.
    package internal(set) var length: UInt32 = 0

    package internal(set) var method = RequestMethod.other
    package internal(set) var version = Version.http11
    package internal(set) var framing = BodyFraming.none

    /// Whether the connection may carry another request after this one (RFC 9112 9.3).
    package internal(set) var keepsAlive = false

    /// The peer waits for `100 Continue` before it sends the body (RFC 9110 10.1.1). Never set for HTTP/1.0 or without
    /// a body.
    package internal(set) var expectsContinue = false

    /// Which of the fields below were sent more than once. Their ranges are those of the first. `evaluatePreconditions` handles
    /// this.
    package internal(set) var repeatedFields = KnownField.Set()

    package internal(set) var methodName = BufferRange.absent
    /// The request target as sent.
    package internal(set) var target = BufferRange.absent
    /// The path as sent, percent-encoded, without the query; `*` for the asterisk form. Empty means `/` and occurs only in the
    /// absolute form (RFC 9112 3.2.2).
    package internal(set) var path = BufferRange.absent
    /// The text after the `?`, which may be empty; absent without a `?`.
    package internal(set) var query = BufferRange.absent
    /// Host and optional port: from the target in absolute form, otherwise from `Host` (RFC 9112 3.2 and 3.3). Absent
    /// only for an HTTP/1.0 request without `Host`.
    package internal(set) var host = BufferRange.absent
    /// All field lines with their CRLFs, without the empty line: for `FieldIterator`.
    package internal(set) var fields = BufferRange.absent

    package internal(set) var ifMatch = BufferRange.absent
    package internal(set) var ifNoneMatch = BufferRange.absent
    package internal(set) var ifModifiedSince = BufferRange.absent
    package internal(set) var ifUnmodifiedSince = BufferRange.absent
    package internal(set) var ifRange = BufferRange.absent
    package internal(set) var range = BufferRange.absent
    package internal(set) var acceptEncoding = BufferRange.absent
    package internal(set) var userAgent = BufferRange.absent
    package internal(set) var referer = BufferRange.absent

    package init() {}
}

/// Where the body ends (RFC 9112 section 6.3).
package enum BodyFraming: Equatable, Sendable {
    /// No body: neither `Content-Length` nor `Transfer-Encoding`.
    case none
    /// As many bytes as `Content-Length` says, which may be 0.
    case length(UInt64)
    /// `Transfer-Encoding: chunked`; pass the bytes that follow to a `ChunkedDecoder`.
    case chunked
}
