import BinaryWire
import KeyValueStore
import MartletKit

/// The operations on one key.
extension Exchange {
    private enum Found {
        case placed(UnsafeMutableRawBufferPointer, valueBytes: Int)
        case tooLarge
        case noMemory
    }

    func get(_ keyRange: Range<Int>, _ input: Span<UInt8>) -> HostResult {
        let key = input.extracting(keyRange)
        switch connection.plugin.withStore({ $0.withValue(of: key.bytes, place) }) {
        case nil:
            return send(.get, key, WireLimits.headerBytes + 4) {
                FrameEncoder.getAnswerNotFound(requestID: requestID, into: &$0)
            }
        case .placed(let memory, let valueBytes): return finishGet(memory, valueBytes, key)
        case .tooLarge: return fail(.answerTooLarge, .get, key)
        case .noMemory: return connection.giveUp()
        }
    }

    /// Copies a value to its place in the answer. Runs while the store is locked.
    private func place(_ value: RawSpan) -> Found {
        let byteCount = GetAnswerWriter.answerBytes(valueBytes: value.byteCount)
        guard byteCount - WireLimits.headerBytes <= clientMaximumPayload else { return .tooLarge }
        guard let memory = connection.reserve(byteCount) else { return .noMemory }
        var output = memory.mutableBytes
        guard GetAnswerWriter.place(value: value, into: &output) else { return .noMemory }
        return .placed(memory, valueBytes: value.byteCount)
    }

    private func finishGet(
        _ memory: UnsafeMutableRawBufferPointer, _ valueBytes: Int, _ key: Span<UInt8>
    ) -> HostResult {
        var output = memory.mutableBytes
        guard
            case .written(let byteCount) = GetAnswerWriter.finish(
                valueBytes: valueBytes, requestID: requestID, into: &output)
        else { return connection.giveUp() }
        let result = connection.commit(byteCount)
        count(.get, key, byteCount)
        return result
    }

    func put(_ put: PutRequest, _ input: Span<UInt8>) -> HostResult {
        let key = input.extracting(put.key)
        guard put.value.count <= connection.plugin.options.maximumValueBytes else {
            return fail(.valueTooLarge, .put, key)
        }
        let outcome = connection.plugin.withStore { store in
            store.put(key: key.bytes, value: input.bytes.extracting(put.value))
        }
        switch outcome {
        case .created, .replaced:
            return send(.put, key, WireLimits.headerBytes + 4) {
                FrameEncoder.putAnswer(created: outcome == .created, requestID: requestID, into: &$0)
            }
        case .full: return fail(.storeFull, .put, key)
        case .noMemory: return fail(.internalError, .put, key)
        }
    }

    func delete(_ keyRange: Range<Int>, _ input: Span<UInt8>) -> HostResult {
        let key = input.extracting(keyRange)
        let existed = connection.plugin.withStore { $0.delete(key: key.bytes) }
        return send(.delete, key, WireLimits.headerBytes + 4) {
            FrameEncoder.deleteAnswer(existed: existed, requestID: requestID, into: &$0)
        }
    }
}
