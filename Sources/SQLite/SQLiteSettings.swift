/// What a pool of SQLite is given.
package struct SQLiteSettings: Sendable {
    /// Jobs that may wait for the writer.
    package var queueLimit = 16_384
    /// The most bytes of a result.
    package var resultLimit = 16 << 20
    /// How long a statement may take. Nanoseconds; 0: as long as it likes.
    package var statementNanoseconds: UInt64 = 30_000_000_000
    /// Jobs in one commit.
    package var batchLimit = 1_024
    /// Pages in the log from which it is written back to the file when nobody waits, and in any case. A checkpoint holds the writer up
    /// for many commits, so it must be rare where there is much to write; the log has 64 MiB then.
    package var idlePages: Int32 = 1_000
    package var busyPages: Int32 = 16_000

    package init() {}
}
