import BinaryWire
import MartletKit

/// The answer to a get or a read. It is built in two steps, wherever the value comes from: `place` copies the value to its place in the
/// frame, in memory while the store is locked, and `finish` computes the checks and sends it.
enum ValueAnswer {
    case placed(UnsafeMutableRawBufferPointer, valueBytes: Int)
    case tooLarge
    case noMemory
}

/// What a read says besides the value.
struct ValueDetails {
    let version: UInt64
    /// 0: the key does not expire.
    let timeToLiveMilliseconds: UInt64

    /// - Parameters:
    ///   - deadline: in milliseconds since 1970, after `now`; 0: never.
    init(version: UInt64, deadline: Int64, now: () -> Int64) {
        self.version = version
        timeToLiveMilliseconds = deadline == 0 ? 0 : UInt64(max(deadline - now(), 1))
    }
}

extension Exchange {
    func placeForGet(_ value: RawSpan) -> ValueAnswer {
        place(value.byteCount, GetAnswerWriter.answerBytes(valueBytes: value.byteCount)) {
            GetAnswerWriter.place(value: value, into: &$0)
        }
    }

    func placeForRead(_ value: RawSpan) -> ValueAnswer {
        place(value.byteCount, ReadAnswerWriter.answerBytes(valueBytes: value.byteCount)) {
            ReadAnswerWriter.place(value: value, into: &$0)
        }
    }

    @inline(__always)
    private func place(
        _ valueBytes: Int, _ byteCount: Int, _ write: (inout MutableRawSpan) -> Bool
    ) -> ValueAnswer {
        guard byteCount - WireLimits.headerBytes <= clientMaximumPayload else { return .tooLarge }
        guard let memory = connection.reserve(byteCount) else { return .noMemory }
        var output = memory.mutableBytes
        guard write(&output) else { return .noMemory }
        return .placed(memory, valueBytes: valueBytes)
    }

    /// - Parameter answer: nil: there is no such key.
    func finishGet(_ answer: ValueAnswer?, _ key: Span<UInt8>) -> HostResult {
        guard let answer else {
            return send(.get, key, WireLimits.headerBytes + 4) {
                FrameEncoder.getAnswerNotFound(requestID: requestID, into: &$0)
            }
        }
        return finish(answer, .get, key) { valueBytes, output in
            GetAnswerWriter.finish(valueBytes: valueBytes, requestID: requestID, into: &output)
        }
    }

    func finishRead(_ answer: (ValueAnswer, ValueDetails)?, _ key: Span<UInt8>) -> HostResult {
        guard let (answer, details) = answer else {
            return send(.read, key, WireLimits.headerBytes + 24) {
                FrameEncoder.readAnswerNotFound(requestID: requestID, into: &$0)
            }
        }
        return finish(answer, .read, key) { valueBytes, output in
            ReadAnswerWriter.finish(
                valueBytes: valueBytes, version: details.version,
                timeToLiveMilliseconds: details.timeToLiveMilliseconds, requestID: requestID, into: &output)
        }
    }

    @inline(__always)
    private func finish(
        _ answer: ValueAnswer, _ opcode: Opcode, _ key: Span<UInt8>,
        _ write: (Int, inout MutableRawSpan) -> Encoded
    ) -> HostResult {
        switch answer {
        case .placed(let memory, let valueBytes):
            var output = memory.mutableBytes
            guard case .written(let byteCount) = write(valueBytes, &output) else { return connection.giveUp() }
            let result = connection.commit(byteCount)
            count(opcode, key, byteCount)
            return result
        case .tooLarge: return fail(.answerTooLarge, opcode, key)
        case .noMemory: return connection.giveUp()
        }
    }
}
