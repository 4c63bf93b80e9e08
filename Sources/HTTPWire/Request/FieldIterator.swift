/// One field line: name and value without the OWS around it.
package struct Field: Equatable, Sendable {
    package let name: BufferRange
    package let value: BufferRange
}

/// Iterates over all field lines of a parsed head, for fields that `RequestHead` has no range for. Bytes that are not a parsed
/// head end the iteration early and never trap.
package struct FieldIterator: Sendable {
    private var offset: Int
    private let end: Int

    package init(_ head: RequestHead) {
        offset = head.fields.lower
        end = head.fields.upper
    }

    package mutating func next(in input: RawSpan) -> Field? {
        guard offset < end, end <= input.byteCount else { return nil }
        let lineEnd = input.first(ASCII.carriageReturn, from: offset, to: end)
        let colon = input.first(ASCII.colon, from: offset, to: lineEnd)
        guard colon < lineEnd else { return nil }
        let field = Field(name: BufferRange(offset, colon), value: input.trimmed(colon &+ 1, lineEnd))
        offset = lineEnd &+ 2
        return field
    }
}

extension RequestHead {
    /// The value of the first field with this name. The name must be in lower case and consist of letters, digits and hyphens.
    package func value(of name: StaticString, in input: RawSpan) -> BufferRange? {
        var iterator = FieldIterator(self)
        while let field = iterator.next(in: input) {
            if input.matches(name, ignoringCaseIn: field.name) { return field.value }
        }
        return nil
    }
}
