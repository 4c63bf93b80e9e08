public enum WriteOperation: UInt8, Sendable {
    case put = 1
    case delete = 2
}

/// What must be true of a key, or nothing is written.
public enum WriteCondition: Hashable, Sendable {
    case always
    case absent
    case present
    /// The key has this version, which is above 0.
    case version(UInt64)
}

/// A write without its key and value.
public struct WriteRule: Hashable, Sendable {
    public var operation: WriteOperation
    public var condition: WriteCondition
    /// Of a put; 0: the key does not expire.
    public var timeToLiveMilliseconds: UInt64

    public init(_ operation: WriteOperation, if condition: WriteCondition = .always, timeToLiveMilliseconds: UInt64 = 0)
    {
        self.operation = operation
        self.condition = condition
        self.timeToLiveMilliseconds = timeToLiveMilliseconds
    }

    /// Nothing in it breaks a limit of the protocol.
    func allows(keyBytes: Int, valueBytes: Int) -> Bool {
        guard condition != .version(0), WireLimits.allows(keyBytes: keyBytes) else { return false }
        return switch operation {
        case .put: valueBytes <= WireLimits.valueBytes && WireLimits.allows(timeToLive: timeToLiveMilliseconds)
        case .delete: valueBytes == 0 && timeToLiveMilliseconds == 0
        }
    }
}

/// One conditional put or delete, as a client asks for it.
public struct Write: Equatable, Sendable {
    public let rule: WriteRule
    public let key: [UInt8]
    public let value: [UInt8]

    public static func put(
        _ key: [UInt8], _ value: [UInt8], if condition: WriteCondition = .always, timeToLiveMilliseconds: UInt64 = 0
    ) -> Write {
        Write(
            rule: WriteRule(.put, if: condition, timeToLiveMilliseconds: timeToLiveMilliseconds), key: key, value: value
        )
    }

    public static func delete(_ key: [UInt8], if condition: WriteCondition = .always) -> Write {
        Write(rule: WriteRule(.delete, if: condition), key: key, value: [])
    }

    var payloadBytes: Int { WriteRequest.fixedBytes + key.count + value.count }
}

extension WireLimits {
    static func allows(timeToLive milliseconds: UInt64) -> Bool {
        milliseconds <= UInt64(longestTimeToLiveMilliseconds)
    }
}
