import MartletKit

/// A plugin whose sessions move: each counts the bytes that it gets, and sends the count when its peer asks.
struct Counting: Plugin {
    static let manifest = Manifest(name: "counting", version: "1.0.0", summary: "Counts what its peer sends")
    let host: Host<Counting>

    init(options: Options, host: Host<Counting>) { self.host = host }

    struct Session: RestorableSession {
        typealias Plugin = Counting
        static let stateSchema = StateSchema("counting.session", version: 1, restores: 1...1)

        private var count: UInt32 = 0
        private var isBusy = false
        private var isPinned = false
        /// Saved after the count, so that the state does not fit into the first buffer.
        private static let padding = [UInt8](repeating: 7, count: 1_000)

        init?(opening connection: Connection<Counting>) {}

        init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Counting>) {
            guard state.byteCount == 4 + Self.padding.count else { return nil }
            count = UInt32(littleEndian: state.unsafeLoadUnaligned(as: UInt32.self))
            if count == 13 { return nil }
            if count == 14 { connection.write("!") }
        }

        func save(into state: inout SavedState) -> SaveOutcome {
            if isPinned { return .never }
            if isBusy { return .notNow }
            state.append(count)
            state.append(Self.padding.span.bytes)
            return .saved
        }

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Counting>) -> Int {
            for index in input.indices {
                switch input[index] {
                case UInt8(ascii: "?"): connection.write("\(count)")
                case UInt8(ascii: "h"): return index
                case UInt8(ascii: "b"): isBusy = true
                case UInt8(ascii: "B"): isBusy = false
                case UInt8(ascii: "p"): isPinned = true
                case UInt8(ascii: "t"): connection.setTimer(milliseconds: 5_000)
                default: count += 1
                }
            }
            return input.count
        }

        mutating func timerFired(_ connection: Connection<Counting>) { connection.write("timer \(count)") }

        mutating func closed(_ connection: Connection<Counting>, reason: CloseReason) {
            connection.plugin.host.log(.info, "closed at \(count)")
        }
    }
}
