import Glibc
import MartletKit
import Synchronization

/// A plugin whose sessions do whatever the bytes of their peer say, and that notes what the host may never do.
///
/// Every output is four digits, one more than before, so that the peer sees the order of the calls.
struct Chaotic: Plugin {
    static let manifest = Manifest(name: "chaotic", version: "1.0.0", summary: "Does anything")
    let host: Host<Chaotic>
    let life = Life()

    init(options: Options, host: Host<Chaotic>) { self.host = host }

    /// What must hold for one instance.
    final class Life: Sendable {
        private struct Counts {
            var loans = 0
            var work = 0
        }

        /// Broken promises of all instances of the process, each in words.
        static let broken = Mutex<[String]>([])

        private let counts = Mutex(Counts())

        static func check(_ isKept: Bool, _ promise: @autoclosure () -> String) {
            if !isKept { broken.withLock { $0.append(promise()) } }
        }

        func count(loans: Int = 0, work: Int = 0) {
            counts.withLock {
                $0.loans += loans
                $0.work += work
            }
        }

        deinit {
            let left = counts.withLock { $0 }
            Self.check(left.loans == 0, "an instance ended before \(left.loans) loans")
            Self.check(left.work == 0, "an instance ended before \(left.work) items of work")
        }
    }

    struct Session: RestorableSession {
        typealias Plugin = Chaotic
        static let stateSchema = StateSchema("chaotic.session", version: 1, restores: 1...1)

        private var sent: UInt32 = 0
        private var isOver = false
        private var savings: UInt32 = 0

        init?(opening connection: Connection<Chaotic>) {}

        init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Chaotic>) {
            guard state.byteCount == 8 else { return nil }
            sent = UInt32(littleEndian: state.unsafeLoadUnaligned(as: UInt32.self))
            savings = UInt32(littleEndian: state.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt32.self))
        }

        func save(into state: inout SavedState) -> SaveOutcome {
            Life.check(!isOver, "a session was saved after closed")
            // Every third session is busy.
            if sent % 3 == 2 { return .notNow }
            state.append(sent)
            state.append(savings &+ 1)
            return .saved
        }

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Chaotic>) throws(SessionError) -> Int {
            Life.check(!isOver, "received after closed")
            for index in input.indices {
                switch input[index] {
                case UInt8(ascii: "c"):
                    connection.close()
                    return index + 1
                case UInt8(ascii: "a"):
                    connection.abort()
                    return index + 1
                case UInt8(ascii: "e"): throw .failed
                case UInt8(ascii: "h"): return index
                case UInt8(ascii: "w"):
                    connection.want(3)
                    return index + 1
                case UInt8(ascii: "H"): connection.handOver(to: "nobody")
                case UInt8(ascii: "p"):
                    connection.pause()
                    connection.setTimer(milliseconds: 20)
                case UInt8(ascii: "x"): connection.expectInput(true)
                case UInt8(ascii: "y"): connection.expectInput(false)
                case UInt8(ascii: "t"): connection.setTimer(milliseconds: 7)
                case UInt8(ascii: "P"):
                    connection.plugin.life.count(work: 1)
                    let life = connection.plugin.life
                    let result = connection.plugin.host.post(to: connection.id) { access in
                        life.count(work: -1)
                        access?.session.send(.copied, access!.connection)
                    }
                    if result != .ok { life.count(work: -1) }
                case UInt8(ascii: "1"): send(.reserved, connection)
                case UInt8(ascii: "2"): send(.lent, connection)
                default: send(.copied, connection)
                }
            }
            return input.count
        }

        mutating func writable(_ connection: Connection<Chaotic>) {
            Life.check(!isOver, "writable after closed")
            send(.copied, connection)
        }

        mutating func timerFired(_ connection: Connection<Chaotic>) {
            Life.check(!isOver, "timer after closed")
            connection.resume()
            send(.lent, connection)
        }

        mutating func peerClosed(_ connection: Connection<Chaotic>) {
            Life.check(!isOver, "peer_closed after closed")
            send(.copied, connection)
            connection.close()
        }

        mutating func draining(_ connection: Connection<Chaotic>) {
            Life.check(!isOver, "draining after closed")
            send(.reserved, connection)
            connection.close()
        }

        mutating func closed(_ connection: Connection<Chaotic>, reason: CloseReason) {
            Life.check(!isOver, "closed twice")
            isOver = true
        }

        private enum Way { case copied, reserved, lent }

        private mutating func send(_ way: Way, _ connection: Connection<Chaotic>) {
            let text = String(10_000 + sent % 10_000).dropFirst()
            let result: HostResult
            switch way {
            case .copied: result = connection.write(String(text))
            case .reserved:
                guard let place = connection.reserve(4) else { return }
                place.copyBytes(from: text.utf8)
                result = connection.commit(4)
            case .lent:
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
                memory.copyBytes(from: text.utf8)
                let loan = Loan(memory, connection.plugin.life)
                result = connection.writeShared(
                    UnsafeRawBufferPointer(memory), context: Unmanaged.passRetained(loan).toOpaque()
                ) { Unmanaged<Loan>.fromOpaque($0!).release() }
            }
            if result == .ok || result == .full { sent &+= 1 }
        }

        private final class Loan {
            private let memory: UnsafeMutableRawBufferPointer
            private let life: Life

            init(_ memory: UnsafeMutableRawBufferPointer, _ life: Life) {
                self.memory = memory
                self.life = life
                life.count(loans: 1)
            }

            deinit {
                life.count(loans: -1)
                memory.deallocate()
            }
        }
    }
}
