import COpenSSL

/// The last reason that OpenSSL has for a failure on this thread, such as "bad end line", and no more: its messages may quote what they read.
func libraryReason() -> String {
    var last: UInt = 0
    while case let error = ERR_get_error(), error != 0 { last = error }
    guard last != 0, let reason = ERR_reason_error_string(last) else { return "unknown reason" }
    return String(cString: reason)
}

/// Calls a function with a BIO that reads a text.
func withReader<Result>(_ text: String, _ body: (OpaquePointer) -> Result) -> Result? {
    var text = text
    return text.withUTF8 { bytes in
        guard let bio = BIO_new_mem_buf(bytes.baseAddress ?? UnsafePointer(bitPattern: 1), Int32(clamping: bytes.count))
        else { return nil }
        defer { BIO_free(bio) }
        return body(bio)
    }
}
