/// What must be true of a key, or nothing is written.
package enum StoreCondition: Equatable, Sendable {
    case always, absent, present
    case version(UInt64)

    func isMet(by record: Record?) -> Bool {
        switch self {
        case .always: true
        case .absent: record == nil
        case .present: record != nil
        case .version(let version): record?.version == version
        }
    }

    /// - Parameter version: of the key; 0: there is none.
    func isMet(by version: UInt64) -> Bool {
        switch self {
        case .always: true
        case .absent: version == 0
        case .present: version != 0
        case .version(let expected): version == expected
        }
    }
}

/// A conditional put or delete, for a store with versions. The pointers are valid as long as the write is.
package struct StoreWrite {
    package let key: UnsafeRawBufferPointer
    /// nil: a delete.
    package let value: UnsafeRawBufferPointer?
    package let condition: StoreCondition
    /// Of a put, in milliseconds since 1970; 0: never.
    package let deadline: Int64

    package init(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, if condition: StoreCondition = .always,
        deadline: Int64 = 0
    ) {
        self.key = key
        self.value = value
        self.condition = condition
        self.deadline = deadline
    }
}

package enum WriteOutcome: Equatable, Sendable {
    /// - Parameters:
    ///   - existed: the key existed before.
    ///   - version: of a put the new one, of a delete 0.
    case done(existed: Bool, version: UInt64)
    /// Nothing has changed. The version is the one that the key has; 0: there is no such key.
    case notMet(version: UInt64)
    case full, noMemory
}

package enum BatchOutcome: Equatable, Sendable {
    /// The versions as of single writes.
    case done(versions: [UInt64])
    /// Nothing has changed.
    case notMet(index: Int, version: UInt64)
    case full, noMemory
}
