import Synchronization

/// Who must be told when the session of a connection ends: cursors of databases. On any thread.
final class ConnectionEnds: Sendable {
    typealias Function = @Sendable () -> Void

    /// By the connection, and then by the number that its owner has given.
    private let functions = Mutex<[UInt64: [UInt64: Function]]>([:])
    /// Of connections. A loop that closes one usually finds 0, and takes no lock.
    private let count = Atomic<Int>(0)

    func add(_ connection: ConnectionID, _ number: UInt64, _ function: @escaping Function) {
        functions.withLock { functions in
            functions[connection.rawValue, default: [:]][number] = function
            count.store(functions.count, ordering: .relaxed)
        }
    }

    func remove(_ connection: ConnectionID, _ number: UInt64) {
        functions.withLock { functions in
            functions[connection.rawValue]?[number] = nil
            if functions[connection.rawValue]?.isEmpty == true { functions[connection.rawValue] = nil }
            count.store(functions.count, ordering: .relaxed)
        }
    }

    /// On the loop of the connection.
    func tell(_ connection: ConnectionID) {
        // What was added in a callback of the connection is seen here, on the same loop or after its worker.
        guard _slowPath(count.load(ordering: .relaxed) > 0) else { return }
        let found = functions.withLock { functions in
            defer { count.store(functions.count, ordering: .relaxed) }
            return functions.removeValue(forKey: connection.rawValue)
        }
        for function in (found ?? [:]).values { function() }
    }
}
