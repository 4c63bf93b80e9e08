import BinaryWire
import KeyValueStore
import MartletKit

/// Runs requests in the store in memory, at once. `StoreResult` and `ValueAnswer` make frames of what comes of them.
extension Exchange {
    func get(_ keyRange: Range<Int>, _ input: Span<UInt8>) -> HostResult {
        let key = input.extracting(keyRange)
        let answer = connection.withStore {
            $0.withValue(of: key.bytes, now: { now() }) { value in placeForGet(value) }
        }
        return finishGet(answer, key)
    }

    func read(_ keyRange: Range<Int>, _ input: Span<UInt8>) -> HostResult {
        let key = input.extracting(keyRange)
        let answer = connection.withStore {
            $0.withValue(of: key.bytes, now: { now() }) { value, version, deadline in
                (placeForRead(value), ValueDetails(version: version, deadline: deadline, now: { now() }))
            }
        }
        return finishRead(answer, key)
    }

    func put(_ put: PutRequest, _ input: Span<UInt8>) -> HostResult {
        let key = input.extracting(put.key)
        guard put.value.count <= connection.plugin.options.maximumValueBytes else {
            return fail(.valueTooLarge, .put, key)
        }
        let outcome = connection.withStore { store in
            store.put(key: key.bytes, value: input.bytes.extracting(put.value), now: { now() })
        }
        let result: StoreResult =
            switch outcome {
            case .created: .put(created: true)
            case .replaced: .put(created: false)
            case .full: .failed(.storeFull)
            case .noMemory: .failed(.internalError)
            }
        return send(result, .put, key)
    }

    func delete(_ keyRange: Range<Int>, _ input: Span<UInt8>) -> HostResult {
        let key = input.extracting(keyRange)
        let existed = connection.withStore { $0.delete(key: key.bytes, now: { now() }) }
        return send(.delete(existed: existed), .delete, key)
    }

    func write(_ write: WriteRequest, _ input: Span<UInt8>) -> HostResult {
        let key = input.extracting(write.key)
        guard write.value.count <= connection.plugin.options.maximumValueBytes else {
            return fail(.valueTooLarge, .write, key)
        }
        let outcome = input.withUnsafeBytes { bytes in
            connection.withStore { $0.write(StoreWrite(write, bytes, now: now()), now: { now() }) }
        }
        return send(StoreResult(outcome), .write, key)
    }

    func batch(_ batch: BatchRequest, _ input: Span<UInt8>) -> HostResult {
        var writes: [StoreWrite] = []
        writes.reserveCapacity(batch.count)
        let largest = connection.plugin.options.maximumValueBytes
        let outcome: BatchOutcome? = input.withUnsafeBytes { bytes in
            var cursor = batch.writes
            while let write = cursor.next(in: bytes.bytes) {
                guard write.value.count <= largest else { return nil }
                writes.append(StoreWrite(write, bytes, now: now()))
            }
            return connection.withStore { $0.batch(writes, now: { now() }) }
        }
        return send(outcome.map { StoreResult($0) } ?? .failed(.valueTooLarge), .batch, Span())
    }

    /// Milliseconds since 1970.
    func now() -> Int64 { connection.wallClockMilliseconds }
}

extension StoreWrite {
    /// - Parameters:
    ///   - bytes: what the ranges of the request index.
    ///   - now: milliseconds since 1970.
    init(_ write: WriteRequest, _ bytes: UnsafeRawBufferPointer, now: Int64) {
        let condition: StoreCondition =
            switch write.condition {
            case .always: .always
            case .absent: .absent
            case .present: .present
            case .version(let version): .version(version)
            }
        let timeToLive = Int64(clamping: write.timeToLiveMilliseconds)
        self.init(
            key: UnsafeRawBufferPointer(rebasing: bytes[write.key]),
            value: write.operation == .put ? UnsafeRawBufferPointer(rebasing: bytes[write.value]) : nil,
            if: condition, deadline: timeToLive == 0 ? 0 : now + timeToLive)
    }
}
