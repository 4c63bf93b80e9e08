import CLinux
import Glibc

/// A named POSIX thread.
package final class NamedThread: @unchecked Sendable {
    private let handle: pthread_t

    /// - Parameter interruptsOthers: false: when it wakes, it waits for a free processor (SCHED_BATCH, sched(7)).
    package init(
        name: String, interruptsOthers: Bool = true, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        final class Start {
            let name: String
            let interruptsOthers: Bool
            let body: @Sendable () -> Void
            init(_ name: String, _ interruptsOthers: Bool, _ body: @escaping @Sendable () -> Void) {
                (self.name, self.interruptsOthers) = (name, interruptsOthers)
                self.body = body
            }
        }
        var handle = pthread_t()
        let start = Unmanaged.passRetained(Start(name, interruptsOthers, body))
        let result = pthread_create(
            &handle, nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                linux_name_thread(start.name)
                if !start.interruptsOthers { linux_run_as_batch() }
                start.body()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw SystemError("pthread_create", errno: result)
        }
        self.handle = handle
    }

    package func join() { pthread_join(handle, nil) }

    /// For a thread that nobody waits for.
    package func detach() { pthread_detach(handle) }
}
