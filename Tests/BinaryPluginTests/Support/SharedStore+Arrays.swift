@testable import BinaryPlugin

// `#expect` cannot capture spans, so tests use arrays.

extension SharedStore {
    func put(_ key: [UInt8], _ value: [UInt8]) -> PutOutcome { put(key: key.span.bytes, value: value.span.bytes) }
    func delete(_ key: [UInt8]) -> Bool { delete(key: key.span.bytes) }
    func get(_ key: [UInt8]) -> [UInt8]? {
        withValue(of: key.span.bytes) { value in value.withUnsafeBytes { Array($0) } }
    }
}
