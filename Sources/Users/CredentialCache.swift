import SCRAM

/// What the database has said a moment ago, and which passwords were right: programs that connect often send the same one.
///
/// A password is kept as a digest with a key of this process. It counts only while the user has the credential that it was right for.
struct CredentialCache {
    static let entryLimit = 4_096
    /// So long may a change pass unnoticed that another server has made.
    static let nanoseconds: UInt64 = 5_000_000_000

    private struct Entry {
        var record: UserRecord
        var readAt: UInt64
        /// Of the last password that was right.
        var digest: [UInt8] = []
    }

    private let key = secureRandomBytes(Digests.byteCount)
    private var entries: [String: Entry] = [:]

    /// nil: ask the database.
    func record(_ name: String, at now: UInt64) -> UserRecord? {
        guard let entry = entries[name], now - min(entry.readAt, now) < Self.nanoseconds else { return nil }
        return entry.record
    }

    mutating func note(_ record: UserRecord, at now: UInt64) {
        let name = record.user.name
        if entries.count >= Self.entryLimit, entries[name] == nil { entries.removeAll() }
        var entry = entries[name] ?? Entry(record: record, readAt: now)
        if entry.record.credential != record.credential { entry.digest = [] }
        (entry.record, entry.readAt) = (record, now)
        entries[name] = entry
    }

    mutating func forget(_ name: String) { entries[name] = nil }

    func hasAccepted(_ password: [UInt8], of name: String) -> Bool {
        guard let entry = entries[name], !entry.digest.isEmpty else { return false }
        return Digests.areEqual(entry.digest, Digests.hmac(key, password))
    }

    mutating func noteAccepted(_ password: [UInt8], of name: String) {
        entries[name]?.digest = Digests.hmac(key, password)
    }
}
