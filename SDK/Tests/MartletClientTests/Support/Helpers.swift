import Glibc
import Synchronization
import Testing

@testable import MartletClient

struct Failure: Error, CustomStringConvertible {
    let description: String
}

/// Polls a condition until it is true.
func waitUntil(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw Failure(description: "this did not happen: \(what)") }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// The reason of a call that fails.
func reason(_ body: () async throws -> Void) async -> MartletClientError.Reason? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? MartletClientError)?.reason
    }
}

/// Opened once, by the test; the threads of servers wait for it.
final class Gate: Sendable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    func wait() {
        while !isOpen.withLock({ $0 }) { usleep(500) }
    }
}

/// A number that threads count.
final class Counter: Sendable {
    private let number = Atomic(0)

    var value: Int { number.load(ordering: .acquiring) }

    /// Returns the number before.
    @discardableResult
    func add() -> Int { number.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue }
}

extension MartletClient {
    /// A client whose clock the test moves, if it gives one.
    static func test(
        _ addresses: [String], _ clock: ManualClock? = nil, _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> MartletClient {
        var configuration = Configuration()
        configuration.requestTimeout = .seconds(20)
        change(&configuration)
        return try MartletClient(addresses, configuration, clock: clock?.clock ?? .monotonic, seed: 1)
    }

    static func test(
        _ server: ScriptedServer, _ clock: ManualClock? = nil, _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> MartletClient {
        try test([server.address], clock, change)
    }
}
