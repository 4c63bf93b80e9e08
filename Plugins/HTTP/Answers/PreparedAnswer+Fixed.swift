import HTTPWire

extension PreparedAnswer {
    /// The answer of a route with a text. Its fields were checked with the options.
    init(_ answer: FixedAnswer, server: FieldText) {
        let content = Array(answer.text.utf8)
        let variable = answer.contentType.bytes.count + server.bytes.count + (answer.location?.bytes.count ?? 0)
        let made = PreparedAnswer(status: answer.status, content: content, headRoom: 256 + variable) { writer in
            writer.server(server)
            if !answer.status.hasNoContent {
                if !content.isEmpty { writer.field("Content-Type", answer.contentType.bytes.span.bytes) }
                writer.contentLength(UInt64(content.count))
            }
            if let location = answer.location { writer.field("Location", location.bytes.span.bytes) }
        }
        guard let made else { fatalError("an answer whose fields were checked could not be written") }
        self = made
    }
}

extension ResponseHeadWriter {
    mutating func server(_ server: FieldText) {
        if !server.isEmpty { field("Server", server.bytes.span.bytes) }
    }
}
