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
            connection.withStore { $0.write(storeWrite(write, bytes), now: { now() }) }
        }
        let result: StoreResult =
            switch outcome {
            case .done(let existed, let version):
                .write(WriteAnswer(isDone: true, existed: existed, version: version))
            case .notMet(let version): .write(WriteAnswer(isDone: false, existed: version > 0, version: version))
            case .full: .failed(.storeFull)
            case .noMemory: .failed(.internalError)
            }
        return send(result, .write, key)
    }

    func batch(_ batch: BatchRequest, _ input: Span<UInt8>) -> HostResult {
        var writes: [StoreWrite] = []
        writes.reserveCapacity(batch.count)
        let largest = connection.plugin.options.maximumValueBytes
        let outcome: BatchOutcome? = input.withUnsafeBytes { bytes in
            var cursor = batch.writes
            while let write = cursor.next(in: bytes.bytes) {
                guard write.value.count <= largest else { return nil }
                writes.append(storeWrite(write, bytes))
            }
            return connection.withStore { $0.batch(writes, now: { now() }) }
        }
        let result: StoreResult =
            switch outcome {
            case .done(let versions): .batch(versions: versions)
            case .notMet(let index, let version): .batchNotMet(index: index, version: version)
            case .full: .failed(.storeFull)
            case .noMemory: .failed(.internalError)
            case nil: .failed(.valueTooLarge)
            }
        return send(result, .batch, Span())
    }

    private func storeWrite(_ write: WriteRequest, _ bytes: UnsafeRawBufferPointer) -> StoreWrite {
        let condition: StoreCondition =
            switch write.condition {
            case .always: .always
            case .absent: .absent
            case .present: .present
            case .version(let version): .version(version)
            }
        let timeToLive = Int64(clamping: write.timeToLiveMilliseconds)
        return StoreWrite(
            key: UnsafeRawBufferPointer(rebasing: bytes[write.key]),
            value: write.operation == .put ? UnsafeRawBufferPointer(rebasing: bytes[write.value]) : nil,
            if: condition, deadline: timeToLive == 0 ? 0 : now() + timeToLive)
    }

    /// Milliseconds since 1970.
    func now() -> Int64 { connection.wallClockMilliseconds }
}
