import Threads

/// A moment on the monotonic clock.
package struct MonotonicTime: Sendable {
    package let nanoseconds: UInt64

    package static func now() -> MonotonicTime {
        MonotonicTime(nanoseconds: readMonotonicClock())
    }

    /// Seconds since then.
    package var age: Double { Double(Self.now().nanoseconds - nanoseconds) / 1_000_000_000 }

    /// For deadlines.
    package static var milliseconds: Int { Int(now().nanoseconds / 1_000_000) }
}
