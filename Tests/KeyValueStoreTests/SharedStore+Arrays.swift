import TestInput

@testable import KeyValueStore

// `#expect` cannot capture spans, so tests use arrays.

extension SharedStore {
    func put(_ key: [UInt8], _ value: [UInt8], now: Int64 = 0) -> PutOutcome {
        put(key: key.span.bytes, value: value.span.bytes) { now }
    }
    func delete(_ key: [UInt8], now: Int64 = 0) -> Bool { delete(key: key.span.bytes) { now } }
    func get(_ key: [UInt8], now: Int64 = 0) -> [UInt8]? {
        let time = { now }
        return withValue(of: key.span.bytes, now: time) { value in value.withUnsafeBytes { Array($0) } }
    }

    /// nil: there is no such key.
    func entry(_ key: String, now: Int64 = 0) -> Entry? {
        let key = Array(key.utf8)
        let time = { now }
        return withValue(of: key.span.bytes, now: time) { value, version, deadline in
            Entry(
                value: value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }, version: version,
                deadline: deadline)
        }
    }

    struct Entry: Equatable {
        var value: String
        var version: UInt64
        var deadline: Int64
    }

    func keys(prefix: String = "", now: Int64 = 0) -> [String] {
        var keys: [String] = []
        let (prefix, time) = (Array(prefix.utf8), { now })
        _ = scan(prefix: prefix.span.bytes, startAfter: RawSpan(), now: time) { key, _ in
            keys.append(key.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
            return true
        }
        return keys
    }

    func write(_ write: TestWrite, now: Int64 = 0) -> WriteOutcome {
        write.withStoreWrite { self.write($0) { now } }
    }

    func batch(_ writes: [TestWrite], now: Int64 = 0) -> BatchOutcome {
        func prepare(_ index: Int, _ prepared: [StoreWrite]) -> BatchOutcome {
            guard index < writes.count else { return batch(prepared) { now } }
            return writes[index].withStoreWrite { prepare(index + 1, prepared + [$0]) }
        }
        return prepare(0, [])
    }
}

struct TestWrite {
    let key: String
    let value: String?
    let condition: StoreCondition
    let deadline: Int64

    static func put(
        _ key: String, _ value: String, if condition: StoreCondition = .always, deadline: Int64 = 0
    ) -> TestWrite {
        TestWrite(key: key, value: value, condition: condition, deadline: deadline)
    }

    static func delete(_ key: String, if condition: StoreCondition = .always) -> TestWrite {
        TestWrite(key: key, value: nil, condition: condition, deadline: 0)
    }

    func withStoreWrite<Result>(_ body: (StoreWrite) -> Result) -> Result {
        withBytes(key) { key in
            guard let value else { return body(StoreWrite(key: key, value: nil, if: condition)) }
            return withBytes(value) { body(StoreWrite(key: key, value: $0, if: condition, deadline: deadline)) }
        }
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
