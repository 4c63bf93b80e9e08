import Testing

@testable import Engine
@testable import Host

@Suite struct CallbackWatchTests {
    /// The n-th callback of a thread.
    private func observation(_ number: Int) -> RunningCallback.Observation? {
        let running = UnsafeMutablePointer<RunningCallback>.allocate(capacity: 1)
        defer { running.deallocate() }
        running.initialize(to: RunningCallback())
        for _ in 0..<number {
            running.pointee.begin(.received, 5)
            running.pointee.end()
        }
        running.pointee.begin(.received, 5)
        return running.pointee.observation
    }

    @Test func aCallbackThatContinuesIsFoundOnce() {
        var watch = CallbackWatch()
        let running = observation(1)
        #expect(watch.look(thread: 0, running, at: 100, limit: 50) == nil)
        #expect(watch.look(thread: 0, running, at: 149, limit: 50) == nil)
        #expect(watch.look(thread: 0, running, at: 150, limit: 50)?.duration == 50)
        #expect(watch.look(thread: 0, running, at: 900, limit: 50) == nil)
    }

    @Test func anotherCallbackStartsFromZero() {
        var watch = CallbackWatch()
        #expect(watch.look(thread: 0, observation(1), at: 100, limit: 50) == nil)
        #expect(watch.look(thread: 0, observation(2), at: 160, limit: 50) == nil, "another callback of the same kind")
        #expect(watch.look(thread: 0, nil, at: 170, limit: 50) == nil)
        #expect(watch.look(thread: 0, observation(2), at: 300, limit: 50) == nil)
        #expect(watch.look(thread: 1, observation(2), at: 400, limit: 50) == nil, "threads are told apart")
    }

    @Test func withoutALimitNothingIsFound() {
        var watch = CallbackWatch()
        let running = observation(1)
        for time in [0, 1_000, 1_000_000] as [UInt64] {
            #expect(watch.look(thread: 0, running, at: time, limit: 0) == nil)
        }
    }
}

@Suite struct OncePerTests {
    @Test func letsEachKeyPassOncePerInterval() {
        var gate = OncePer<String>(nanoseconds: 100)
        #expect(gate.pass("a", at: 0) && !gate.pass("a", at: 99) && gate.pass("b", at: 99))
        #expect(gate.pass("a", at: 100) && !gate.pass("a", at: 150))
    }
}
