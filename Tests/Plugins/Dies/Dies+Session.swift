import MartletKit

extension Dies {
    struct Session: RestorableSession {
        typealias Plugin = Dies
        static let stateSchema = StateSchema("dies.session", version: 1, restores: 1...1)

        init(opening connection: Connection<Dies>) { Order.obey(in: "opened") }

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Dies>) -> Int {
            Order.obey(in: "received")
            var line: [UInt8] = []
            for index in input.indices {
                guard input[index] == UInt8(ascii: "\n") else {
                    line.append(input[index])
                    continue
                }
                let text = String(decoding: line, as: UTF8.self)
                die(text)
                _ = connection.write((line + [UInt8(ascii: "\n")]).span)
                provoke(text, connection)
                return index + 1
            }
            return 0
        }

        /// Asks the host for a callback.
        private func provoke(_ callback: String, _ connection: Connection<Dies>) {
            let host = connection.services
            switch callback {
            case "timer": connection.setTimer(milliseconds: 1)
            case "delivery": _ = host.post(to: connection.id) { _ in Order.obey(in: "delivery") }
            case "work":
                _ = host.submit(for: connection.id) {
                    Order.wait(in: "work")
                } done: { _, _ in
                }
            case "release": lend("lent\n", connection)
            case "tick": host.after(.milliseconds(1), onLoop: connection.loop.index) { _ in Order.obey(in: "tick") }
            case "writable": fill(connection)
            default: break
            }
        }

        private func lend(_ text: StaticString, _ connection: Connection<Dies>) {
            let bytes = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            connection.writeShared(bytes, context: nil) { _ in Order.obey(in: "release") }
        }

        /// The host calls `writable` once the peer reads.
        private func fill(_ connection: Connection<Dies>) {
            let block = [UInt8](repeating: 0, count: 4_096)
            while connection.write(block.span) == .ok {}
        }

        mutating func writable(_ connection: Connection<Dies>) { Order.obey(in: "writable") }

        mutating func timerFired(_ connection: Connection<Dies>) { Order.obey(in: "timer") }

        mutating func peerClosed(_ connection: Connection<Dies>) {
            Order.obey(in: "peer_closed")
            connection.close()
        }

        mutating func draining(_ connection: Connection<Dies>) {
            Order.obey(in: "draining")
            connection.close()
        }

        mutating func closed(_ connection: Connection<Dies>, reason: CloseReason) { Order.obey(in: "closed") }

        func save(into state: inout SavedState) -> SaveOutcome {
            Order.obey(in: "save")
            state.append(UInt32(1))
            return .saved
        }

        init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Dies>) { Order.obey(in: "restore") }

        mutating func moved(_ connection: Connection<Dies>) { Order.obey(in: "moved") }
    }
}
