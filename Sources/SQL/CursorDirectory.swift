import Synchronization

/// The open cursors of a host, by number. A cursor that has ended is there until its asker knows.
package final class CursorDirectory: Sendable {
    private struct State {
        var cursors: [UInt64: Cursor] = [:]
        var last: UInt64
        /// So many are looked through for those that nobody will ask.
        var purgeAt = leastPurge
    }

    private static let leastPurge = 4_096

    private let state: Mutex<State>

    /// - Parameter first: the first number, not 0. A session that comes from another host may bring the number of a cursor there.
    package init(first: UInt64) { state = Mutex(State(last: first - 1)) }

    /// Gives a cursor its number.
    package func add(_ cursor: Cursor) {
        state.withLock { state in
            if state.cursors.count >= state.purgeAt {
                state.cursors = state.cursors.filter { !$0.value.isOver }
                state.purgeAt = max(Self.leastPurge, 2 * state.cursors.count)
            }
            state.last += 1
            cursor.number = state.last
            state.cursors[state.last] = cursor
        }
    }

    package func find(_ number: UInt64) -> Cursor? { state.withLock { $0.cursors[number] } }

    package func remove(_ number: UInt64) { state.withLock { $0.cursors[number] = nil } }

    /// Closes those of an instance that belong to no connection.
    package func closeAll(of label: UInt32) {
        let found = state.withLock { state in
            let found = state.cursors.values.filter {
                let origin = $0.origin
                return origin.label == label && origin.connection == 0
            }
            for cursor in found { state.cursors[cursor.number] = nil }
            return found
        }
        for cursor in found { cursor.close() }
    }

    package var count: Int { state.withLock { $0.cursors.count } }
}
