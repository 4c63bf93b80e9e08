extension ResponseHeadWriter {
    /// status-line (RFC 9112 section 4). The version is always our own, HTTP/1.1 (RFC 9110 6.2).
    package mutating func status(_ status: StatusCode) {
        // One copy instead of five for the most common codes.
        switch status.number {
        case 200: return append("HTTP/1.1 200 OK\r\n")
        case 206: return append("HTTP/1.1 206 Partial Content\r\n")
        case 304: return append("HTTP/1.1 304 Not Modified\r\n")
        case 404: return append("HTTP/1.1 404 Not Found\r\n")
        default: break
        }
        append("HTTP/1.1 ")
        append(UInt64(status.number))
        append(ASCII.space)
        append(status.reason)
        append("\r\n")
    }

    /// RFC 9110 6.6.1. The date is the same for a whole second, so format it once with `HTTPDate.text`.
    package mutating func date(_ text: HTTPDate.Text) {
        append("Date: ")
        unsafe append(text.span.bytes)
        append("\r\n")
    }

    /// RFC 9110 8.8.2.
    package mutating func lastModified(_ text: HTTPDate.Text) {
        append("Last-Modified: ")
        unsafe append(text.span.bytes)
        append("\r\n")
    }

    /// RFC 9110 8.6. Must not be used with 1xx or 204.
    package mutating func contentLength(_ length: UInt64) {
        append("Content-Length: ")
        append(length)
        append("\r\n")
    }

    /// RFC 9110 8.3. The type is part of the program, so it is not checked; for other types use `field`.
    package mutating func contentType(_ type: StaticString) {
        append("Content-Type: ")
        append(type)
        append("\r\n")
    }

    /// RFC 9110 8.8.3: the whole tag with its quotes.
    package mutating func entityTag(_ tag: RawSpan) { field("ETag", tag) }

    /// RFC 9110 14.4, for 206.
    package mutating func contentRange(_ range: ByteRange, of length: UInt64) {
        append("Content-Range: bytes ")
        append(range.first)
        append(ASCII.hyphen)
        append(range.last)
        append(ASCII.slash)
        append(length)
        append("\r\n")
    }

    /// RFC 9110 14.4, for 416.
    package mutating func unsatisfiedRange(of length: UInt64) {
        append("Content-Range: bytes */")
        append(length)
        append("\r\n")
    }

    /// RFC 9112 9.3 and 9.6: `close` when we are going to close, `keep-alive` for a 1.0 peer that asked for it, else nothing.
    package mutating func connection(keepsAlive: Bool, for version: RequestHead.Version) {
        if !keepsAlive {
            append("Connection: close\r\n")
        } else if version == .http10 {
            append("Connection: keep-alive\r\n")
        }
    }
}

extension ResponseHeadWriter {
    package mutating func field(_ name: StaticString, _ value: StaticString) {
        unsafe field(name, RawSpan(_unsafeStart: value.utf8Start, byteCount: value.utf8CodeUnitCount))
    }

    /// The name is part of the program, so it is not checked; the value is.
    package mutating func field(_ name: StaticString, _ value: RawSpan) {
        guard Self.isValidValue(value) else { return fail(.invalidField) }
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    package mutating func field(_ name: StaticString, _ value: UInt64) {
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    /// For names and values that come from elsewhere; both are checked.
    package mutating func field(_ name: RawSpan, _ value: RawSpan) {
        guard name.byteCount > 0, name.firstOutsideToken(from: 0, to: name.byteCount) == name.byteCount,
            Self.isValidValue(value)
        else { return fail(.invalidField) }
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    /// CR, LF and NUL are not allowed (RFC 9110 5.5); of the other controls only HTAB is.
    private static func isValidValue(_ value: RawSpan) -> Bool {
        var offset = 0
        while true {
            offset = value.firstControl(from: offset, to: value.byteCount)
            guard offset < value.byteCount else { return true }
            guard value.byte(at: offset) == ASCII.horizontalTab else { return false }
            offset += 1
        }
    }
}
