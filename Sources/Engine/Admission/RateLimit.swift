import Synchronization

/// A number of events per second, and of events at once: the generic cell rate algorithm (ITU-T I.371, 4.4.3), which is a token
/// bucket in one number. Times are in nanoseconds.
package struct RateLimit: Codable, Sendable, Equatable {
    /// The time between two events at the full rate; 0: no limit.
    package let interval: UInt64
    /// How far events may run ahead of the rate.
    let tolerance: UInt64

    package static let none = RateLimit(perSecond: 0, burst: 0)

    /// - Parameter burst: events at once; 0: as many as in one second.
    package init(perSecond rate: Int, burst: Int) {
        guard rate > 0 else {
            interval = 0
            tolerance = 0
            return
        }
        interval = max(1_000_000_000 / UInt64(rate), 1)
        tolerance = interval * UInt64((burst > 0 ? burst : rate) - 1)
    }

    package var isSet: Bool { interval > 0 }

    /// How long to wait before the next event when `lead` ahead of the rate.
    func wait(lead: UInt64) -> UInt64 { lead > tolerance ? lead - tolerance : 0 }

    /// Whether the event that made this lead was one too many.
    func isExceeded(lead: UInt64) -> Bool { lead > tolerance + interval }
}
