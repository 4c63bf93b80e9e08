import Synchronization

@testable import MartletClient

/// A clock that stands still until a test moves it.
final class ManualClock: Sendable {
    private let milliseconds = Atomic<UInt64>(1_000_000)

    var clock: ReactorClock {
        ReactorClock(nowMilliseconds: { self.milliseconds.load(ordering: .acquiring) }, runsAlone: false)
    }

    func advance(_ duration: Duration, _ client: MartletClient) {
        milliseconds.wrappingAdd(duration.wholeMilliseconds, ordering: .acquiringAndReleasing)
        _ = client.reactor.mailbox.post(.wake)
    }
}
