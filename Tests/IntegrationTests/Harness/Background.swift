import Glibc
import Synchronization

/// Runs a function on its own thread and keeps its result.
final class Background<Value: Sendable>: Sendable {
    fileprivate final class Box: Sendable {
        let body: @Sendable () throws -> Value
        let result = Mutex<Result<Value, any Error>?>(nil)
        init(_ body: @escaping @Sendable () throws -> Value) { self.body = body }
    }

    private let box: Box

    init(_ body: @escaping @Sendable () throws -> Value) throws {
        box = Box(body)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Runner(box.run)).toOpaque()
        let result = pthread_create(&thread, nil, { Runner.run($0) }, context)
        guard result == 0 else { throw Failure.system("pthread_create", code: result) }
        pthread_detach(thread)
    }

    var isDone: Bool { box.result.withLock { $0 != nil } }

    /// Waits until the function returns and passes its result on.
    func value(within limit: Duration = .seconds(60)) throws -> Value {
        try waitUntil("a thread of the test ended", within: limit) { isDone }
        return try box.result.withLock { $0! }.get()
    }
}

extension Background.Box {
    func run() {
        let found = Result { try body() }
        result.withLock { $0 = found }
    }
}

/// pthread_create(3) takes no generic context.
private final class Runner {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }

    static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        Unmanaged<Runner>.fromOpaque(context!).takeRetainedValue().body()
        return nil
    }
}
