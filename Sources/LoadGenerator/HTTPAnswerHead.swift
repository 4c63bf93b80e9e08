/// The head of an HTTP/1 answer, once it is complete (RFC 9112, section 4).
struct HTTPAnswerHead: Equatable {
    var status: Int
    var contentLength: Int?
    /// With the blank line that ends it.
    var length: Int

    /// Nil while the blank line is missing. A head that cannot be read has status 0.
    init?(_ bytes: [UInt8]) {
        let blankLine = Array("\r\n\r\n".utf8)
        let lastStart = bytes.count - blankLine.count
        guard lastStart >= 0, let end = (0...lastStart).first(where: { bytes[$0..<$0 + 4] == blankLine[...] })
        else { return nil }
        length = end + blankLine.count

        let text = String(decoding: bytes[..<end], as: UTF8.self)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let statusLine = lines[0].split(separator: " ")
        status = statusLine.count >= 2 && statusLine[0].hasPrefix("HTTP/1.") ? Int(statusLine[1]) ?? 0 : 0
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1)
            guard field.count == 2, field[0].lowercased() == "content-length" else { continue }
            contentLength = Int(field[1].drop { $0 == " " })
        }
    }
}
