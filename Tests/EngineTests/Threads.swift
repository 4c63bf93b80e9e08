import Glibc
import Synchronization

/// Runs a function on several threads at once and waits for them.
func onThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) {
    final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let threads = (0..<count).map { _ in
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
                return nil
            }, context)
        return thread
    }
    for thread in threads { pthread_join(thread, nil) }
}

/// A number that several threads change.
final class Tally: Sendable {
    private let number = Atomic<Int>(0)

    /// Returns the sum.
    func add(_ amount: Int) -> Int { number.wrappingAdd(amount, ordering: .sequentiallyConsistent).newValue }

    func raise(to least: Int) { number.max(least, ordering: .sequentiallyConsistent) }

    var value: Int { number.load(ordering: .sequentiallyConsistent) }
}
