/// A value that one thread waits for and another provides.
package final class Reply<Value: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    /// Guarded by the monitor.
    private var value: Value?

    package init() {}

    package func set(_ value: Value) {
        monitor.locked {
            self.value = value
            monitor.broadcast()
        }
    }

    /// The value, if it has come.
    package var current: Value? { monitor.locked { value } }

    /// Waits without a deadline, for a value that another thread of the host is sure to provide.
    package func wait() -> Value {
        monitor.locked {
            while true {
                if let value { return value }
                monitor.wait()
            }
        }
    }

    /// nil: the value did not come in time.
    package func wait(until deadline: Deadline) -> Value? {
        monitor.locked {
            var time = WaitingTime(until: deadline)
            while value == nil, let next = time.next() { monitor.wait(until: next.nanoseconds) }
            return value
        }
    }
}
