import CEpoll
import Glibc
import Synchronization

/// What other threads tell the reactor's.
enum Message: Sendable {
    case call(Waiter, Request, MartletClient.Retry, timeout: Duration)
    /// May come before the call.
    case cancel(Waiter)
    case unwatch(SlotID)
    case resolved(ServerAddress, Result<[SocketAddress], ConnectionFailure>)
    case status(UnsafeContinuation<MartletClient.Status, Never>)
    /// Finish the calls, then stop.
    case close(UnsafeContinuation<Void, Never>)
    /// Stop now.
    case abort
    /// The clock was moved.
    case wake
}

/// Messages for one thread, which an eventfd wakes.
final class Mailbox: Sendable {
    private struct State {
        var messages: [Message] = []
        /// The eventfd has been written since the messages were taken.
        var isSignalled = false
        var isOpen = true
    }

    private let state = Mutex(State())
    /// Readable when there are messages. eventfd(2)
    let descriptor: Int32

    init() throws(SystemFailure) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw SystemFailure("eventfd") }
    }

    deinit { Glibc.close(descriptor) }

    /// Returns false after `close`; then the message was not taken. [any thread]
    func post(_ message: Message) -> Bool {
        let (isOpen, mustSignal) = state.withLock { state in
            guard state.isOpen else { return (false, false) }
            state.messages.append(message)
            defer { state.isSignalled = true }
            return (true, !state.isSignalled)
        }
        if mustSignal { signal() }
        return isOpen
    }

    private func signal() {
        var one: UInt64 = 1
        // Fails only if the counter is full, and then the reactor is awake anyway.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// All messages since the last time. The array that is given is used for the next ones. [reactor]
    func take(_ messages: inout [Message]) {
        var counter: UInt64 = 0
        _ = read(descriptor, &counter, MemoryLayout<UInt64>.size)
        messages.removeAll(keepingCapacity: true)
        state.withLock { state in
            swap(&state.messages, &messages)
            state.isSignalled = false
        }
    }

    /// Takes no more messages. Returns the last ones. [reactor]
    func close() -> [Message] {
        state.withLock { state in
            state.isOpen = false
            defer { state.messages = [] }
            return state.messages
        }
    }
}
