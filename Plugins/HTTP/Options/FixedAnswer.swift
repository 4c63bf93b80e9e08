import HTTPWire
import MartletKit

/// The answer of a route with a `text`, or of a redirect.
struct FixedAnswer: Sendable {
    let status: StatusCode
    let contentType: FieldText
    let location: FieldText?
    var text: String

    init(status: StatusCode, contentType: FieldText, location: FieldText?, text: String) {
        self.status = status
        self.contentType = contentType
        self.location = location
        self.text = text
    }

    init(_ options: Options) throws(OptionError) {
        location = try FieldText(optional: "location", of: options)
        let usual: Int64 = location == nil ? 200 : 302
        let number = options.has("status") ? try options.integer("status") : usual
        guard let status = UInt16(exactly: number).flatMap({ StatusCode($0) }), number >= 200 else {
            throw OptionError(options.pathOf("status"), "expected 200 to 599, found \(number)")
        }
        self.status = status
        contentType = try FieldText(option: "content_type", of: options)
        text = options.has("text") ? try options.text("text") : ""
        if status.hasNoContent, !text.isEmpty {
            throw OptionError(options.pathOf("text"), "must be empty: an answer with status \(number) has no content")
        }
        if number == 205, !text.isEmpty {
            throw OptionError(options.pathOf("text"), "must be empty: status 205 allows no content")
        }
    }
}

extension StatusCode {
    /// Whether the answer ends at its empty line, whatever its length fields say (RFC 9112 6.3).
    var hasNoContent: Bool { number == 204 || number == 304 || number < 200 }
}
