/// What the parser found at a place of the input.
package enum ParseStep: Equatable, Sendable {
    /// The command is incomplete: it has at least `total` bytes from its beginning on.
    case needMore(total: Int)
    /// The command is in `request`, and this many bytes long.
    case request(consumed: Int)
    /// A command without framing: a line of words, for `InlineCommand`. `consumed` includes the end of the line.
    case line(ArgumentRange, consumed: Int)
    /// Nothing to do: an empty line or an empty array.
    case nothing(consumed: Int)
    case refused(RequestError)
}

/// Finds the next command of a client in the input (https://redis.io/docs/latest/develop/reference/protocol-spec, "Sending
/// commands to a Redis server"). Keeps nothing between two calls: an incomplete command is parsed again from its beginning, when
/// `total` bytes have come.
package enum RequestParser {
    /// A header is a letter, up to 19 digits with a sign, CR LF.
    private static let longestHeader = 32
    /// "$0", CR LF twice.
    private static let shortestArgument = 6

    /// - Parameters:
    ///   - input: all that has come.
    ///   - start: where the command begins, at most `input.count`.
    ///   - request: set if the result is `request`.
    package static func parse(
        _ input: Span<UInt8>, from start: Int, limits: RequestLimits, into request: inout Request
    ) -> ParseStep {
        guard start < input.count else { return .needMore(total: 1) }
        guard input[start] == 0x2A else { return parseLine(input, start, limits) }
        let count: Int
        var place: Int
        switch header(input, start + 1) {
        case .number(let value, let end): (count, place) = (value, end)
        case .incomplete: return .needMore(total: input.count - start + 1)
        case .tooLong: return .refused(.countTooLong)
        case .invalid: return .refused(.invalidCount)
        }
        guard count <= limits.arguments else { return .refused(.invalidCount) }
        guard count > 0 else { return .nothing(consumed: place - start) }
        request.count = count
        for index in 0..<count {
            // What the rest of the command takes at least, besides the argument that begins here.
            let rest = (count - index - 1) * shortestArgument
            guard place < input.count else { return .needMore(total: place - start + shortestArgument + rest) }
            guard input[place] == 0x24 else { return .refused(.expectedBulk(found: input[place])) }
            switch header(input, place + 1) {
            case .incomplete: return .needMore(total: max(input.count + 1, place + shortestArgument) - start + rest)
            case .tooLong: return .refused(.lengthTooLong)
            case .invalid: return .refused(.invalidLength)
            case .number(let length, let data):
                guard length >= 0, length <= limits.bulkBytes else { return .refused(.invalidLength) }
                guard input.count - data >= length + 2 else {
                    return .needMore(total: data + length + 2 - start + rest)
                }
                guard input[data + length] == 0x0D, input[data + length + 1] == 0x0A else {
                    return .refused(.missingEnd)
                }
                if index < Request.kept { request.first[index] = ArgumentRange(start: data, count: length) }
                place = data + length + 2
            }
        }
        return .request(consumed: place - start)
    }

    private static func parseLine(_ input: Span<UInt8>, _ start: Int, _ limits: RequestLimits) -> ParseStep {
        var end = start
        let last = min(input.count, start + limits.inlineBytes)
        while end < last, input[end] != 0x0A { end += 1 }
        guard end < last else {
            return last - start == limits.inlineBytes
                ? .refused(.inlineTooLong) : .needMore(total: input.count - start + 1)
        }
        let consumed = end + 1 - start
        if end > start, input[end - 1] == 0x0D { end -= 1 }
        return end == start
            ? .nothing(consumed: consumed) : .line(ArgumentRange(start: start, count: end - start), consumed: consumed)
    }

    private enum Header {
        case number(Int, end: Int)
        case incomplete, tooLong, invalid
    }

    /// A number up to CR LF, written as Redis accepts it: no sign but `-`, no leading zeros.
    @inline(__always)
    private static func header(_ input: Span<UInt8>, _ start: Int) -> Header {
        var place = start
        var value = 0
        var isNegative = false
        if place < input.count, input[place] == 0x2D {
            isNegative = true
            place += 1
        }
        let first = place
        while place < input.count {
            let digit = Int(input[place]) - 0x30
            guard digit >= 0, digit <= 9 else { break }
            guard place - first < 18 else { return tooLong(input, start) }
            value = value * 10 + digit
            place += 1
        }
        guard place + 1 < input.count else {
            if place < input.count, input[place] != 0x0D { return .invalid }
            return place - start > longestHeader ? .tooLong : .incomplete
        }
        guard input[place] == 0x0D, input[place + 1] == 0x0A, place > first else { return .invalid }
        if input[first] == 0x30, place - first > 1 || isNegative { return .invalid }
        return .number(isNegative ? -value : value, end: place + 2)
    }

    /// Too many digits: no number of a valid command has so many.
    private static func tooLong(_ input: Span<UInt8>, _ start: Int) -> Header {
        let last = min(input.count, start + longestHeader)
        for place in start..<last where input[place] == 0x0D { return .invalid }
        return last - start == longestHeader ? .tooLong : .incomplete
    }
}
