import MartletKit

extension LineCount {
    /// One peer. Its callbacks run one after the other, and must not block.
    struct Session: RestorableSession {
        typealias Plugin = LineCount

        private var lines: UInt64 = 0
        private var reader: LineReader

        init(opening connection: Connection<LineCount>) {
            reader = LineReader(maximum: connection.plugin.maxLine)
            let greeting = connection.plugin.greeting
            if !greeting.isEmpty { connection.writeLine(greeting) }
        }

        /// The host keeps unconsumed input and presents it again together with the bytes that follow, so the session needs no buffer.
        mutating func received(_ input: Span<UInt8>, from connection: Connection<LineCount>) -> Int {
            var position = 0
            while let line = reader.next(in: input, at: &position) {
                guard !line.isTooLong else {
                    connection.writeLine("error: line too long")
                    connection.close()
                    return input.count
                }
                // After `full` the host presents the rest again; after `close` the rest does not matter.
                guard take(input.extracting(line.bytes), connection) == .ok else { break }
            }
            return position
        }

        /// Any result but `ok` means stop: the peer does not read (`full`), or the connection is closing.
        private mutating func take(_ line: Span<UInt8>, _ connection: Connection<LineCount>) -> HostResult {
            if line.equals("quit") {
                connection.writeLine("bye \(lines)")
                connection.close()
                return .closed
            }
            lines += 1
            connection.loop.lines += 1
            connection.plugin.linesTotal.add()
            connection.plugin.lineBytes.observe(line.count)
            return connection.writeLine("\(lines) \(line.count)")
        }

        // MARK: State that survives a swap

        static let stateSchema = StateSchema("line-count.session", version: 1, restores: 1...1)
        /// If the process dies, its successor goes on with the lines of each peer.
        static let checkpoints = Checkpoints.always

        func save(into state: inout SavedState) -> SaveOutcome {
            state.append(lines)
            return .saved
        }

        init?(restoring state: RawSpan, version: UInt32, on connection: Connection<LineCount>) {
            guard state.byteCount == 8 else { return nil }
            lines = UInt64(littleEndian: state.unsafeLoadUnaligned(as: UInt64.self))
            reader = LineReader(maximum: connection.plugin.maxLine)
        }
    }
}
