import TestInput

@testable import KeyValueStore

// `#expect` cannot capture spans, so tests use arrays.

extension SharedStore {
    func put(_ key: [UInt8], _ value: [UInt8]) -> PutOutcome { put(key: key.span.bytes, value: value.span.bytes) }
    func delete(_ key: [UInt8]) -> Bool { delete(key: key.span.bytes) }
    func get(_ key: [UInt8]) -> [UInt8]? {
        withValue(of: key.span.bytes) { value in value.withUnsafeBytes { Array($0) } }
    }
}

/// The same for a store in the order of hashes, with text.
extension StoreAccess {
    func get(_ key: String, now: Int64 = 0) -> String? {
        var text: String?
        _ = withBytes(key) { key in read(key, now: now) { text = String(decoding: $0.bytes, as: UTF8.self) } }
        return text
    }

    @discardableResult
    func set(_ key: String, _ value: String, deadline: Int64 = 0, now: Int64 = 0) -> EditOutcome {
        edit(key, value, now: now) { .replace($0, deadline: deadline) }
    }

    @discardableResult
    func edit(
        _ key: String, _ value: String = "", now: Int64 = 0, _ edit: (UnsafeRawBufferPointer) -> Edit
    ) -> EditOutcome {
        withBytes(key) { key in withBytes(value) { value in update(key, now: now) { _ in edit(value) } } }
    }

    func deadline(_ key: String, now: Int64 = 0) -> Int64? {
        var deadline: Int64?
        _ = withBytes(key) { key in read(key, now: now) { deadline = $0.deadline } }
        return deadline
    }

    @discardableResult
    func remove(_ key: String, now: Int64 = 0) -> Bool { withBytes(key) { remove($0, now: now) } }

    func watch(_ key: String, now: Int64 = 0) -> UInt64 { withBytes(key) { watch($0, now: now) } }
    func unwatch(_ key: String, since version: UInt64, now: Int64 = 0) -> Bool {
        withBytes(key) { unwatch($0, since: version, now: now) }
    }

    /// All keys, by one scan with this limit for each call.
    func keys(limit: Int, now: Int64 = 0) -> [String] {
        var (keys, cursor) = ([String](), UInt64(0))
        repeat {
            cursor = scan(from: cursor, limit: limit, now: now) { key, _ in
                keys.append(String(decoding: key, as: UTF8.self))
            }
        } while cursor != 0
        return keys
    }
}

func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes(body)
}

func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
