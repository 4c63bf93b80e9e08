import Engine
import Synchronization

/// The living instances, by the number that threads publish while they are in a callback.
package final class InstanceLabels: Sendable {
    package static let shared = InstanceLabels()

    private struct State {
        var labels: [UInt32: InstanceLabel] = [:]
        var last: UInt32 = 0
    }

    private let state = Mutex(State())

    /// Returns a number that no living instance has.
    func add(_ label: InstanceLabel) -> UInt32 {
        state.withLock { state in
            repeat { state.last = state.last == 0xFF_FFFF ? 1 : state.last + 1 } while state.labels[state.last] != nil
            state.labels[state.last] = label
            return state.last
        }
    }

    func remove(_ number: UInt32) { state.withLock { $0.labels[number] = nil } }

    package var all: [InstanceLabel] { state.withLock { Array($0.labels.values) } }

    package subscript(number: UInt32) -> InstanceLabel? { state.withLock { $0.labels[number] } }
}
