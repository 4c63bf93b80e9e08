/// A connection to a plugin that keeps keys. Used by one thread at a time.
protocol StoreClient: AnyObject {
    func get(_ key: [UInt8]) throws -> [UInt8]?
    /// - Parameter milliseconds: how long the key lives; 0: for ever.
    func set(_ key: [UInt8], _ value: [UInt8], milliseconds: Int) throws
    /// Whether the key was there.
    func remove(_ key: [UInt8]) throws -> Bool
    /// Writes both keys of a pair, or none.
    func set(_ pair: Pair, _ value: [UInt8]) throws
    /// The values of both keys at one moment.
    func get(_ pair: Pair) throws -> [[UInt8]?]
    /// Writes what `change` makes of the value, unless another client has changed it since. False: one has.
    func replace(_ key: [UInt8], _ change: ([UInt8]?) -> [UInt8]) throws -> Bool
}

extension StoreClient {
    func set(_ key: String, _ value: String) throws { try set(Array(key.utf8), Array(value.utf8), milliseconds: 0) }

    func get(_ key: String) throws -> String? {
        try get(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Adds 1 to a number, however often others are faster. Returns how often that was.
    func increment(_ key: String) throws -> Int {
        var lost = 0
        while try !replace(
            Array(key.utf8),
            { old in
                let number = old.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
                return Array(String(number + 1).utf8)
            })
        { lost += 1 }
        return lost
    }
}

/// Two keys that are always written together.
struct Pair: Hashable, Sendable {
    let name: String

    init(_ name: String) { self.name = name }

    var prefix: [UInt8] { Array("\(name)/".utf8) }
    var keys: [[UInt8]] { [Array("\(name)/a".utf8), Array("\(name)/b".utf8)] }
}

/// The server has answered with an error. The connection goes on.
struct StoreError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

enum StorePlugin: String, CaseIterable, Sendable {
    case binary, resp

    var library: String { self == .binary ? "BinaryPlugin" : "RESPPlugin" }

    func connect(to address: ServerAddress) throws -> any StoreClient {
        switch self {
        case .binary: try BinaryStoreClient(address)
        case .resp: try RESPStoreClient(address)
        }
    }
}
