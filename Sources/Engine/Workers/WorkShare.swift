import Synchronization

/// How much of the workers, and of the places in their queue, one listener may take. All its generations have the same share.
package final class WorkShare: Sendable {
    private let percent: Atomic<Int>

    /// - Parameter percent: 1 to 100.
    package init(percent: Int = 100) { self.percent = Atomic(percent) }

    package func set(percent: Int) { self.percent.store(percent, ordering: .relaxed) }

    /// Rounded up, so that it is at least 1.
    func of(_ whole: Int) -> Int { max((whole * percent.load(ordering: .relaxed) + 99) / 100, 1) }
}
