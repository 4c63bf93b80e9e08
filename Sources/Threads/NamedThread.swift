import CLinux
import Glibc

/// A named POSIX thread.
package final class NamedThread: @unchecked Sendable {
    private let handle: pthread_t

    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        final class Start {
            let name: String
            let body: @Sendable () -> Void
            init(_ name: String, _ body: @escaping @Sendable () -> Void) {
                self.name = name
                self.body = body
            }
        }
        var handle = pthread_t()
        let start = Unmanaged.passRetained(Start(name, body))
        let result = pthread_create(
            &handle, nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                linux_name_thread(start.name)
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
