/// A place in the input: offsets from its beginning.
package struct ArgumentRange: BitwiseCopyable, Equatable, Sendable {
    package var start: Int
    package var count: Int

    @inlinable
    package init(start: Int, count: Int) {
        self.start = start
        self.count = count
    }

    @inlinable package var end: Int { start + count }
}

/// A command that is complete: an array of bulk strings, which lie in the input.
package struct Request {
    @usableFromInline static var kept: Int { 8 }

    /// The number of arguments, the name of the command included: at least 1.
    package internal(set) var count = 0
    /// The places of the first eight. The others are found from the one before: nothing is allocated for a command.
    @usableFromInline var first = InlineArray<8, ArgumentRange>(repeating: ArgumentRange(start: 0, count: 0))

    package init() {}

    /// - Parameter index: from 0, the name of the command.
    @inlinable
    package func argument(_ index: Int, in input: Span<UInt8>) -> ArgumentRange {
        if index < Self.kept { return first[index] }
        var range = first[Self.kept - 1]
        for _ in Self.kept...index { range = argument(after: range, in: input) }
        return range
    }

    /// The argument behind another one, which is not the last.
    @inlinable
    package func argument(after range: ArgumentRange, in input: Span<UInt8>) -> ArgumentRange {
        // `$`, digits, CR LF: the parser has checked them.
        var place = range.end + 3
        var length = 0
        while place < input.count, input[place] != 0x0D {
            length = length &* 10 &+ Int(input[place] &- 0x30)
            place += 1
        }
        return ArgumentRange(start: place + 2, count: length)
    }
}

/// What a peer may send at most.
package struct RequestLimits: Equatable, Sendable {
    /// Of one command, its name included.
    package var arguments: Int
    /// Of one argument.
    package var bulkBytes: Int
    /// Of a command without framing, up to the end of its line.
    package var inlineBytes: Int

    package init(arguments: Int = 1_048_576, bulkBytes: Int = 512 << 20, inlineBytes: Int = 64 << 10) {
        self.arguments = arguments
        self.bulkBytes = bulkBytes
        self.inlineBytes = inlineBytes
    }
}

/// Why the connection cannot go on: what follows in the stream has no meaning. The texts are those of Redis.
package enum RequestError: Error, Equatable, Sendable {
    case invalidCount
    case countTooLong
    case invalidLength
    case lengthTooLong
    case inlineTooLong
    case unbalancedQuotes
    case expectedBulk(found: UInt8)
    case missingEnd

    package var message: String {
        switch self {
        case .invalidCount: "invalid multibulk length"
        case .countTooLong: "too big mbulk count string"
        case .invalidLength: "invalid bulk length"
        case .lengthTooLong: "too big bulk count string"
        case .inlineTooLong: "too big inline request"
        case .unbalancedQuotes: "unbalanced quotes in request"
        case .expectedBulk(let byte): "expected '$', got '\(Self.printable(byte))'"
        case .missingEnd: "expected CRLF after a bulk string"
        }
    }

    private static func printable(_ byte: UInt8) -> String {
        (0x20..<0x7F).contains(byte) ? String(UnicodeScalar(byte)) : " "
    }
}
