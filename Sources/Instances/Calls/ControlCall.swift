import Engine
import Synchronization
import Threads

/// Calls of a plugin that belong to no loop and no worker: `create`, `destroy`, operations on the control thread.
///
/// Each runs on a separate thread, because it may never return, and the control thread must continue.
package enum ControlCall {
    /// A running call.
    package struct Running: Sendable {
        /// Names the instance.
        package let label: UInt32
        package let kind: CallbackKind
        /// CLOCK_MONOTONIC, nanoseconds.
        package let since: UInt64
    }

    private struct State {
        var calls: [Int: Running] = [:]
        var last = 0
    }

    private static let state = Mutex(State())

    /// The running calls, the oldest first.
    package static var running: [Running] { state.withLock { $0.calls.values.sorted { $0.since < $1.since } } }

    /// Runs a call and waits for its result.
    ///
    /// - Parameter ifNoThread: called when no thread can be created; the call is then never made.
    /// - Returns: nil: the call has not returned by the deadline, or was never made. It may still return, unnoticed, so everything
    ///   that it uses must stay.
    static func run<Answer: Sendable>(
        _ kind: CallbackKind, _ label: UInt32, _ published: PublishedPages, by deadline: Deadline,
        ifNoThread: () -> Void = {},
        _ body: @escaping @Sendable () -> Answer
    ) -> Answer? {
        let reply = Reply<Answer>()
        let number = begin(kind, label, published)
        let thread: NamedThread
        do throws(SystemError) {
            thread = try NamedThread(name: "plugin") {
                let answer = published.publish(kind, label, body)
                end(number, published)
                reply.set(answer)
            }
        } catch {
            // Without a thread there is no call.
            end(number, published)
            ifNoThread()
            return nil
        }
        thread.detach()
        return reply.wait(until: deadline)
    }

    private static func begin(_ kind: CallbackKind, _ label: UInt32, _ published: PublishedPages) -> Int {
        published.engine.pointee.calls.addShared(1)
        return state.withLock { state in
            state.last += 1
            state.calls[state.last] = Running(label: label, kind: kind, since: MonotonicTime.now().nanoseconds)
            return state.last
        }
    }

    private static func end(_ number: Int, _ published: PublishedPages) {
        state.withLock { $0.calls[number] = nil }
        published.engine.pointee.calls.addShared(.max)
    }
}
