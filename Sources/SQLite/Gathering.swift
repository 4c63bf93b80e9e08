/// How long a writer waits for more jobs before it commits a batch.
///
/// Clients that wait for an answer before they ask again come back shortly after a commit. Without a wait they split into two groups, of
/// which one always waits for the commit of the other, and commits are half as full as they could be. The batch begins with the first of
/// them, and is open for the others.
///
/// That pays only where the disk is slow. Where a commit waits less for the disk than the batch works, a wait costs more than it gains: with two
/// groups the writer is never idle, because the loops answer one group while it runs the other.
struct Gathering {
    struct Plan: Equatable {
        /// Jobs to wait for.
        var count: Int
        var nanoseconds: UInt64
    }

    private static let longest: UInt64 = 1_000_000
    /// After so many batches that did not wait, one waits again.
    private static let rest = 32

    private var lastBatch = 0
    private var lastNanoseconds: UInt64 = 0
    private var lastDisk: UInt64 = 0
    /// Plans in a row that have failed.
    private var failures = 0
    private var skipped = 0

    /// - Parameters:
    ///   - nanoseconds: from the beginning of the transaction to its end.
    ///   - disk: the part of that in which it waited for the disk. Nanoseconds.
    mutating func note(batch count: Int, nanoseconds: UInt64, disk: UInt64) {
        (lastBatch, lastNanoseconds, lastDisk) = (count, nanoseconds, disk)
    }

    /// - Parameter waiting: jobs that are here: they have come during the last batch.
    /// - Returns: nil: begin at once.
    mutating func plan(waiting: Int, limit: Int) -> Plan? {
        let count = min(lastBatch + waiting, limit)
        guard lastBatch > 1, waiting < count, lastDisk > lastNanoseconds / 2 else { return nil }
        // Two waits in a row have gained nothing: the clients do not wait for answers before they ask again.
        if failures >= 2, skipped < Self.rest {
            skipped += 1
            return nil
        }
        skipped = 0
        return Plan(count: count, nanoseconds: min(lastNanoseconds / 4, Self.longest))
    }

    /// Of the jobs that are missing, how many are waited for at once: half of them, so that they are run while the others come, but not so few
    /// that waking for them costs more than that gains.
    static func portion(of missing: Int) -> Int { min(missing, max(missing / 2, smallestPortion)) }

    private static let smallestPortion = 8

    mutating func note(reached: Bool) { failures = reached ? 0 : failures + 1 }
}
